#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ditto::text {

/// SentencePiece's table of character replacements (`precompiled_charsmap`: the size of a
/// double-array trie, the trie, and the replacements, each ended by a zero), applied as Hugging
/// Face's tokenizers do: a grapheme of less than six bytes as a whole when the trie knows one of
/// its beginnings, else character by character.
class Charsmap {
 public:
  /// Throws Error(kInput), prefixed with `where`, for bytes that are no such table.
  Charsmap(std::string bytes, const std::string& where);

  std::string operator()(std::string_view text) const;

 private:
  /// The replacement of the shortest known beginning of `text`; false when there is none.
  bool replacement(std::string_view text, std::string_view& out) const;

  std::vector<std::uint32_t> trie_;
  std::string replacements_;
};

}  // namespace ditto::text
