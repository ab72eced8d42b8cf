#include "text/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <utility>
#include <vector>

#include "ditto/core/error.h"

namespace ditto::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// The length of the valid sequence at `position`, or 0; `wrong` receives how many bytes the
/// maximal invalid part there has (Unicode 15, table 3-8).
std::size_t valid_sequence(std::string_view bytes, std::size_t position, std::size_t& wrong) {
  const auto at = [&](std::size_t i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U;
  };
  const unsigned lead = at(position);
  wrong = 1;
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (std::size_t i = 1; i < length; ++i) {
    if (position + i >= bytes.size() || at(position + i) < low || at(position + i) > high) {
      return 0;
    }
    wrong = i + 1;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

std::string mapped(std::string_view text, int options) {
  utf8proc_uint8_t* result = nullptr;
  const utf8proc_ssize_t size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                             static_cast<utf8proc_ssize_t>(text.size()), &result,
                                             static_cast<utf8proc_option_t>(options));
  if (size < 0) throw Error(ErrorKind::kInput, std::string("Unicode: ") + utf8proc_errmsg(size));
  std::string out(reinterpret_cast<const char*>(result), static_cast<std::size_t>(size));
  std::free(result);
  return out;
}

/// Combining marks, and the parts of a composition, that Unicode has since version 10. Hugging
/// Face's tokenizers normalise by version 9: to them these are characters like any other.
constexpr std::pair<utf8proc_int32_t, utf8proc_int32_t> kNewMarks[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},
    {0xC3C, 0xC3C},     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},
    {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},   {0xA82C, 0xA82C},   {0x10D24, 0x10D27},
    {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85},
    {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11930}, {0x11938, 0x11938}, {0x1193D, 0x1193E}, {0x11943, 0x11943},
    {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99},
    {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42},
    {0x16FF0, 0x16FF1}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE},
    {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF}};

/// What NFC has to know of each character.
class Composition {
 public:
  enum class Kind : std::uint8_t {
    kStarts,  ///< stays as it is, and NFC may be computed for what is before it on its own
    kMoves,   ///< a combining mark, or composes with what is before it, or has another form
    kAlone,   ///< what is behind it may be computed on its own, too
  };

  Composition() : kinds_(kCodes, Kind::kStarts) {
    const auto moves = [&](utf8proc_int32_t code) {
      kinds_[static_cast<std::size_t>(code)] = Kind::kMoves;
    };
    utf8proc_int32_t parts[8];
    for (utf8proc_int32_t code = 0; code < kCodes; ++code) {
      const utf8proc_property_t* property = utf8proc_get_property(code);
      if (property->combining_class != 0) moves(code);
      if (property->decomp_seqindex == UINT16_MAX || property->decomp_type != 0) continue;
      int boundary = 0;
      const utf8proc_ssize_t count = utf8proc_decompose_char(
          code, parts, std::ssize(parts),
          static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE), &boundary);
      for (utf8proc_ssize_t i = 1; i < count; ++i) moves(parts[i]);
      std::string character;
      append(character, static_cast<char32_t>(code));
      if (mapped(character, kCompose) != character) moves(code);
    }
    // Vowels and finals of Hangul.
    for (utf8proc_int32_t code = 0x1161; code <= 0x1175; ++code) moves(code);
    for (utf8proc_int32_t code = 0x11A8; code <= 0x11C2; ++code) moves(code);
    for (const auto& [first, last] : kNewMarks) {
      for (utf8proc_int32_t code = first; code <= last; ++code) {
        kinds_[static_cast<std::size_t>(code)] = Kind::kAlone;
      }
    }
  }

  Kind operator()(char32_t code) const { return code < kCodes ? kinds_[code] : Kind::kStarts; }

  static constexpr int kCompose = UTF8PROC_STABLE | UTF8PROC_COMPOSE;

 private:
  static constexpr utf8proc_int32_t kCodes = 0x110000;
  std::vector<Kind> kinds_;
};

/// NFC, fast where most of the text is in that form.
std::string composed(std::string_view text) {
  using Kind = Composition::Kind;
  constexpr unsigned char kFirstMark = 0xCC;  ///< leads U+0300; all before that starts
  const auto may_move = [](char c) { return static_cast<unsigned char>(c) >= kFirstMark; };
  if (std::none_of(text.begin(), text.end(), may_move)) return std::string(text);
  static const Composition kind_of;
  std::string out;
  out.reserve(text.size());
  std::size_t done = 0;
  std::size_t start = 0;  // of what a character that moves belongs to
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t here = i;
    const Kind kind = kind_of(next_character(text, i));
    if (kind != Kind::kMoves) {
      start = kind == Kind::kStarts ? here : i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size()) {
      std::size_t next = end;
      if (kind_of(next_character(text, next)) != Kind::kMoves) break;
      end = next;
    }
    out += text.substr(done, start - done);
    out += mapped(text.substr(start, end - start), Composition::kCompose);
    done = start = i = end;
  }
  out += text.substr(done);
  return out;
}

std::string each_mapped(std::string_view text, utf8proc_int32_t (*map)(utf8proc_int32_t),
                        char32_t special, std::string_view its_own) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const char32_t character = next_character(text, i);
    if (character == special) {
      out += its_own;
    } else {
      append(out, static_cast<char32_t>(map(static_cast<utf8proc_int32_t>(character))));
    }
  }
  return out;
}

}  // namespace

std::string valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  std::size_t done = 0;
  for (std::size_t i = 0; i < bytes.size();) {
    std::size_t wrong = 0;
    const std::size_t length = valid_sequence(bytes, i, wrong);
    if (length > 0) {
      i += length;
      continue;
    }
    out.append(bytes.substr(done, i - done));
    out.append(kReplacement);
    i += wrong;
    done = i;
  }
  out.append(bytes.substr(done));
  return out;
}

std::size_t unfinished_bytes(std::string_view bytes) {
  constexpr std::size_t kMost = 3;
  for (std::size_t count = 1; count <= std::min(kMost, bytes.size()); ++count) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - count]);
    if ((byte & 0xC0U) == 0x80U) continue;
    std::size_t wrong = 0;
    const bool lead = byte >= 0xC2 && byte <= 0xF4;
    const bool whole = valid_sequence(bytes, bytes.size() - count, wrong) > 0;
    return lead && !whole && wrong == count ? count : 0;
  }
  return 0;
}

std::size_t character_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

char32_t next_character(std::string_view text, std::size_t& position) {
  const std::size_t size = character_size(text[position]);
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[position + i]));
  };
  char32_t character = byte(0);
  if (size > 1) {
    character &= 0xFFU >> (size + 1);
    for (std::size_t i = 1; i < size; ++i) character = character << 6U | (byte(i) & 0x3FU);
  }
  position += size;
  return character;
}

void append(std::string& text, char32_t character) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(character), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

bool is_white_space(char32_t c) {
  return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_word_character(char32_t character) {
  if (character == 0x200C || character == 0x200D) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

std::string normalised(std::string_view text, NormalForm form) {
  if (form == NormalForm::kNfc) return composed(text);
  int options = UTF8PROC_STABLE;
  options |=
      form == NormalForm::kNfc || form == NormalForm::kNfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::kNfkc || form == NormalForm::kNfkd) options |= UTF8PROC_COMPAT;
  return mapped(text, options);
}

std::string lower_case(std::string_view text) {
  // The one character whose full lower case is two.
  return each_mapped(text, utf8proc_tolower, 0x130, "i\xCC\x87");
}

std::string upper_case(std::string_view text) {
  // Of the characters that HTML names, the one whose upper case is two.
  return each_mapped(text, utf8proc_toupper, 0xDF, "SS");
}

std::vector<std::string_view> graphemes(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t start = 0;
  utf8proc_int32_t before = -1;
  utf8proc_int32_t state = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t here = i;
    const auto character = static_cast<utf8proc_int32_t>(next_character(text, i));
    if (before >= 0 && utf8proc_grapheme_break_stateful(before, character, &state)) {
      parts.push_back(text.substr(start, here - start));
      start = here;
    }
    before = character;
  }
  if (start < text.size()) parts.push_back(text.substr(start));
  return parts;
}

}  // namespace ditto::text
