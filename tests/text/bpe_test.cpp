#include "text/bpe.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "ditto/core/error.h"
#include "ditto/text/tokenizer.h"
#include "text/byte_level.h"
#include "text/pattern.h"
#include "text/unicode.h"

namespace ditto::text {
namespace {

const std::filesystem::path kFixture = DITTO_FIXTURES "/tokenizer-bpe";

/// Letters a to d, and random merges of what there is.
struct Random {
  Bpe::Vocabulary vocabulary;
  Bpe::Merges merges;

  explicit Random(unsigned seed) {
    std::mt19937 random(seed);
    std::vector<std::string> tokens = {"a", "b", "c", "d"};
    for (std::size_t i = 0; i < tokens.size(); ++i) vocabulary[tokens[i]] = static_cast<int>(i);
    while (merges.size() < 60) {
      const std::string left = tokens[random() % tokens.size()];
      const std::string right = tokens[random() % tokens.size()];
      if (left.size() + right.size() > 9 || vocabulary.contains(left + right)) continue;
      vocabulary[left + right] = static_cast<int>(tokens.size());
      tokens.push_back(left + right);
      merges.emplace_back(left, right);
    }
  }

  /// By the definition: the merge of the lowest rank, at its leftmost place, again and again.
  std::vector<std::int64_t> encode(const std::string& word) const {
    std::vector<std::string> parts;
    for (const char c : word) parts.emplace_back(1, c);
    for (;;) {
      std::size_t best = merges.size();
      std::size_t place = 0;
      for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        for (std::size_t rank = 0; rank < best; ++rank) {
          if (merges[rank] != std::pair(parts[i], parts[i + 1])) continue;
          best = rank;
          place = i;
        }
      }
      if (best == merges.size()) break;
      parts[place] += parts[place + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(place) + 1);
    }
    std::vector<std::int64_t> ids;
    for (const std::string& part : parts) ids.push_back(vocabulary.at(part));
    return ids;
  }
};

std::string random_word(std::mt19937& random, std::size_t size, unsigned letters) {
  std::string word;
  for (std::size_t i = 0; i < size; ++i) word += static_cast<char>('a' + random() % letters);
  return word;
}

TEST(BpeTest, MergesByRankThenFromTheLeft) {
  std::mt19937 random(5);
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Random made(seed);
    const Bpe bpe(made.vocabulary, made.merges, {}, "test");
    BpeCache cache(bpe);
    // Longer than what is looked through, and than what is remembered.
    for (const std::size_t size : {1, 2, 7, 20, 63, 64, 65, 66, 130, 200}) {
      const std::string word = random_word(random, size, seed % 3 + 2);
      const std::vector<std::int64_t> expected = made.encode(word);
      std::vector<std::int64_t> ids;
      bpe.encode(word, ids);
      EXPECT_EQ(ids, expected) << word;
      for (int again = 0; again < 2; ++again) {
        ids.clear();
        cache.encode(word, 1 << 20, ids);
        EXPECT_EQ(ids, expected) << word;
      }
    }
  }
}

TEST(BpeTest, TakesLittleMoreThanLinearTime) {
  const Random made(3);
  const Bpe bpe(made.vocabulary, made.merges, {}, "test");
  std::mt19937 random(1);
  const std::string word = random_word(random, 1 << 20, 4);
  std::vector<std::int64_t> ids;
  const auto begin = std::chrono::steady_clock::now();
  bpe.encode(word, ids);
  // Some 0.3 s; a quadratic algorithm takes minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
  EXPECT_LT(ids.size(), word.size());
}

TEST(BpeTest, LeavesOutOrReplacesBytesWithoutAToken) {
  const Bpe::Vocabulary few = {{"a", 0}, {"b", 1}, {"ab", 2}, {"?", 3}};
  const Bpe::Merges merges = {{"a", "b"}};
  const auto ids_with = [&](const Bpe::Options& options) {
    std::vector<std::int64_t> ids;
    Bpe(few, merges, options, "test").encode("axybxa", ids);
    return ids;
  };
  EXPECT_EQ(ids_with({}), (std::vector<std::int64_t>{2, 0}));
  EXPECT_EQ(ids_with({.unknown = "?"}), (std::vector<std::int64_t>{0, 3, 3, 1, 3, 0}));
  EXPECT_EQ(ids_with({.unknown = "?", .fuse_unknown = true}),
            (std::vector<std::int64_t>{0, 3, 1, 3, 0}));
}

TEST(BpeTest, RefusesWhatIsNoVocabulary) {
  EXPECT_THROW(Bpe({}, {}, {}, "test"), Error);
  EXPECT_THROW(Bpe({{"a", -1}}, {}, {}, "test"), Error);
  EXPECT_THROW(Bpe({{"a", std::int64_t{1} << 40}}, {}, {}, "test"), Error);
  EXPECT_THROW(Bpe({{"a", 0}, {"ab", 1}}, {{"a", "b"}}, {}, "test"), Error);
  EXPECT_THROW(Bpe({{"a", 0}, {"b", 1}}, {{"a", "b"}}, {}, "test"), Error);
  EXPECT_THROW(Bpe({{"a", 0}}, {}, {.unknown = "?"}, "test"), Error);
}

TEST(ByteLevelTest, WritesEveryByteAsOneCharacter) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const std::string token = token_of_bytes(bytes);
  EXPECT_EQ(valid_utf8(token), token);
  EXPECT_EQ(bytes_of_token(token), bytes);
  EXPECT_EQ(token_of_bytes(" a\n"), "\u0120a\u010A");
  EXPECT_FALSE(bytes_of_token("a\u65E5").has_value());
}

TEST(StreamDecoderTest, NeverEndsWithinACharacter) {
  const Tokenizer tokenizer = Tokenizer::open(kFixture);
  std::mt19937 random(7);
  const std::string text = "\u65E5\u672C \U0001F469\u200D\U0001F469 \u0915\u093C<|im_end|>x";
  std::vector<std::vector<std::int64_t>> rows = {tokenizer.encode(text)};
  for (int i = 0; i < 300; ++i) {
    rows.emplace_back();
    for (int j = 0; j < 30; ++j) rows.back().push_back(static_cast<std::int64_t>(random() % 560));
  }
  for (const bool skip : {false, true}) {
    StreamDecoder stream(tokenizer, skip);
    for (const auto& row : rows) {
      std::string joined;
      for (const std::int64_t id : row) {
        const std::string piece = stream.push(id);
        EXPECT_EQ(valid_utf8(piece), piece);
        joined += piece;
      }
      joined += stream.finish();
      EXPECT_EQ(joined, tokenizer.decode(row, skip));
    }
  }
}

TEST(StreamDecoderTest, HoldsBackNoMoreThanAnUnfinishedCharacter) {
  const Tokenizer tokenizer = Tokenizer::open(kFixture);
  const auto byte = [&](char c) { return tokenizer.id(token_of_bytes({&c, 1})).value(); };
  StreamDecoder stream(tokenizer);
  EXPECT_EQ(stream.push(byte('\xE6')), "");
  EXPECT_EQ(stream.push(byte('\x97')), "");
  EXPECT_EQ(stream.push(byte('\xA5')), "\u65E5");
  EXPECT_EQ(stream.push(byte('\xF0')), "");
  EXPECT_EQ(stream.push(byte('a')), "\uFFFDa");
  EXPECT_EQ(stream.push(byte('\xFF')), "\uFFFD");
  EXPECT_EQ(stream.push(byte('\xE6')), "");
  EXPECT_THROW(stream.push(1 << 20), Error);
  EXPECT_EQ(stream.finish(), "\uFFFD");
  EXPECT_EQ(stream.finish(), "");
}

TEST(ByteLevelTest, GivesTheBytesOfATokenAlone) {
  const Tokenizer tokenizer = Tokenizer::open(kFixture);
  EXPECT_EQ(tokenizer.size(), 570);
  EXPECT_EQ(tokenizer.bytes(tokenizer.id("\u0120the").value()), " the");
  EXPECT_EQ(tokenizer.bytes(tokenizer.id("<tool_call>").value()), "<tool_call>");
  EXPECT_FALSE(tokenizer.bytes(tokenizer.id("<|im_end|>").value()).has_value());
  EXPECT_FALSE(tokenizer.bytes(-1).has_value());
  EXPECT_FALSE(tokenizer.bytes(tokenizer.size()).has_value());
  EXPECT_THROW(Tokenizer::open(DITTO_FIXTURES "/tokenizer-spiece").bytes(0), Error);
}

TEST(StreamDecoderTest, NeedsAByteLevelTokenizer) {
  EXPECT_THROW(StreamDecoder(Tokenizer::open(DITTO_FIXTURES "/tokenizer-spiece")), Error);
}

TEST(PatternTest, HasOniguruma16sClasses) {
  const auto pieces = [](const char* expression, std::string_view text) {
    std::vector<std::string> found;
    for (const auto& [begin, end] : Pattern::expression(expression, "test").matches(text)) {
      found.emplace_back(text.substr(begin, end - begin));
    }
    return found;
  };
  using Found = std::vector<std::string>;
  EXPECT_EQ(pieces(R"(\s+)", "a \u180E\u3000\u0085"), (Found{" ", "\u3000\u0085"}));
  EXPECT_EQ(pieces(R"(\S+)", "a \u180E"), (Found{"a", "\u180E"}));
  EXPECT_EQ(pieces(R"([^\s\p{L}]+)", "a1\u180E \U00031350-"), (Found{"1\u180E", "-"}));
  EXPECT_EQ(pieces(R"(\p{L}+)", "\u1C89b1"), (Found{"\u1C89b"}));
  EXPECT_EQ(pieces(R"(\P{N}+)", "a\U00010D40b"), (Found{"a", "b"}));
  EXPECT_EQ(pieces(R"([]\s]+)", "a] b"), (Found{"] "}));
  EXPECT_EQ(pieces(R"(\[\p{N}\])", "[1]"), (Found{"[1]"}));
}

TEST(PatternTest, AWrongExpressionIsShownAsItStandsInTheFile) {
  try {
    Pattern::expression(R"((\s+)", "tokenizer.json");
    ADD_FAILURE() << "taken";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(R"(tokenizer.json: the expression '(\s+' is wrong: )"),
              std::string::npos)
        << error.what();
  }
}

TEST(UnicodeTest, ComposesAPartAsItWouldTheWhole) {
  // Composing what NFD made of random text gives NFC: what is skipped must not matter. Marks that
  // came after Unicode 9 (as U+09FE and U+0C3C) are left out: NFD still knows them.
  std::mt19937 random(11);
  constexpr std::pair<char32_t, char32_t> kRanges[] = {
      {0x20, 0x7E},     {0xC0, 0x24F},    {0x300, 0x345},   {0x900, 0x9FD},    {0xA00, 0xC3B},
      {0x1100, 0x11FF}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0x1D15E, 0x1D1C0}};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 12; ++i) {
      const auto& [first, last] = kRanges[random() % std::size(kRanges)];
      append(text, first + static_cast<char32_t>(random() % (last - first + 1)));
    }
    const std::string composed = normalised(text, NormalForm::kNfc);
    EXPECT_EQ(composed, normalised(normalised(text, NormalForm::kNfd), NormalForm::kNfc));
    EXPECT_EQ(normalised(composed, NormalForm::kNfd), normalised(text, NormalForm::kNfd));
  }
  EXPECT_EQ(normalised("e\u0301 \u212B", NormalForm::kNfc), "\u00E9 \u00C5");
  // A mark of Unicode 13 doesn't move before one of a higher class.
  EXPECT_EQ(normalised("a\u0301\U0001193D\u0327\u0301", NormalForm::kNfc),
            "\u00E1\U0001193D\u0327\u0301");
}

}  // namespace
}  // namespace ditto::text
