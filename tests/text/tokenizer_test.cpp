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
const fs::path kBytePairs = DITTO_FIXTURES "/tokenizer-bpe";

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

TEST_F(TokenizerTest, NamesWhatIsWrongInBytePairs) {
  const std::string bytes = R"("pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false})";
  const auto with = [&](const std::string& model, const std::string& steps) {
    put("tokenizer.json", "{\"model\": {\"type\": \"BPE\", " + model + "}, " + steps + "}");
    return complaint();
  };
  const std::string decoder = R"(, "decoder": {"type": "ByteLevel"})";
  const auto says = [](const std::string& text, const char* part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  EXPECT_EQ(with(R"("vocab": {"a": 0}, "merges": [])", bytes + decoder), "");
  says(with(R"("vocab": {"a": 0}, "merges": [])", bytes), "needs the decoder ByteLevel");
  says(with(R"("vocab": {"a": 0}, "merges": [])", "\"x\": 0" + decoder),
       "without the pre-tokenizer ByteLevel");
  says(with(R"("vocab": {"a": 0}, "merges": ["a b c"])", bytes + decoder),
       "entry 0 of 'model.merges' is no pair");
  says(with(R"("vocab": {"a": 0}, "merges": [["a", "b"]])", bytes + decoder), "'b' is in a merge");
  says(with(R"("vocab": {"a": -1}, "merges": [])", bytes + decoder), "'a' has no id");
  says(with(R"("vocab": {"a": 99999999}, "merges": [])", bytes + decoder), "the id 99999999");
  says(with(R"("vocab": {"a": 0}, "merges": [], "end_of_word_suffix": "</w>")", bytes + decoder),
       "'model.end_of_word_suffix' is not supported");
  says(with(R"("vocab": {"a": 0}, "merges": [], "dropout": 0.1)", bytes + decoder), "dropout");
  says(with(R"("vocab": {"a": 0}, "merges": [])",
            R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split",
                "pattern": {"Regex": "a"}, "behavior": "MergedWithNext"}]})" +
                decoder),
       "the behavior 'MergedWithNext' of a Split is not supported");
  fs::remove(folder_ / "tokenizer.json");
  put("vocab.json", R"({"a": 0, "b": 1, "ab": 2})");
  put("merges.txt", "#version: 0.2\na b\nab\n");
  says(complaint(), "merges.txt: line 3 is no pair of tokens");
  put("merges.txt", "#version: 0.2\r\na b\r\n");
  EXPECT_EQ(complaint(), "");
  put("tokenizer_config.json", R"({"tokenizer_class": "CLIPTokenizer"})");
  says(complaint(), "\"CLIPTokenizer\" is supported only with tokenizer.json");
  put("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "<x>"}}})");
  says(complaint(), "'x' of 'added_tokens_decoder' is no token");
}

TEST_F(TokenizerTest, GivesTokensThatOnlyTheConfigNamesAnId) {
  put("vocab.json", R"({"a": 0, "b": 1, "ab": 2})");
  put("merges.txt", "#version: 0.2\na b\n");
  put("tokenizer_config.json",
      R"({"tokenizer_class": "Qwen2Tokenizer", "eos_token": "b", "pad_token": {"content": "<pad>"},
          "unk_token": null, "additional_special_tokens": ["<x>"]})");
  const Tokenizer tokenizer = Tokenizer::open(folder_);
  EXPECT_EQ(tokenizer.pad_id(), 3);
  EXPECT_EQ(tokenizer.id("<x>"), 4);
  // "b" is special now, so that it is no part of a word any more.
  EXPECT_EQ(tokenizer.encode("ab<x>a"), (std::vector<std::int64_t>{0, 1, 4, 0}));
  EXPECT_EQ(tokenizer.decode({2, 1, 0}, true), "aba");
  // Qwen2Tokenizer's own, without a config.
  fs::remove(folder_ / "tokenizer_config.json");
  EXPECT_EQ(Tokenizer::open(folder_).id("<|endoftext|>"), 3);
  EXPECT_EQ(Tokenizer::open(folder_).pad_id(), 3);
}

TEST_F(TokenizerTest, SurvivesDamagedBytePairs) {
  const std::string file = read_file(kBytePairs / "tokenizer.json");
  fs::copy_file(kBytePairs / "tokenizer_config.json", folder_ / "tokenizer_config.json");
  std::mt19937 random(5);
  const auto any = [&](std::size_t below) { return random() % below; };
  for (int round = 0; round < 200; ++round) {
    std::string damaged = file;
    constexpr std::string_view kBytes = "0123456789\"{}[],: a\\x\xC3";
    for (int i = 0; i < 2; ++i) damaged[any(damaged.size())] = kBytes[any(kBytes.size())];
    if (round % 5 == 0) damaged.resize(any(damaged.size()));
    put("tokenizer.json", damaged);
    try {
      const Tokenizer tokenizer = Tokenizer::open(folder_);
      tokenizer.decode(tokenizer.encode("while it's raining <|im_end|> 日本語 \xFF"));
    } catch (const Error&) {
      continue;
    }
  }
}

TEST_F(TokenizerTest, OpensEachKind) {
  EXPECT_TRUE(Tokenizer::found_in(kPieces));
  EXPECT_TRUE(Tokenizer::found_in(kSteps));
  EXPECT_TRUE(Tokenizer::found_in(DITTO_FIXTURES "/tokenizer-merges"));
  EXPECT_FALSE(Tokenizer::found_in(folder_));
}

}  // namespace
}  // namespace ditto::text
