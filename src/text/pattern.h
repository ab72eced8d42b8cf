#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ditto::text {

/// What a Replace or Split step looks for: a string, or a regular expression. Expressions are
/// Oniguruma's, as the reference takes them; PCRE2 matches them, with \p{L}, \p{N} and \s as
/// Oniguruma has them (Unicode 16).
class Pattern {
 public:
  static Pattern literal(std::string text);
  /// Throws Error(kInput), prefixed with `where`.
  static Pattern expression(const std::string& text, const std::string& where);

  /// Begin and end of each match, in order, none overlapping; empty ones are left out.
  std::vector<std::pair<std::size_t, std::size_t>> matches(std::string_view text) const;

 private:
  struct Compiled;
  std::string literal_;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace ditto::text
