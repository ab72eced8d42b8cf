#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The words for programs: what the instructor writes and the parser reads come from the same
/// tables. All phrases are lower case without punctuation except commas and hyphens.
namespace ditto::stages::editing {

struct LookWords {
  std::string_view look;
  /// Phrases that alone identify the look, longest meaning first.
  std::vector<std::string_view> keys;
  /// Noun phrases: "turn the video into <noun>", "make it look like <noun>".
  std::vector<std::string_view> nouns;
  /// Complements: "make the scene look <way>", "make it <way>".
  std::vector<std::string_view> ways;
  /// Whole sentences of its own.
  std::vector<std::string_view> sentences;
  /// Trailing clauses that are true of the look: "with soft shading".
  std::vector<std::string_view> clauses;
};
std::span<const LookWords> look_words();
const LookWords& words_of(std::string_view look);
/// In the two parts that look_words() joins. `{colour}` stands for the look's colour.
std::vector<LookWords> style_words();
std::vector<LookWords> environment_words();

/// Names of things: the program's word and what people call it.
struct Naming {
  std::string_view name;
  std::vector<std::string_view> words;
};
std::span<const Naming> object_namings();    ///< drawn objects: "hot_air_balloon" ...
std::span<const Naming> backdrop_namings();  ///< "stars": "a starry night sky" ...
std::span<const Naming> sky_ways();          ///< "make the sky <way>", by backdrop
std::span<const Naming> ground_namings();
std::span<const Naming> material_namings();
std::span<const Naming> kind_namings();   ///< target kinds other than "object"
std::span<const Naming> place_namings();  ///< "upper left": "in the upper left corner" ...
std::span<const Naming> side_namings();   ///< "left": "on the left" ...

/// Words of strength; slight 0.7, strong 1.3.
std::span<const std::string_view> slight_words();
std::span<const std::string_view> strong_words();

/// Lower case, punctuation to blanks, British spelling of the words that matter, one blank between
/// words.
std::vector<std::string> normalised_words(std::string_view text);
std::string normalised(std::string_view text);

}  // namespace ditto::stages::editing
