#include "ditto/text/byte_vocabulary.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/text/tokenizer.h"

namespace ditto::text {
namespace {

TEST(ByteVocabularyTest, OrdersTokensAndKnowsWhatNeighboursShare) {
  const ByteVocabulary vocabulary({"ab", "", "b", "a", "abc", std::string(40, 'x')});
  EXPECT_EQ(vocabulary.sorted(), (std::vector<std::int64_t>{3, 0, 4, 2}));
  EXPECT_EQ(vocabulary.common(), (std::vector<std::size_t>{0, 1, 2, 0}));
  EXPECT_TRUE(vocabulary.has_byte('a'));
  EXPECT_FALSE(vocabulary.has_byte('c'));
  EXPECT_EQ(vocabulary.text({4, 1, 99, 2}), "abcb");
}

TEST(ByteVocabularyTest, ATokenizersBytesAreWhatItDecodes) {
  const std::filesystem::path fixtures = DITTO_FIXTURES;
  const Tokenizer tokenizer = Tokenizer::open(fixtures / "tokenizer-bpe");
  const std::string text =
      "Gr\xC3\xB6\xC3\x9F"
      "e 12 \xF0\x9F\x98\x80\n  x";
  const std::vector<std::int64_t> ids = tokenizer.encode(text);
  std::int64_t size = 0;
  for (const std::int64_t id : ids) size = std::max(size, id + 1);
  const std::int64_t special = tokenizer.id("<|im_end|>").value();
  size = std::max(size, special + 1);
  const ByteVocabulary vocabulary = ByteVocabulary::of(tokenizer, size + 5);
  EXPECT_EQ(vocabulary.size(), static_cast<std::size_t>(size + 5));
  EXPECT_EQ(vocabulary.text(ids), text);
  EXPECT_TRUE(vocabulary.bytes(special).empty());
  const Tokenizer pieces = Tokenizer::open(fixtures / "tokenizer-spiece");
  EXPECT_THROW(ByteVocabulary::of(pieces, 10), Error);
}

}  // namespace
}  // namespace ditto::text
