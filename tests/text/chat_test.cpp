#include "ditto/text/chat.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::text {
namespace {

TEST(ChatTest, WritesWhatTheProcessorWrites) {
  const auto table = nlohmann::json::parse(read_file(DITTO_FIXTURES "/chat.json"));
  ASSERT_GT(table.size(), 5U);
  for (const auto& row : table) {
    std::vector<ChatMessage> messages;
    for (const auto& message : row.at("messages")) {
      messages.push_back({message[0].get<std::string>(), {}});
      for (const auto& part : message[1]) {
        messages.back().parts.push_back(part[0] == "text"
                                            ? ChatPart::words(part[1].get<std::string>())
                                        : part[0] == "image" ? ChatPart::image(part[1].get<int>())
                                                             : ChatPart::video(part[1].get<int>()));
      }
    }
    const ChatOptions options = {.generation_prompt = row.at("generation_prompt").get<bool>(),
                                 .number_vision = row.at("number_vision").get<bool>()};
    EXPECT_EQ(qwen_chat(messages, options), row.at("text").get<std::string>());
  }
}

TEST(ChatTest, RefusesAPictureWithoutTokens) {
  EXPECT_THROW(qwen_chat({{"user", {ChatPart::image(0)}}}), Error);
}

}  // namespace
}  // namespace ditto::text
