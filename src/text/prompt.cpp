#include "ditto/text/prompt.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "text/html_entities.h"
#include "text/pattern.h"
#include "text/unicode.h"

namespace ditto::text {
namespace {

/// Windows-1252 at 0x80 to 0x9F; what it leaves undefined stays the control character.
constexpr std::array<char16_t, 32> kWindows1252 = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178};

const std::map<std::string, std::string, std::less<>>& entities() {
  static const std::map<std::string, std::string, std::less<>> all = [] {
    std::map<std::string, std::string, std::less<>> table;
    std::string_view rest = kHtmlEntities;
    while (!rest.empty()) {
      const std::string_view entry = rest.substr(0, rest.find(' '));
      const std::size_t equals = entry.find('=');
      std::string characters;
      std::string_view codes = entry.substr(equals + 1);
      while (!codes.empty()) {
        const std::string_view code = codes.substr(0, codes.find(','));
        std::uint32_t value = 0;
        std::from_chars(code.data(), code.data() + code.size(), value, 16);
        append(characters, value);
        codes.remove_prefix(std::min(codes.size(), code.size() + 1));
      }
      table.emplace(entry.substr(0, equals), characters);
      rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    }
    return table;
  }();
  return all;
}

std::string ascii_case(std::string text, bool upper) {
  for (char& c : text) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

/// The character of a numeric reference by HTML's rules; nothing for one that HTML forbids.
std::string numbered(std::string_view digits, int base) {
  std::uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  std::string out;
  if (error != std::errc() || number == 0 || number > 0x10FFFF ||
      (number >= 0xD800 && number <= 0xDFFF)) {
    append(out, 0xFFFD);
  } else if (number >= 0x80 && number <= 0x9F) {
    append(out, kWindows1252[number - 0x80]);
  } else {
    const bool forbidden = number <= 0x8 || number == 0xB || (number >= 0xE && number <= 0x1F) ||
                           number == 0x7F || (number >= 0xFDD0 && number <= 0xFDEF) ||
                           (number & 0xFFFEU) == 0xFFFE;
    if (!forbidden) append(out, static_cast<char32_t>(number));
  }
  return out;
}

/// A reference "#..." at the start of `text` (behind the ampersand): its length and character.
std::pair<std::size_t, std::string> numeric_reference(std::string_view text) {
  const bool hexadecimal = text.size() > 1 && (text[1] == 'x' || text[1] == 'X');
  const std::size_t first = hexadecimal ? 2 : 1;
  std::size_t end = first;
  const auto is_digit = [&](char c) {
    return (c >= '0' && c <= '9') ||
           (hexadecimal && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
  };
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == first) return {0, ""};
  std::string character = numbered(text.substr(first, end - first), hexadecimal ? 16 : 10);
  if (end < text.size() && text[end] == ';') ++end;
  return {end, std::move(character)};
}

/// ftfy replaces only references with a semicolon, and knows names in capitals as those of
/// capital letters ("&NTILDE;").
std::string unescape_certain(const std::string& text) {
  static const Pattern reference = Pattern::expression("&#?[0-9A-Za-z]{1,24};", "prompt");
  std::string out;
  std::size_t last = 0;
  for (const auto& [begin, end] : reference.matches(text)) {
    out.append(text, last, begin - last);
    last = end;
    const std::string found = text.substr(begin, end - begin);
    std::string replaced = found;
    if (found[1] == '#') {
      const std::string unescaped = unescape_html(found);
      if (unescaped.find(';') == std::string::npos) replaced = unescaped;
    } else {
      const std::string name = found.substr(1);
      const std::string lower = ascii_case(name, false);
      if (const auto known = entities().find(name); known != entities().end()) {
        replaced = known->second;
      } else if (const auto small = entities().find(lower); small != entities().end() &&
                                                            name == ascii_case(name, true) &&
                                                            unescape_html(found) == found) {
        replaced = upper_case(small->second);
      }
    }
    out += replaced;
  }
  return out.append(text, last);
}

std::string_view ligature(char32_t c) {
  static constexpr std::pair<char32_t, std::string_view> kLigatures[] = {
      {0x132, "IJ"},       {0x133, "ij"},      {0x149, "\u02BCn"}, {0x1C4, "D\u017D"},
      {0x1C5, "D\u017E"},  {0x1C6, "d\u017E"}, {0x1C7, "LJ"},      {0x1C8, "Lj"},
      {0x1C9, "lj"},       {0x1CA, "NJ"},      {0x1CB, "Nj"},      {0x1CC, "nj"},
      {0x1F1, "DZ"},       {0x1F2, "Dz"},      {0x1F3, "dz"},      {0xFB00, "ff"},
      {0xFB01, "fi"},      {0xFB02, "fl"},     {0xFB03, "ffi"},    {0xFB04, "ffl"},
      {0xFB05, "\u017Ft"}, {0xFB06, "st"}};
  for (const auto& [character, letters] : kLigatures) {
    if (character == c) return letters;
  }
  return {};
}

bool is_unwanted_control(char32_t c) {
  return c <= 0x8 || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F ||
         (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

/// The steps of ftfy that look at one character at a time, in its order.
std::string fix_characters(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    char32_t c = next_character(text, i);
    if (c >= 0x80 && c <= 0x9F) c = kWindows1252[c - 0x80];
    if (const std::string_view letters = ligature(c); !letters.empty()) {
      for (std::size_t j = 0; j < letters.size();) {
        const char32_t letter = next_character(letters, j);
        append(out, letter == 0x2BC ? U'\'' : letter);
      }
      continue;
    }
    if (c == 0x3000) c = ' ';
    std::string wide;
    append(wide, c);
    if (c >= 0xFF01 && c <= 0xFFEF) wide = normalised(wide, NormalForm::kNfkc);
    for (std::size_t j = 0; j < wide.size();) {
      char32_t d = next_character(wide, j);
      if (d == 0x2BC || (d >= 0x2018 && d <= 0x201B)) d = '\'';
      if (d >= 0x201C && d <= 0x201F) d = '"';
      if (d == 0x2028 || d == 0x2029 || d == 0x85) d = '\n';
      append(out, d);
    }
  }
  return out;
}

std::string fix_line(const std::string& line, bool unescape) {
  static const Pattern escape = Pattern::expression("\x1B\\[[0-9;]*[a-zA-Z]", "prompt");
  std::string text = line;
  while (true) {
    const std::string before = text;
    if (unescape) text = unescape_certain(text);
    text = fix_characters(text);
    std::string without;
    std::size_t last = 0;
    for (const auto& [begin, end] : escape.matches(text)) {
      without.append(text, last, begin - last);
      last = end;
    }
    without.append(text, last);
    text.clear();
    for (std::size_t i = 0; i < without.size();) {
      const char32_t c = next_character(without, i);
      if (!is_unwanted_control(c)) append(text, c);
    }
    text = normalised(text, NormalForm::kNfc);
    if (text == before) return text;
  }
}

/// Line by line; from the first line with a "<" on, entities are left alone.
std::string fix_text(const std::string& text) {
  std::string out;
  bool unescape = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = text.find('\n', begin);
    const std::size_t end = newline == std::string::npos ? text.size() : newline + 1;
    const std::string line = text.substr(begin, end - begin);
    unescape = unescape && line.find('<') == std::string::npos;
    out += fix_line(line, unescape);
    begin = end;
  }
  return out;
}

std::string collapse_white_space(const std::string& text) {
  std::string out;
  bool wanted = false;
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = next_character(text, i);
    if (is_white_space(c)) {
      wanted = true;
      continue;
    }
    if (wanted && !out.empty()) out += ' ';
    wanted = false;
    append(out, c);
  }
  return out;
}

}  // namespace

std::string unescape_html(std::string_view text) {
  constexpr std::size_t kLongestName = 32;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '&') {
      out += text[i++];
      continue;
    }
    const std::string_view rest = text.substr(i + 1);
    if (rest.starts_with('#')) {
      const auto [length, character] = numeric_reference(rest);
      out += length > 0 ? character : "&";
      i += 1 + length;
      continue;
    }
    std::size_t length = 0;
    std::size_t characters = 0;
    while (length < rest.size() && characters < kLongestName &&
           std::string_view("\t\n\f <&#;").find(rest[length]) == std::string_view::npos) {
      length += character_size(rest[length]);
      ++characters;
    }
    std::size_t whole = length;
    if (length > 0 && length < rest.size() && rest[length] == ';') ++whole;
    std::size_t known = whole;
    auto entity = entities().find(rest.substr(0, known));
    while (entity == entities().end() && known > 2) {
      --known;
      entity = entities().find(rest.substr(0, known));
    }
    if (entity != entities().end()) {
      out += entity->second;
      i += 1 + known;
    } else {
      out += '&';
      ++i;
    }
  }
  return out;
}

std::string clean_prompt(std::string_view prompt) {
  return collapse_white_space(unescape_html(unescape_html(fix_text(valid_utf8(prompt)))));
}

}  // namespace ditto::text
