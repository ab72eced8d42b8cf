#include "stages/edit/phrases.h"

#include "stages/edit/colours.h"

namespace ditto::stages::editing {
namespace {

bool is_in(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Things that a colour is enough to find: made things, never living ones, since what is found is
// the one compact region of that colour.
constexpr std::string_view kColourNouns[] = {
    "object", "thing",    "item",   "shape", "spot",     "patch",   "car",   "van",       "bus",
    "truck",  "bike",     "box",    "cup",   "mug",      "bottle",  "glass", "bag",       "ball",
    "book",   "chair",    "sofa",   "table", "door",     "sign",    "flag",  "dress",     "shirt",
    "jacket", "coat",     "skirt",  "top",   "jumper",   "sweater", "hat",   "cap",       "scarf",
    "tie",    "shoe",     "boat",   "train", "lamp",     "toy",     "pen",   "plate",     "bucket",
    "barrel", "tent",     "flower", "disk",  "circle",   "square",  "part",  "container", "vase",
    "pot",    "suitcase", "kayak",  "light", "umbrella", "balloon"};

constexpr std::string_view kLooseAdjectives[] = {
    "moving",  "whole",   "entire", "same", "solid", "coloured", "walking", "standing",
    "passing", "driving", "by",     "past", "who",   "is",       "running", "thats"};

// Said of a thing that is found by its motion.
constexpr std::string_view kMotions[] = {"moving", "passing", "driving"};

// What is found by its motion alone, when "moving" is said of it.
constexpr std::string_view kMovers[] = {
    "object", "objects", "thing",   "subject",   "figure",  "car",   "van",     "bus",
    "truck",  "bike",    "bicycle", "motorbike", "cyclist", "train", "vehicle", "cab",
    "taxi",   "animal",  "dog",     "cat",       "bird",    "horse", "boat",    "part"};

constexpr std::string_view kKeepVerbs[] = {"keep",    "keeping",  "leave",
                                           "leaving", "preserve", "preserving"};
constexpr std::string_view kKeepWords[] = {
    "while",  "and",     "but",      "please",    "everything",  "else",    "the",
    "rest",   "motion",  "movement", "movements", "composition", "scene",   "people",
    "camera", "action",  "timing",   "all",       "of",          "it",      "as",
    "is",     "are",     "they",     "unchanged", "same",        "intact",  "untouched",
    "alone",  "exactly", "original", "shapes",    "layout",      "picture", "video",
    "clip",   "was",     "were",     "unaltered", "in",          "place",   "other",
    "things", "frame",   "its",      "face",      "faces",       "visible", "recognisable",
    "clearly"};

constexpr std::string_view kFillers[] = {
    "a",         "an",        "the",       "this",       "that",      "it",         "its",
    "of",        "in",        "as",        "if",         "though",    "were",       "was",
    "is",        "to",        "into",      "like",       "look",      "looks",      "looking",
    "please",    "could",     "can",       "would",      "you",       "i",          "want",
    "id",        "we",        "make",      "made",       "turn",      "turned",     "change",
    "give",      "convert",   "transform", "restyle",    "render",    "redo",       "show",
    "let",       "have",      "has",       "be",         "so",        "appear",     "style",
    "styled",    "stylise",   "feel",      "appearance", "effect",    "filter",     "apply",
    "video",     "clip",      "footage",   "scene",      "film",      "shot",       "movie",
    "whole",     "entire",    "all",       "everything", "recording", "picture",    "image",
    "sequence",  "reimagine", "imagine",   "recreate",   "rework",    "set",        "with",
    "and",       "for",       "from",      "on",         "at",        "day",        "time",
    "weather",   "season",    "lighting",  "light",      "mood",      "atmosphere", "by",
    "beautiful", "nice",      "lovely",    "classic",    "soft",      "warm",       "rich",
    "now",       "just",      "my",        "our",        "something", "place",      "takes",
    "take",      "go",        "present",   "treat",      "using",     "use",        "kind",
    "hand",      "drawn",     "painted",   "version",    "out",       "there",      "here",
    "us",        "me",        "put",       "completely", "entirely",  "fully",      "rather",
    "some",      "should",    "must",      "tone",       "tones",     "vibe",       "bit",
    "world",     "real",      "life",      "one",        "over",      "throughout", "start",
    "end",       "each",      "every",     "frame",      "frames"};

constexpr std::string_view kArticles[] = {"a", "an", "the", "this", "that", "some", "its"};

}  // namespace

Words split(std::string_view text) {
  Words words;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    if (end > start) words.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

std::string join(const Words& words) { return fmt::format("{}", fmt::join(words, " ")); }

std::size_t find_phrase(const Words& words, const Words& phrase, std::size_t from) {
  if (phrase.empty() || from > words.size()) return kNowhere;
  const auto it = std::search(words.begin() + static_cast<std::ptrdiff_t>(from), words.end(),
                              phrase.begin(), phrase.end());
  return it == words.end() ? kNowhere : static_cast<std::size_t>(it - words.begin());
}

std::optional<std::string> take_naming(std::string& text, std::span<const Naming> namings) {
  Words words = split(text);
  std::size_t best_length = 0;
  std::size_t best_at = 0;
  std::string_view best_name;
  for (const Naming& naming : namings) {
    for (const std::string_view candidate : naming.words) {
      const Words phrase = normalised_words(candidate);
      const std::size_t at = find_phrase(words, phrase);
      if (at != kNowhere && phrase.size() > best_length) {
        best_length = phrase.size();
        best_at = at;
        best_name = naming.name;
      }
    }
  }
  if (best_length == 0) return std::nullopt;
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(best_at),
              words.begin() + static_cast<std::ptrdiff_t>(best_at + best_length));
  text = join(words);
  return std::string(best_name);
}

std::optional<std::string> whole_naming(std::string_view text, std::span<const Naming> namings) {
  std::string rest(text);
  const auto name = take_naming(rest, namings);
  if (!name) return std::nullopt;
  for (const std::string& word : split(rest)) {
    if (!is_article(word)) return std::nullopt;
  }
  return name;
}

bool is_filler(std::string_view word) { return is_in(word, kFillers); }
bool is_article(std::string_view word) { return is_in(word, kArticles); }

void cut_keep_clause(Words& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::size_t first = i;
    if (!is_in(words[i], kKeepVerbs)) {
      // "without changing anything else"
      const bool without = words[i] == "without" && i + 1 < words.size() &&
                           (words[i + 1] == "changing" || words[i + 1] == "touching" ||
                            words[i + 1] == "covering" || words[i + 1] == "hiding");
      if (!without) continue;
    }
    const bool verb_pair = words[i] == "without";
    bool known = true;
    for (std::size_t j = i + (verb_pair ? 2 : 1); j < words.size(); ++j) {
      known = known && (is_in(words[j], kKeepWords) || is_in(words[j], kKeepVerbs) ||
                        (verb_pair && words[j] == "anything"));
    }
    if (!known) continue;
    while (first > 0 && (words[first - 1] == "while" || words[first - 1] == "and" ||
                         words[first - 1] == "but" || words[first - 1] == "please")) {
      --first;
    }
    words.resize(first);
    return;
  }
}

double take_strength(Words& words) {
  const auto take = [&](std::span<const std::string_view> phrases) {
    std::size_t length = 0;
    std::size_t at = 0;
    for (const std::string_view phrase : phrases) {
      const Words wanted = normalised_words(phrase);
      const std::size_t found = find_phrase(words, wanted);
      if (found != kNowhere && wanted.size() > length) {
        length = wanted.size();
        at = found;
      }
    }
    if (length == 0) return false;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(at),
                words.begin() + static_cast<std::ptrdiff_t>(at + length));
    return true;
  };
  if (take(slight_words())) return 0.7;
  if (take(strong_words())) return 1.3;
  return 1.0;
}

TargetPhrase parse_target(std::string_view phrase) {
  TargetPhrase result;
  Target target;
  std::string text(phrase);
  if (const auto side = take_naming(text, side_namings())) target.side = *side;
  std::string rest = text;
  const auto kind = take_naming(rest, kind_namings());
  std::string noun;
  for (const std::string& word : split(kind ? rest : text)) {
    if (is_article(word) || is_in(word, kLooseAdjectives)) continue;
    if (const auto colour = colour_from(word)) {
      if (!target.colour.empty()) {
        result.refusal = fmt::format("two colours for one thing: \"{}\"", phrase);
        return result;
      }
      target.colour = name_of(*colour);
      continue;
    }
    if (word == "left" || word == "right") {
      target.side = word;
      continue;
    }
    noun += (noun.empty() ? "" : " ") + word;
  }
  if (kind) {
    target.kind = *kind;
    if (!noun.empty()) {
      result.refusal = fmt::format("no way to tell \"{}\" in \"{}\"", noun, phrase);
      return result;
    }
    const bool natural =
        (target.kind == "sky" && target.colour == "blue") ||
        ((target.kind == "grass" || target.kind == "greenery") && target.colour == "green");
    if (!target.colour.empty() && !natural) {
      result.refusal =
          fmt::format("no way to tell whether there is a {} {}", target.colour, target.kind);
      return result;
    }
    target.colour.clear();
    result.target = target;
    return result;
  }
  const Words all = split(text);
  const bool moves =
      std::any_of(all.begin(), all.end(), [](const auto& word) { return is_in(word, kMotions); });
  if (moves && target.colour.empty() && (noun.empty() || is_in(noun, kMovers))) {
    target.kind = "moving";
    result.target = target;
    return result;
  }
  // "the red one", "only the red"
  const bool by_colour_alone = (noun.empty() || noun == "one") && !target.colour.empty();
  if (!is_in(noun, kColourNouns) && !by_colour_alone) {
    result.refusal = fmt::format(
        "no way to find \"{}\": things are found by a colour (\"the red object\"), or as the sky, "
        "the "
        "greenery, the grass, the plain background, a person or the moving object",
        noun.empty() ? std::string(phrase) : noun);
    return result;
  }
  if (target.colour.empty()) {
    result.refusal = fmt::format("no way to find \"{}\" without its colour", noun);
    return result;
  }
  target.kind = "object";
  result.target = target;
  return result;
}

}  // namespace ditto::stages::editing
