#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stages/edit/lexicon.h"
#include "stages/edit/program.h"

/// The parser's parts: phrases in a run of normalised words. Strings hold words with one blank
/// between them.
namespace ditto::stages::editing {

using Words = std::vector<std::string>;

Words split(std::string_view text);
std::string join(const Words& words);
/// First position of the phrase at or after `from`; npos when it isn't there.
std::size_t find_phrase(const Words& words, const Words& phrase, std::size_t from = 0);
inline constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

/// The longest of the namings' phrases in `text`, cut out of it; the naming's name.
std::optional<std::string> take_naming(std::string& text, std::span<const Naming> namings);
/// The whole of `text`, up to articles and adverbs of no weight, names one of these.
std::optional<std::string> whole_naming(std::string_view text, std::span<const Naming> namings);

/// A word that may stand anywhere without changing what is asked for.
bool is_filler(std::string_view word);
bool is_article(std::string_view word);

/// Cuts "while keeping the rest as it is" and the like.
void cut_keep_clause(Words& words);
/// Cuts words of strength; 0.7, 1 or 1.3. Nothing is cut from within `protected_phrases`.
double take_strength(Words& words);

/// A noun phrase as a target. The refusal names the noun that can't be found.
struct TargetPhrase {
  std::optional<Target> target;
  std::string refusal;
};
TargetPhrase parse_target(std::string_view phrase);

}  // namespace ditto::stages::editing
