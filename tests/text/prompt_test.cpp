#include "ditto/text/prompt.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ditto/core/files.h"

namespace ditto::text {
namespace {

TEST(PromptTest, IsCleanedAsTheReferenceDoes) {
  const auto table = nlohmann::json::parse(read_file(DITTO_FIXTURES "/prompts.json"));
  ASSERT_GT(table.size(), 100U);
  for (const auto& line : table) {
    EXPECT_EQ(clean_prompt(line[0].get<std::string>()), line[1].get<std::string>()) << line[0];
  }
}

TEST(PromptTest, TakesInvalidBytes) { EXPECT_EQ(clean_prompt("a\xFF  b"), "a\xEF\xBF\xBD b"); }

TEST(PromptTest, UnescapesTheLongestKnownName) {
  EXPECT_EQ(unescape_html("&notit; &notin; &copy2"), "\u00ACit; \u2209 \u00A92");
  EXPECT_EQ(unescape_html("&#x41;&#66 &#0; &#1;&# &#xZ"), "AB \uFFFD &# &#xZ");
  EXPECT_EQ(unescape_html("a & b && &"), "a & b && &");
}

}  // namespace
}  // namespace ditto::text
