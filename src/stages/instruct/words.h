#pragma once

#include <optional>
#include <string>
#include <vector>

/// English as far as quality control reads it.
namespace ditto::stages::instructing {

using Words = std::vector<std::string>;

/// Lower case, without what isn't a letter, a digit or a hyphen within; plurals as singulars
/// ("Two Dogs," gives "two", "dog").
Words words_of(const std::string& text);
/// Characters that English text has: Latin letters with their accents, punctuation, no line breaks.
bool is_latin(const std::string& text);

bool contains(const Words& words, const std::string& word);
/// Where these words stand one after another.
std::optional<std::size_t> find_run(const Words& words, const Words& run);
/// Without articles, prepositions, verbs that ask for an edit, and words like "style" and "scene".
Words content_of(const Words& words);

/// What a noun phrase is about: "dog" in "the black dog on the left"; empty for one without a word.
std::string head_of(const Words& phrase);
/// The words before the head: "black".
Words attributes_of(const Words& phrase);
/// Whether two nouns may be the same thing: equal, or both of them people.
bool may_be_same(const std::string& a, const std::string& b);

bool is_colour(const std::string& word);
/// From two on; one is what any singular says.
bool is_number(const std::string& word);
/// Whether a clip can't be both: day and night, summer and winter.
bool excludes(const std::string& a, const std::string& b);
enum class Verb { kNone, kReplace, kAdd, kRemove, kChange };
/// The first word that asks for an edit.
Verb verb_of(const Words& words);

}  // namespace ditto::stages::instructing
