#include "stages/instruct/words.h"

#include <algorithm>
#include <map>
#include <set>

namespace ditto::stages::instructing {
namespace {

using Set = std::set<std::string, std::less<>>;

const Set& prepositions() {
  static const Set all = {"on",      "in",     "at",      "of",      "with",  "near",  "by",
                          "behind",  "beside", "under",   "over",    "to",    "from",  "that",
                          "who",     "which",  "into",    "between", "above", "below", "inside",
                          "outside", "around", "along",   "across",  "onto",  "for",   "wearing",
                          "holding", "next",   "through", "as",      "is",    "are",   "and"};
  return all;
}

const Set& fillers() {
  static const Set all = {
      "a",     "an",      "the",   "this",  "that",      "it",    "its",        "their",  "his",
      "her",   "them",    "all",   "whole", "entire",    "every", "everything", "video",  "clip",
      "scene", "picture", "image", "frame", "style",     "look",  "like",       "if",     "were",
      "was",   "be",      "so",    "some",  "one",       "there", "out",        "away",   "off",
      "up",    "down",    "place", "same",  "look-like", "kind",  "new",        "instead"};
  return all;
}

const std::map<std::string, Verb, std::less<>>& verbs() {
  static const std::map<std::string, Verb, std::less<>> all = [] {
    std::map<std::string, Verb, std::less<>> table;
    for (const char* word : {"replace", "swap", "substitute", "exchange"})
      table[word] = Verb::kReplace;
    for (const char* word : {"add", "insert", "put", "place", "hang", "let"})
      table[word] = Verb::kAdd;
    for (const char* word : {"remove", "erase", "delete", "eliminate", "take", "clear"}) {
      table[word] = Verb::kRemove;
    }
    for (const char* word :
         {"make",    "turn",     "change", "convert",   "transform", "paint",  "colour", "color",
          "recolor", "recolour", "render", "give",      "apply",     "set",    "cover",  "fill",
          "dress",   "restyle",  "switch", "reimagine", "recreate",  "redraw", "draw",   "show",
          "bathe",   "light",    "dye",    "wrap",      "decorate",  "shift",  "bring",  "have",
          "cast",    "tint",     "flood",  "immerse",   "surround",  "drape",  "coat"}) {
      table[word] = Verb::kChange;
    }
    return table;
  }();
  return all;
}

std::string singular(const std::string& word) {
  const auto ends = [&](const char* with) { return word.ends_with(with); };
  if (word.size() < 4 || !ends("s") || ends("ss") || ends("us") || ends("is")) return word;
  if (ends("ies") && word.size() > 4) return word.substr(0, word.size() - 3) + "y";
  for (const char* ending : {"ches", "shes", "xes", "sses"}) {
    if (ends(ending)) return word.substr(0, word.size() - 2);
  }
  return word.substr(0, word.size() - 1);
}

}  // namespace

Words words_of(const std::string& text) {
  Words words;
  std::string word;
  const auto end_word = [&] {
    while (!word.empty() && word.back() == '-') word.pop_back();
    if (!word.empty()) words.push_back(singular(word));
    word.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (letter || (c == '-' && !word.empty())) {
      word += c;
    } else if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (c == '\'' && text.compare(i, 2, "'s") == 0) {
      ++i;  // "the woman's": the woman
      end_word();
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

bool is_latin(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if (byte < 0x20 || byte == 0x7f) return false;
      continue;
    }
    const bool accented = byte >= 0xc2 && byte <= 0xc9;                            // to U+024F
    const bool punctuation = byte == 0xe2 && text.compare(i + 1, 1, "\x80") == 0;  // U+2000 on
    if (!accented && !punctuation) return false;
    i += accented ? 1 : 2;
  }
  return true;
}

bool contains(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<std::size_t> find_run(const Words& words, const Words& run) {
  const auto found = std::search(words.begin(), words.end(), run.begin(), run.end());
  if (run.empty() || found == words.end()) return std::nullopt;
  return static_cast<std::size_t>(found - words.begin());
}

Words content_of(const Words& words) {
  Words content;
  for (const std::string& word : words) {
    if (!fillers().contains(word) && !prepositions().contains(word) && !verbs().contains(word))
      content.push_back(word);
  }
  return content;
}

namespace {

/// Up to what says where it is or what it is like, without articles.
Words nucleus_of(const Words& phrase) {
  Words nucleus;
  for (const std::string& word : phrase) {
    const bool preposition = prepositions().contains(word);
    if (preposition && !nucleus.empty()) break;
    if (!preposition && !fillers().contains(word)) nucleus.push_back(word);
  }
  return nucleus;
}

}  // namespace

std::string head_of(const Words& phrase) {
  const Words nucleus = nucleus_of(phrase);
  return nucleus.empty() ? "" : nucleus.back();
}

Words attributes_of(const Words& phrase) {
  Words nucleus = nucleus_of(phrase);
  if (!nucleus.empty()) nucleus.pop_back();
  return nucleus;
}

bool may_be_same(const std::string& a, const std::string& b) {
  static const Set kPeople = {"person", "people", "man",   "men",      "woman",  "women",
                              "boy",    "girl",   "child", "children", "figure", "someone"};
  return a == b || (kPeople.contains(a) && kPeople.contains(b));
}

bool is_colour(const std::string& word) {
  static const Set kColours = {"red",    "green",  "blue",   "yellow", "orange",   "purple",
                               "pink",   "brown",  "black",  "white",  "grey",     "gray",
                               "golden", "silver", "violet", "beige",  "turquoise"};
  return kColours.contains(word);
}

bool is_number(const std::string& word) {
  static const Set kNumbers = {"two", "three", "four", "five", "six", "seven", "eight", "nine",
                               "ten", "2",     "3",    "4",    "5",   "6",     "7",     "8"};
  return kNumbers.contains(word);
}

bool excludes(const std::string& a, const std::string& b) {
  static const std::vector<std::vector<Set>> kKinds = {
      {{"day", "daytime", "daylight", "morning", "noon", "midday", "afternoon"},
       {"night", "nighttime", "midnight"}},
      {{"spring"}, {"summer"}, {"autumn"}, {"winter"}}};
  for (const std::vector<Set>& kind : kKinds) {
    const auto place = [&](const std::string& word) {
      return std::find_if(kind.begin(), kind.end(),
                          [&](const Set& same) { return same.contains(word); }) -
             kind.begin();
    };
    const auto none = static_cast<std::ptrdiff_t>(kind.size());
    if (place(a) != none && place(b) != none && place(a) != place(b)) return true;
  }
  return false;
}

Verb verb_of(const Words& words) {
  for (const std::string& word : words) {
    if (const auto found = verbs().find(word); found != verbs().end()) return found->second;
  }
  return Verb::kNone;
}

}  // namespace ditto::stages::instructing
