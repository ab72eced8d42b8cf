#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ditto::text {

class Tokenizer;

/// The bytes that each token of a byte-level vocabulary stands for.
class ByteVocabulary {
 public:
  /// By id; empty for special tokens and for ids without one.
  explicit ByteVocabulary(std::vector<std::string> tokens);
  /// Of the ids 0 to size - 1. Throws Error(kInput) for a tokenizer that isn't byte-level.
  static ByteVocabulary of(const Tokenizer& tokenizer, std::int64_t size);

  std::size_t size() const { return tokens_.size(); }
  /// Empty for an id outside of the vocabulary, too.
  std::string_view bytes(std::int64_t id) const;
  std::string text(const std::vector<std::int64_t>& ids) const;

  /// The ids of tokens of 1 to kLongest bytes, in the order of their bytes, so that those with a
  /// common beginning are neighbours.
  const std::vector<std::int64_t>& sorted() const { return sorted_; }
  /// Bytes that each of them has in common with the one before it.
  const std::vector<std::size_t>& common() const { return common_; }
  /// Whether there is a token of this byte alone.
  bool has_byte(unsigned char byte) const { return single_[byte]; }

  static constexpr std::size_t kLongest = 32;

 private:
  std::vector<std::string> tokens_;
  std::vector<std::int64_t> sorted_;
  std::vector<std::size_t> common_;
  std::vector<bool> single_;
};

}  // namespace ditto::text
