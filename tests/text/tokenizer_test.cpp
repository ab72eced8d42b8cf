#include "ditto/text/tokenizer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::text {
namespace {

namespace fs = std::filesystem;

const fs::path kPieces = DITTO_FIXTURES "/tokenizer-spiece";
const fs::path kSteps = DITTO_FIXTURES "/tokenizer-json";

class TokenizerTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const char* name, std::string_view bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  /// What opening the folder says.
  std::string complaint() const {
    try {
      Tokenizer::open(folder_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return error.what();
    }
    return "";
  }

  const fs::path folder_ =
      fs::temp_directory_path() / ("ditto-tokenizer-" + std::to_string(::getpid()));
};

TEST_F(TokenizerTest, AddsTheEndAndLeavesItOut) {
  const Tokenizer tokenizer = Tokenizer::open(kPieces);
  const auto with = tokenizer.encode("green river");
  auto without = tokenizer.encode("green river", false);
  EXPECT_EQ(with.back(), tokenizer.id("</s>"));
  without.push_back(with.back());
  EXPECT_EQ(with, without);
  EXPECT_EQ(tokenizer.decode(with, true), "green river");
  EXPECT_EQ(tokenizer.pad_id(), 0);
}

TEST_F(TokenizerTest, TakesBytesThatAreNoUtf8) {
  const Tokenizer tokenizer = Tokenizer::open(kPieces);
  EXPECT_EQ(tokenizer.encode("green \xC3\x28 \xF0\x9F"), tokenizer.encode("green \uFFFD( \uFFFD"));
}

TEST_F(TokenizerTest, RefusesAnIdOutsideOfTheVocabulary) {
  const Tokenizer tokenizer = Tokenizer::open(kPieces);
  EXPECT_THROW(tokenizer.decode({1 << 20}), Error);
  EXPECT_THROW(tokenizer.decode({-1}), Error);
}

TEST_F(TokenizerTest, NamesWhatIsWrong) {
  EXPECT_NE(complaint().find("no tokenizer here"), std::string::npos);
  put("tokenizer.json", "{\"model\": {\"type\": \"WordPiece\"}}");
  EXPECT_NE(complaint().find("\"WordPiece\" is not supported"), std::string::npos);
  put("tokenizer.json", "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\"]]}}");
  EXPECT_NE(complaint().find("entry 0 of 'model.vocab'"), std::string::npos);
  put("tokenizer.json",
      "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0.5]], \"unk_id\": 7}}");
  EXPECT_NE(complaint().find("outside of the vocabulary"), std::string::npos);
  put("tokenizer.json",
      "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0.5]]}, \"normalizer\": "
      "{\"type\": \"BertNormalizer\"}}");
  EXPECT_NE(complaint().find("normalizer 'BertNormalizer' is not supported"), std::string::npos);
  put("tokenizer.json", "[");
  EXPECT_NE(complaint().find("no JSON object"), std::string::npos);
}

TEST_F(TokenizerTest, SaysWhenACharacterHasNoId) {
  put("tokenizer.json", "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0.5]]}}");
  const Tokenizer tokenizer = Tokenizer::open(folder_);
  EXPECT_EQ(tokenizer.encode("aa"), (std::vector<std::int64_t>{0, 0}));
  EXPECT_THROW(tokenizer.encode("ab"), Error);
  EXPECT_THROW(tokenizer.pad_id(), Error);
}

TEST_F(TokenizerTest, SurvivesDamagedFiles) {
  const std::string model = read_file(kPieces / "spiece.model");
  std::mt19937 random(3);
  const auto any = [&](std::size_t below) { return random() % below; };
  for (int round = 0; round < 300; ++round) {
    // Mostly in the pieces at the start, and the trie's size that follows them.
    std::string damaged = model;
    for (int i = 0; i < 3; ++i) {
      damaged[any(round % 2 == 0 ? 4000 : damaged.size())] = static_cast<char>(any(256));
    }
    if (round % 3 == 0) damaged.resize(any(damaged.size()));
    put("spiece.model", damaged);
    try {
      const Tokenizer tokenizer = Tokenizer::open(folder_);
      for (const char* text : {"green river", "\u00BD \uFB01 \u65E5\u672C e\u0301"}) {
        tokenizer.decode(tokenizer.encode(text));
      }
    } catch (const Error&) {
      continue;
    }
  }
}

TEST_F(TokenizerTest, OpensBothKinds) {
  EXPECT_TRUE(Tokenizer::found_in(kPieces));
  EXPECT_TRUE(Tokenizer::found_in(kSteps));
  EXPECT_FALSE(Tokenizer::found_in(folder_));
}

}  // namespace
}  // namespace ditto::text
