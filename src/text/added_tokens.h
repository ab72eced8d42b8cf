#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ditto::text {

/// Tokens that are found in a text before anything else is done with it.
struct AddedToken {
  std::int64_t id = 0;
  std::string content;
  bool single_word = false;  ///< not inside of a word
  bool takes_left = false;   ///< with the white space before it (`lstrip`)
  bool takes_right = false;  ///< with the white space behind it (`rstrip`)
  bool normalized = false;   ///< found in the normalised text instead
  bool special = false;      ///< left out when decoding is told to
};

struct Segment {
  std::string_view text;
  std::optional<std::int64_t> token;  ///< the text's own id: it is an added token
};

class AddedTokens {
 public:
  /// Adds `token` unless its content is there already.
  void add(AddedToken token);
  const AddedToken* find(std::string_view content) const;
  const AddedToken* find(std::int64_t id) const;

  /// One more than the largest id; 0 without tokens.
  std::int64_t end_id() const;

  /// `text` cut at the tokens with this `normalized`: leftmost first, then the longest.
  std::vector<Segment> split(std::string_view text, bool normalized) const;

 private:
  const AddedToken* longest_at(std::string_view text, bool normalized) const;

  std::vector<AddedToken> tokens_;
  std::unordered_map<std::int64_t, std::size_t> by_id_;
  std::unordered_map<std::string, std::size_t> by_content_;
  std::array<std::vector<std::size_t>, 256> by_first_byte_;  ///< the longest first
};

}  // namespace ditto::text
