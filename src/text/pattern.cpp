#include "text/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <iterator>

#include "ditto/core/error.h"

namespace ditto::text {

namespace {

// Letters and numbers that Unicode has since versions 15 and 16, in a class of PCRE2. The reference
// (Oniguruma) knows them; PCRE2 does from 10.45 on.
constexpr std::string_view kNewLetters =
    R"(\x{1c89}-\x{1c8a}\x{a7cb}-\x{a7cd}\x{a7da}-\x{a7dc}\x{105c0}-\x{105f3})"
    R"(\x{10d4a}-\x{10d65}\x{10d6f}-\x{10d85}\x{10ec2}-\x{10ec4}\x{1123f}-\x{11240})"
    R"(\x{11380}-\x{11389}\x{1138b}\x{1138e}\x{11390}-\x{113b5}\x{113b7}\x{113d1}\x{113d3})"
    R"(\x{11bc0}-\x{11be0}\x{11f02}\x{11f04}-\x{11f10}\x{11f12}-\x{11f33}\x{1342f})"
    R"(\x{13441}-\x{13446}\x{13460}-\x{143fa}\x{16100}-\x{1611d}\x{16d40}-\x{16d6c}\x{18cff})"
    R"(\x{1b132}\x{1b155}\x{1df25}-\x{1df2a}\x{1e030}-\x{1e06d}\x{1e4d0}-\x{1e4eb})"
    R"(\x{1e5d0}-\x{1e5ed}\x{1e5f0}\x{2b739}\x{2ebf0}-\x{2ee5d}\x{31350}-\x{323af})";
constexpr std::string_view kNewNumbers =
    R"(\x{10d40}-\x{10d49}\x{116d0}-\x{116e3}\x{11bf0}-\x{11bf9}\x{11f50}-\x{11f59})"
    R"(\x{16130}-\x{16139}\x{16d70}-\x{16d79}\x{1ccf0}-\x{1ccf9}\x{1d2c0}-\x{1d2d3})"
    R"(\x{1e4f0}-\x{1e4f9}\x{1e5f1}-\x{1e5fa})";
/// White_Space. PCRE2's \s is that and U+180E, which was one until Unicode 6.3.
constexpr std::string_view kWhiteSpace = R"(\p{Z}\t-\r\x{85})";

/// What Oniguruma's expression is in PCRE2, for the classes that differ: \p{L}, \p{N} and \s, and
/// outside of brackets \P{L}, \P{N} and \S.
std::string for_pcre2(std::string_view expression) {
  struct Class {
    std::string_view from;
    std::string_view to;
    std::string_view more;
    bool negated;
  };
  static constexpr Class kClasses[] = {
      {R"(\p{L})", R"(\p{L})", kNewLetters, false},
      {R"(\P{L})", R"(\p{L})", kNewLetters, true},
      {R"(\p{N})", R"(\p{N})", kNewNumbers, false},
      {R"(\P{N})", R"(\p{N})", kNewNumbers, true},
      {R"(\s)", "", kWhiteSpace, false},
      {R"(\S)", "", kWhiteSpace, true},
  };
  std::string out;
  bool bracket = false;
  for (std::size_t i = 0; i < expression.size();) {
    const std::string_view rest = expression.substr(i);
    if (rest[0] != '\\') {
      if (rest[0] == '[' && !bracket) {
        bracket = true;
        // A bracket that closes at once would be a member.
        const std::size_t opening = rest.starts_with("[^]") ? 3 : rest.starts_with("[]") ? 2 : 1;
        out += rest.substr(0, opening);
        i += opening;
        continue;
      }
      if (rest[0] == ']') bracket = false;
      out += rest[0];
      ++i;
      continue;
    }
    const auto* known = std::find_if(std::begin(kClasses), std::end(kClasses), [&](const Class& c) {
      return rest.starts_with(c.from) && !(bracket && c.negated);
    });
    if (known == std::end(kClasses)) {
      out += rest.substr(0, 2);
      i += std::min<std::size_t>(2, rest.size());
      continue;
    }
    if (!bracket) out += known->negated ? "[^" : "[";
    out += known->to;
    out += known->more;
    if (!bracket) out += ']';
    i += known->from.size();
  }
  return out;
}

}  // namespace

struct Pattern::Compiled {
  pcre2_code* code = nullptr;
  explicit Compiled(pcre2_code* compiled) : code(compiled) {}
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() { pcre2_code_free(code); }
};

Pattern Pattern::literal(std::string text) {
  Pattern pattern;
  pattern.literal_ = std::move(text);
  return pattern;
}

Pattern Pattern::expression(const std::string& text, const std::string& where) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::string translated = for_pcre2(text);
  pcre2_code* code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  if (code == nullptr) {
    PCRE2_UCHAR message[160] = {};
    pcre2_get_error_message(error, message, sizeof message);
    // As it stands in the file; the offset would be one in the translation.
    throw Error(ErrorKind::kInput, fmt::format("{}: the expression '{}' is wrong: {}", where, text,
                                               reinterpret_cast<const char*>(message)));
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  Pattern pattern;
  pattern.compiled_ = std::make_shared<const Compiled>(code);
  return pattern;
}

std::vector<std::pair<std::size_t, std::size_t>> Pattern::matches(std::string_view text) const {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  if (!compiled_) {
    if (literal_.empty()) return found;
    for (std::size_t at = text.find(literal_); at != std::string_view::npos;
         at = text.find(literal_, at + literal_.size())) {
      found.emplace_back(at, at + literal_.size());
    }
    return found;
  }
  const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> data(
      pcre2_match_data_create_from_pattern(compiled_->code, nullptr), pcre2_match_data_free);
  for (std::size_t at = 0; at < text.size();) {
    const int count = pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(text.data()),
                                  text.size(), at, PCRE2_NO_UTF_CHECK, data.get(), nullptr);
    if (count == PCRE2_ERROR_NOMATCH) break;
    if (count < 0) {
      throw Error(ErrorKind::kInput, fmt::format("matching an expression failed ({})", count));
    }
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
    if (ends[1] > ends[0]) {
      found.emplace_back(ends[0], ends[1]);
      at = ends[1];
    } else {
      // An empty match: on by one character.
      do {
        ++at;
      } while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U);
    }
  }
  return found;
}

}  // namespace ditto::text
