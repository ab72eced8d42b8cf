#include "text/charsmap.h"

#include <cstring>

#include "ditto/core/error.h"
#include "text/unicode.h"

namespace ditto::text {
namespace {

/// The fields of a unit of a darts-clone double array.
bool has_leaf(std::uint32_t unit) { return (unit >> 8U & 1U) != 0; }
std::uint32_t value(std::uint32_t unit) { return unit & 0x7FFFFFFFU; }
std::uint32_t label(std::uint32_t unit) { return unit & 0x800000FFU; }
std::uint32_t offset(std::uint32_t unit) { return unit >> 10U << ((unit & 0x200U) >> 6U); }

}  // namespace

Charsmap::Charsmap(std::string bytes, const std::string& where) {
  std::uint32_t size = 0;
  if (bytes.size() >= sizeof size) std::memcpy(&size, bytes.data(), sizeof size);
  if (bytes.size() < sizeof size || size > bytes.size() - sizeof size || size % 4 != 0 ||
      size == 0) {
    throw Error(ErrorKind::kInput, where + ": the precompiled character map is damaged");
  }
  trie_.resize(size / 4);
  std::memcpy(trie_.data(), bytes.data() + sizeof size, size);
  replacements_ = bytes.substr(sizeof size + size);
}

bool Charsmap::replacement(std::string_view text, std::string_view& out) const {
  std::size_t node = offset(trie_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return false;
    node ^= byte;
    if (node >= trie_.size()) return false;
    const std::uint32_t unit = trie_[node];
    if (label(unit) != byte) return false;
    node ^= offset(unit);
    if (node >= trie_.size()) return false;
    if (!has_leaf(unit)) continue;
    const std::size_t start = value(trie_[node]);
    if (start >= replacements_.size()) return false;
    std::size_t end = replacements_.find('\0', start);
    if (end == std::string::npos) end = replacements_.size();
    out = std::string_view(replacements_).substr(start, end - start);
    return true;
  }
  return false;
}

std::string Charsmap::operator()(std::string_view text) const {
  constexpr std::size_t kWholeGrapheme = 6;
  std::string out;
  std::string_view found;
  for (const std::string_view grapheme : graphemes(text)) {
    if (grapheme.size() < kWholeGrapheme && replacement(grapheme, found)) {
      out += found;
      continue;
    }
    for (std::size_t i = 0; i < grapheme.size();) {
      const std::string_view character = grapheme.substr(i, character_size(grapheme[i]));
      out += replacement(character, found) ? found : character;
      i += character.size();
    }
  }
  return out;
}

}  // namespace ditto::text
