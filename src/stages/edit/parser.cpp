#include "stages/edit/parser.h"

#include <regex>

#include "stages/edit/colours.h"
#include "stages/edit/drawn_objects.h"
#include "stages/edit/looks.h"
#include "stages/edit/phrases.h"

namespace ditto::stages::editing {
namespace {

// ---------------------------------------------------------------- looks of the whole picture

struct PhraseBank {
  const LookWords* words = nullptr;
  std::vector<Words> keys;
  std::vector<Words> phrases;  // everything that may be said of it
  std::set<std::string> vocabulary;
};

// Words of denial count only within a phrase that is known as a whole.
bool is_denial(const std::string& word) {
  return word == "no" || word == "not" || word == "dont" || word == "without" || word == "never" ||
         word == "only" || word == "except";
}

bool names_a_region(const std::string& word) {
  static const std::set<std::string> kWords = [] {
    std::set<std::string> out;
    for (const Naming& naming : kind_namings()) {
      for (const std::string_view phrase : naming.words) {
        for (const std::string& w : normalised_words(phrase)) out.insert(w);
      }
    }
    return out;
  }();
  return kWords.contains(word);
}

std::string with_colour(std::string_view phrase, std::string_view colour) {
  std::string out(phrase);
  const std::size_t at = out.find("{colour}");
  return at == std::string::npos ? out : out.replace(at, 8, colour);
}

PhraseBank bank_of(const LookWords& words, std::string_view colour) {
  PhraseBank bank;
  bank.words = &words;
  for (const std::string_view key : words.keys)
    bank.keys.push_back(normalised_words(with_colour(key, colour)));
  bank.phrases = bank.keys;
  for (const auto* group : {&words.nouns, &words.ways, &words.sentences, &words.clauses}) {
    for (const std::string_view phrase : *group)
      bank.phrases.push_back(normalised_words(with_colour(phrase, colour)));
  }
  for (const Words& phrase : bank.phrases) {
    for (const std::string& word : phrase) {
      if (!is_denial(word) && !names_a_region(word)) bank.vocabulary.insert(word);
    }
  }
  return bank;
}

const std::vector<PhraseBank>& banks() {
  static const std::vector<PhraseBank> all = [] {
    std::vector<PhraseBank> out;
    for (const LookWords& words : look_words()) out.push_back(bank_of(words, "colour"));
    return out;
  }();
  return all;
}

struct KeyMatch {
  const PhraseBank* bank = nullptr;
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<KeyMatch> match_keys(const Words& words) {
  std::vector<KeyMatch> found;
  for (const PhraseBank& bank : banks()) {
    for (const Words& key : bank.keys) {
      for (std::size_t at = find_phrase(words, key); at != kNowhere;
           at = find_phrase(words, key, at + 1)) {
        found.push_back({&bank, at, at + key.size()});
      }
    }
  }
  // A key within a longer one means nothing by itself: "black and white print".
  std::vector<KeyMatch> out;
  for (const KeyMatch& m : found) {
    const bool inside = std::any_of(found.begin(), found.end(), [&](const KeyMatch& o) {
      return o.begin <= m.begin && o.end >= m.end && o.end - o.begin > m.end - m.begin;
    });
    if (!inside) out.push_back(m);
  }
  return out;
}

// The words that the look leaves unexplained.
Words unexplained(const Words& words, const PhraseBank& bank) {
  std::vector<bool> covered(words.size(), false);
  for (const Words& phrase : bank.phrases) {
    for (std::size_t at = find_phrase(words, phrase); at != kNowhere;
         at = find_phrase(words, phrase, at + 1)) {
      std::fill_n(covered.begin() + static_cast<std::ptrdiff_t>(at), phrase.size(), true);
    }
  }
  Words out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!covered[i] && !is_filler(words[i]) && !bank.vocabulary.contains(words[i]))
      out.push_back(words[i]);
  }
  return out;
}

std::string title(std::string_view look) {
  std::string out(look);
  std::replace(out.begin(), out.end(), '_', ' ');
  return out;
}

// A look, when the words ask for exactly one; otherwise why not.
Parsed parse_look(const Words& original) {
  Parsed result;
  Words words = original;
  // A look that comes in a colour has the colour's name replaced by the word "colour".
  std::string colour;
  const Words duotone[] = {{"duotone"}, {"two", "tone"}};
  if (find_phrase(words, duotone[0]) != kNowhere || find_phrase(words, duotone[1]) != kNowhere) {
    for (std::string& word : words) {
      const auto named = colour_from(word);
      if (!named || !is_chromatic(*named)) continue;
      if (!colour.empty() && colour != name_of(*named)) {
        result.refusal = "a duotone is made in one colour and white; two colours were asked for";
        return result;
      }
      colour = name_of(*named);
      word = "colour";
    }
    if (colour.empty()) {
      result.refusal = "a duotone needs its colour, such as \"a blue duotone\"";
      return result;
    }
  }
  const std::vector<KeyMatch> matches = match_keys(words);
  if (matches.empty()) return result;
  const PhraseBank* best = nullptr;
  std::size_t best_span = 0;
  std::set<std::string> names;
  Words left;
  // A word of another look's own ("a charcoal drawing") asks for nothing more.
  const auto is_borrowed = [&](const KeyMatch& match) {
    return std::any_of(matches.begin(), matches.end(), [&](const KeyMatch& other) {
      const auto known = [&](const std::string& word) {
        return other.bank->vocabulary.contains(word);
      };
      const auto begin = words.begin() + static_cast<std::ptrdiff_t>(match.begin);
      const auto end = words.begin() + static_cast<std::ptrdiff_t>(match.end);
      return other.bank != match.bank && std::all_of(begin, end, known);
    });
  };
  for (const KeyMatch& match : matches) {
    if (!is_borrowed(match)) names.insert(title(match.bank->words->look));
    const Words rest = unexplained(words, *match.bank);
    if (left.empty() || rest.size() < left.size()) left = rest;
    if (!rest.empty()) continue;
    const std::size_t span = match.end - match.begin;
    if (span > best_span) {
      best_span = span;
      best = match.bank;
    }
  }
  if (best != nullptr) {
    Program program;
    program.name = best->words->look;
    const Look* look = find_look(program.name);
    if (look->has_colour) program.colour = colour;
    result.program = program;
  } else if (names.empty()) {
    result.refusal =
        fmt::format("not clear which look is meant; don't understand \"{}\"", fmt::join(left, " "));
  } else if (names.size() > 1) {
    result.refusal = fmt::format("asks for more than one edit at once ({}); ask for one at a time",
                                 fmt::join(names, ", "));
  } else {
    result.refusal =
        fmt::format("understood \"{}\", but not \"{}\"", *names.begin(), fmt::join(left, " "));
  }
  return result;
}

// ---------------------------------------------------------------- edits of a part

Parsed refuse(const std::string& reason) { return {std::nullopt, reason}; }

Parsed with_target(const std::string& phrase, Program program) {
  const TargetPhrase target = parse_target(phrase);
  if (!target.target) return refuse(target.refusal);
  program.target = *target.target;
  if (program.name == "remove" && program.target.kind != "object" &&
      program.target.kind != "person" && program.target.kind != "moving") {
    return refuse(
        fmt::format("can't remove the {}; it can be replaced or recoloured", program.target.kind));
  }
  return {program, ""};
}

std::optional<std::string> single_colour(const std::string& phrase) {
  std::string found;
  for (const std::string& word : split(phrase)) {
    if (is_article(word) || word == "colour" || word == "bright" || word == "in") continue;
    const auto colour = colour_from(word);
    if (!colour || !found.empty()) return std::nullopt;
    found = name_of(*colour);
  }
  if (found.empty()) return std::nullopt;
  return found;
}

// "a red hot air balloon floating in the sky"
Parsed parse_added(const std::string& phrase) {
  static constexpr std::string_view kLoose[] = {
      "floating", "drifting", "flying",     "hanging",    "gliding", "lying",   "standing",
      "passing",  "sailing",  "fluttering", "single",     "lone",    "new",     "to",
      "into",     "scene",    "video",      "clip",       "shot",    "picture", "frame",
      "float",    "hang",     "fly",        "drift",      "up",      "there",   "be",
      "open",     "coloured", "somewhere",  "on",         "ground",  "appear",  "from",
      "above",    "glowing",  "striped",    "inflatable", "air",     "in",      "across",
      "distance"};
  std::string text = phrase;
  Program program;
  program.name = "add";
  if (const auto place = take_naming(text, place_namings())) program.place = *place;
  static const std::vector<Naming> kAnywhere = {{"", {"in the background", "in the distance"}}};
  take_naming(text, kAnywhere);
  const auto object = take_naming(text, object_namings());
  Words unknown;
  for (const std::string& word : split(text)) {
    if (is_article(word) ||
        std::find(std::begin(kLoose), std::end(kLoose), word) != std::end(kLoose))
      continue;
    if (const auto colour = colour_from(word); colour && program.colour.empty()) {
      program.colour = name_of(*colour);
      continue;
    }
    unknown.push_back(word);
  }
  Words drawable;
  for (const std::string_view name : drawn_objects()) drawable.push_back(title(name));
  if (!object) {
    return refuse(fmt::format("can't draw \"{}\"; can draw {}",
                              unknown.empty() ? phrase : join(unknown), fmt::join(drawable, ", ")));
  }
  if (!unknown.empty()) {
    return refuse(
        fmt::format("can draw \"{}\", but don't understand \"{}\"", title(*object), join(unknown)));
  }
  program.object = *object;
  if (!program.colour.empty() && !placement_of(program.object).has_colour) {
    return refuse(fmt::format("\"{}\" can't be drawn in a colour of choice", title(*object)));
  }
  return {program, ""};
}

// What X is turned into: a colour, a material, a backdrop, a ground or an object.
Parsed parse_change(const std::string& what, const std::string& into) {
  const Words subject = split(what);
  if (std::all_of(subject.begin(), subject.end(),
                  [](const std::string& word) { return is_filler(word); })) {
    return refuse(fmt::format("no look of that kind is known: \"{}\"", into));
  }
  const TargetPhrase target = parse_target(what);
  if (!target.target) return refuse(target.refusal);
  Program program;
  program.target = *target.target;
  const std::string& kind = program.target.kind;
  if (const auto colour = single_colour(into); colour && !(kind == "object" && into == "golden")) {
    program.name = "recolour";
    program.colour = *colour;
    return {program, ""};
  }
  program.name = "replace";
  if (kind == "sky") {
    auto backdrop = whole_naming(into, backdrop_namings());
    if (!backdrop) backdrop = whole_naming(into, sky_ways());
    if (!backdrop) {
      return refuse(fmt::format("can't make a sky of \"{}\"; can make {}", into,
                                fmt::join(backdrops(), ", ")));
    }
    program.object = *backdrop;
    return {program, ""};
  }
  if (kind == "grass" || kind == "greenery") {
    const auto cover = whole_naming(into, ground_namings());
    if (!cover)
      return refuse(fmt::format("can't replace it with \"{}\"; can with {}", into,
                                fmt::join(grounds(), ", ")));
    program.object = *cover;
    return {program, ""};
  }
  if (kind != "object") return refuse(fmt::format("can't turn a {} into \"{}\"", kind, into));
  if (const auto material = whole_naming(into, material_namings())) {
    program.name = "material";
    program.object = *material;
    return {program, ""};
  }
  const Parsed drawn = parse_added(into);
  if (!drawn.program) return drawn;
  const auto solid = solid_objects();
  if (!drawn.program->place.empty() ||
      std::find(solid.begin(), solid.end(), drawn.program->object) == solid.end()) {
    return refuse(fmt::format("can't put \"{}\" in the place of an object; can put {}", into,
                              fmt::join(solid, ", ")));
  }
  program.object = drawn.program->object;
  program.colour = drawn.program->colour;
  return {program, ""};
}

// "clouds", for the sky
Parsed parse_sky(const std::string& into) {
  const auto backdrop = whole_naming(into, backdrop_namings());
  if (!backdrop) return refuse(fmt::format("can't make a sky of \"{}\"", into));
  Program program;
  program.name = "replace";
  program.target.kind = "sky";
  program.object = *backdrop;
  return {program, ""};
}

// A tint leaves more of what was there than a new colour does.
constexpr double kTint = 0.7;

Parsed parse_tint(const std::string& what, const std::string& colour) {
  Parsed parsed = parse_change(what, colour);
  if (parsed.program && parsed.program->name != "recolour")
    return refuse(fmt::format("no known colour: \"{}\"", colour));
  if (parsed.program) parsed.program->strength = kTint;
  return parsed;
}

Program named(const char* name) {
  Program program;
  program.name = name;
  return program;
}

using Groups = std::smatch;
struct Rule {
  std::regex pattern;
  Parsed (*read)(const Groups& g);
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = [] {
    const std::string somewhere =
        "(?: (?:from|out of|in) (?:the |this )?(?:whole "
        ")?(?:scene|video|clip|shot|picture|frame|footage))?";
    const std::string grey = "(?:black and white|grey|greyscale|monochrome)";
    const std::string rest =
        "(?: (?:and|while) (?:turn|turning|make|making) (?:everything else|the rest) "
        "(?:to |into |in )?" +
        grey + ")?";
    Words colour_words;
    for (int i = 0; i < kColours; ++i) colour_words.emplace_back(name_of(static_cast<Colour>(i)));
    std::vector<Rule> out;
    const auto rule = [&](const std::string& pattern, Parsed (*read)(const Groups&)) {
      out.push_back({std::regex("^" + pattern + "$"), read});
    };
    const auto isolate = [](const Groups& g) { return with_target(g[1], named("isolate")); };
    rule("(?:keep|leave|show) only (.+) in (?:full )?colour" + rest, isolate);
    rule("only (?:keep|leave|show) (.+) in (?:full )?colour" + rest, isolate);
    rule("(?:keep|leave) (.+) (?:in (?:full )?colour|coloured)" + rest, isolate);
    rule(
        "(?:let )?only (.+?) (?:should )?(?:keeps?|stays?|remains?) (?:its colour|in "
        "colour|coloured|colourful)" +
            rest,
        isolate);
    rule(
        "(?:make|turn|desaturate|drain the colour from) everything (?:except|but|apart from|other "
        "than|besides) (.+?)(?: (?:to |into |in )?" +
            grey + ")?",
        isolate);
    rule("(?:selective colour|colour pop) (?:on|for|of) (.+)", isolate);
    rule("everything " + grey + " (?:except|but|apart from) (?:for )?(.+)", isolate);
    rule("(?:make|turn|have) everything " + grey + " (?:except|but|apart from) (?:for )?(.+)",
         isolate);
    rule("(?:make|turn) (?:it|everything|the (?:video|clip|scene|picture|rest)) (?:to |into )?" +
             grey + " (?:but|and) (?:keep|leave) (.+) in (?:full |its )?colour",
         isolate);
    rule("(?:make|turn) (?:it|everything|the (?:video|clip|scene|picture)) (?:to |into )?" + grey +
             " (?:except|but|apart from) (?:for )?(.+)",
         isolate);
    const auto remove = [](const Groups& g) { return with_target(g[1], named("remove")); };
    rule(
        "(?:remove|erase|delete|get rid of|take out|take away|edit out|wipe out|clear away|cut "
        "out|lose) (.+?)" +
            somewhere,
        remove);
    rule("take (.+?) out(?: of (?:the |this )?(?:scene|video|clip|shot|picture|frame|footage))?",
         remove);
    rule("(?:make|let) (.+) (?:disappear|vanish|go away)" + somewhere, remove);
    const auto brighten = [](const Groups& g) { return with_target(g[1], named("brighten")); };
    rule("(?:brighten|lighten|illuminate|light) (?:up )?(.+?)(?: up)?", brighten);
    rule("make (.+) (?:brighter|lighter)", brighten);
    rule("(?:turn up|raise) the (?:light|brightness) (?:on|of) (.+)", brighten);
    const auto darken = [](const Groups& g) { return with_target(g[1], named("darken")); };
    rule("(?:darken|dim|shade) (.+?)(?: down)?", darken);
    rule("make (.+) (?:darker|dimmer)", darken);
    rule("(?:turn down|lower) the (?:light|brightness) (?:on|of) (.+)", darken);
    const auto tint = [](const Groups& g) { return parse_tint(g[1], g[2]); };
    rule("(?:tint|tinge) (.+?) (?:in |with )?([a-z]+)", tint);
    rule("give (.+?) (?:a|an) (?:slight )?([a-z]+) (?:tint|tinge|cast)", tint);
    rule("(?:add|put|paint|draw|show) (.+) (?:to|in|into|on|across) the (?:whole |entire )?sky",
         [](const Groups& g) { return parse_sky(g[1]); });
    const auto change = [](const Groups& g) { return parse_change(g[1], g[2]); };
    const auto change_back = [](const Groups& g) { return parse_change(g[2], g[1]); };
    rule("(?:change|set|switch|shift) the colour of (.+) (?:to|into) (.+)", change);
    rule("(?:replace|swap|exchange|substitute) (.+?) (?:with|for|by|against) (.+)", change);
    rule("(?:put|place|draw|paint) (.+) (?:in place of|instead of|where there is) (.+)",
         change_back);
    rule(
        "(?:make|have|let) (.+?) (?:look (?:like|as if|as though)|seem|appear)(?: it is| its| it "
        "was| "
        "it were)?(?: made| cast| carved)?(?: out)?(?: of| from| in)? (.+)",
        change);
    rule("(?:make|cast|carve) (.+?) (?:out of|of|from|in) (.+)", change);
    rule("(?:cover|coat|plate|fill) (.+?) (?:in|with) (.+)", change);
    rule("give (.+?) (?:a|an) (?:new )?(.+?) (?:colour|coat of paint|finish|coat)", change);
    rule("(?:give|make|turn) (the (?:whole |entire )?sky) (.+)", change);
    rule("(?:turn|change|transform|switch|convert) (.+) into (.+)", change);
    rule("(?:turn|change|transform|switch|convert) (.+) to (.+)", change);
    rule("(?:make|paint|colour|recolour|dye|turn|repaint|change) (.+?) (?:in |to )?(" +
             fmt::format("{}", fmt::join(colour_words, "|")) + ")",
         change);
    rule("(?:make|turn) (.+?) ((?:a|an|the) .+)", change);
    rule("(?:make|turn) (.+) ([a-z]+)", change);
    const auto add = [](const Groups& g) { return parse_added(g[1]); };
    rule(
        "(?:add|put|place|draw|insert|hang|float|include|paint|bring "
        "in|fly|let|have|show|set|drop) (.+)",
        add);
    return out;
  }();
  return all;
}

std::string without_politeness(std::string text) {
  static const std::regex kPolite(
      "^(?:(?:please|now|just|kindly|lets|then|and|could you|can you|would you|i want you to|id "
      "like you to|i would like you to) )+");
  text = std::regex_replace(text, kPolite, "");
  static const std::regex kTail("(?: please| thanks| thank you)$");
  return std::regex_replace(text, kTail, "");
}

// "Add a sepia filter" asks for a look, "add a neon sign" for a thing.
Words without_adding(Words words) {
  static const Words kEffects = {"filter", "effect",   "look", "style", "tone",
                                 "tones",  "lighting", "mood", "vibe",  "feel"};
  const bool adds = !words.empty() && (words.front() == "add" || words.front() == "put");
  const bool effect = std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return std::find(kEffects.begin(), kEffects.end(), word) != kEffects.end();
  });
  if (adds && effect) words.erase(words.begin());
  return words;
}

Parsed parse_local(const std::string& text) {
  // The first rule that makes sense of it; else the first rule's complaint.
  Parsed first;
  for (const Rule& rule : rules()) {
    Groups groups;
    if (!std::regex_match(text, groups, rule.pattern)) continue;
    Parsed parsed = rule.read(groups);
    if (parsed.program) return parsed;
    if (first.refusal.empty()) first = parsed;
  }
  return first;
}

// "add a <name> <place>" for a thing of the user's own; nothing when the words say anything else.
std::optional<Program> parse_own_object(const std::string& text,
                                        std::span<const std::string> names) {
  static const std::regex kAdd(
      "(?:add|put|place|draw|insert|hang|float|include|paint|bring in|fly|let|have|show|set|drop) "
      "(.+)");
  std::smatch groups;
  if (names.empty() || !std::regex_match(text, groups, kAdd)) return std::nullopt;
  std::string phrase = groups[1];
  Program program;
  program.name = "add";
  program.place = take_naming(phrase, place_namings()).value_or("");
  Words words = split(phrase);
  while (!words.empty() && is_filler(words.back())) words.pop_back();
  // An article belongs to the name only where the file's name has it.
  for (std::size_t skip = 0; skip < words.size(); ++skip) {
    const std::string rest =
        join(Words(words.begin() + static_cast<std::ptrdiff_t>(skip), words.end()));
    if (std::find(names.begin(), names.end(), rest) != names.end()) {
      program.object = rest;
      return program;
    }
    if (!is_filler(words[skip]) && !is_article(words[skip])) break;
  }
  return std::nullopt;
}

}  // namespace

std::string repertoire_in_brief() {
  return "It can give the whole picture a look (pencil sketch, watercolour, anime, film noir, "
         "night, snow, autumn, underwater and "
         "about forty more), and locally recolour, brighten, darken, isolate, remove or replace a "
         "thing named by its colour, replace "
         "the sky or the greenery, recolour a plain background, remove a person or what moves, and "
         "add a drawn "
         "object (balloon, kite, lantern, ...)";
}

Parsed parse_instruction(std::string_view text, std::span<const std::string> more_objects) {
  Words words = normalised_words(text);
  cut_keep_clause(words);
  const std::string whole = without_politeness(join(words));
  if (auto own = parse_own_object(whole, more_objects)) return {std::move(own), ""};
  // "with a little light" is a clause, not a strength: first with every word in its place.
  Parsed look = parse_look(without_adding(split(whole)));
  if (look.program) return look;
  Words weaker = without_adding(split(whole));
  const double strength = take_strength(weaker);
  Words others = split(whole);
  take_strength(others);
  const std::string rest = join(others);
  if (strength != 1.0) {
    Parsed again = parse_look(weaker);
    if (again.program) {
      again.program->strength = strength;
      return again;
    }
  }
  Parsed local = parse_local(whole);
  if (!local.program && strength != 1.0) {
    local = parse_local(rest);
    if (local.program) local.program->strength *= strength;
  }
  if (local.program) return local;
  Parsed result;
  result.refusal = !local.refusal.empty() && look.refusal.empty() ? local.refusal : look.refusal;
  if (result.refusal.empty()) result.refusal = "no known edit in \"" + std::string(text) + "\"";
  result.refusal += ". " + repertoire_in_brief() + ".";
  return result;
}

}  // namespace ditto::stages::editing
