#include "stages/instruct/wording.h"

#include "stages/edit/drawn_objects.h"
#include "stages/edit/lexicon.h"
#include "stages/edit/looks.h"
#include "stages/edit/parser.h"

namespace ditto::stages::instructing {
namespace {

using editing::Naming;
using editing::Program;
using Texts = std::vector<std::string>;

constexpr const char* kClips[] = {"video", "clip", "footage", "scene", "film", "shot"};

const Texts& noun_templates(bool is_style) {
  static const Texts kStyle = {
      "Turn the {c} into {n}",           "Make the {c} look like {n}",
      "Make it look like {n}",           "Transform the {c} into {n}",
      "Convert this {c} into {n}",       "Give the {c} the look of {n}",
      "Reimagine the {c} as {n}",        "Restyle the {c} as {n}",
      "I want the {c} to look like {n}", "Could you make the {c} look like {n}?",
      "Render the whole {c} as {n}",     "Recreate the {c} as {n}",
      "Please turn this {c} into {n}",   "Show the entire {c} as {n}"};
  static const Texts kPlace = {"Turn the {c} into {n}",
                               "Make the {c} look like {n}",
                               "Make it look like {n}",
                               "Transform the {c} into {n}",
                               "Change the {c} into {n}",
                               "I want this {c} to look like {n}",
                               "Could you turn the {c} into {n}?",
                               "Reimagine the {c} as {n}",
                               "Please make it look like {n}",
                               "Let the whole {c} look like {n}"};
  return is_style ? kStyle : kPlace;
}

const Texts& way_templates() {
  static const Texts kTemplates = {"Make the {c} look {n}",          "Make everything look {n}",
                                   "Let the whole {c} look {n}",     "Make it look {n}",
                                   "I'd like the {c} to look {n}",   "Have the entire {c} look {n}",
                                   "Can you make this {c} look {n}?"};
  return kTemplates;
}

// For what is done to a picture: "drawn in chalk".
const Texts& made_templates() {
  static const Texts kTemplates = {
      "Make the {c} look as if it were {n}", "Make it look as if it were {n}",
      "Let the whole {c} look as though it were {n}", "I'd like the {c} to look as if it were {n}",
      "Can you make this {c} look as if it were {n}?"};
  return kTemplates;
}

bool is_made(std::string_view way) {
  static const std::set<std::string_view> kMade = {
      "drawn", "sketched", "painted", "printed", "cut",  "carved", "cast",
      "made",  "traced",   "drafted", "filmed",  "seen", "laid"};
  return kMade.contains(way.substr(0, way.find(' ')));
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view b) { return text.starts_with(b); });
}

bool has_word(std::string_view text, std::string_view word) {
  const auto words = editing::normalised_words(text);
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string with_article(const std::string& noun) {
  return (std::string("aeiou").find(noun.front()) != std::string::npos ? "an " : "a ") + noun;
}

// Words for the target; each is true whenever the program's target is.
Texts target_phrases(const editing::Target& target, bool moving) {
  Texts nouns;
  if (target.kind == "object") {
    for (const char* noun : {"object", "thing", "item"}) {
      nouns.push_back(fmt::format("the {} {}", target.colour, noun));
      if (moving) nouns.push_back(fmt::format("the moving {} {}", target.colour, noun));
    }
  } else if (target.kind == "moving") {
    nouns = {"the moving object", "the moving thing", "the moving subject"};
  } else if (target.kind == "greenery") {
    nouns = {"the greenery", "the vegetation", "the green vegetation"};
  } else if (target.kind == "background") {
    nouns = {"the background", "the plain background", "the backdrop"};
  } else {
    nouns = {"the " + target.kind};
  }
  if (target.side.empty()) return nouns;
  Texts out;
  for (const Naming& side : editing::side_namings()) {
    if (side.name != target.side) continue;
    for (const std::string& noun : nouns) {
      for (const std::string_view words : side.words) {
        if (!starts_with_any(words, {"to the ", "at the left", "at the right"}))
          out.push_back(fmt::format("{} {}", noun, words));
      }
    }
  }
  return out;
}

Texts named(std::span<const Naming> namings, std::string_view name) {
  for (const Naming& naming : namings) {
    if (naming.name == name) return {naming.words.begin(), naming.words.end()};
  }
  return {};
}

// "glowing red paper lantern": a colour stands after what else is said of the thing.
std::string coloured(const std::string& noun, const std::string& colour) {
  for (const std::string_view first : {"glowing ", "striped ", "inflatable "}) {
    if (noun.starts_with(first))
      return fmt::format("{}{} {}", first, colour, noun.substr(first.size()));
  }
  return colour + " " + noun;
}

// Of a noun that nothing is known of: "sunflowers", but not "bus" or "glass".
bool is_plural(std::string_view noun) {
  return noun.ends_with('s') && !noun.ends_with("ss") && !noun.ends_with("us") &&
         !noun.ends_with("is");
}

// "a red hot-air balloon"
Texts object_phrases(const Program& program) {
  Texts out;
  Texts nouns = named(editing::object_namings(), program.object);
  // A thing of the user's own goes by its one name, which may be a plural.
  if (nouns.empty() && is_plural(program.object)) return {program.object, "some " + program.object};
  if (nouns.empty()) nouns = {program.object};
  for (const std::string& noun : nouns) {
    // Plurals without a collective read badly after an article.
    if (noun == "birds" || noun == "balloons") continue;
    out.push_back(with_article(program.colour.empty() ? noun : coloured(noun, program.colour)));
  }
  return out;
}

Texts place_phrases(const Program& program) {
  if (program.place.empty()) return {""};
  Texts out = named(editing::place_namings(), program.place);
  std::erase_if(out, [](const std::string& words) {
    return starts_with_any(words, {"to the ", "from the "});
  });
  return out;
}

Texts replacement_phrases(const Program& program) {
  Texts out;
  if (program.target.kind == "object") return object_phrases(program);
  for (const std::string& words :
       named(program.target.kind == "sky" ? editing::backdrop_namings() : editing::ground_namings(),
             program.object)) {
    // Those without an article are for the parser's readers only.
    const bool bare = words == "sunset" || words == "stars" || words == "clouds" ||
                      words == "blue sky" || words == "storm clouds" || words == "aurora" ||
                      words == "northern lights";
    if (!bare) out.push_back(words);
  }
  return out;
}

Texts local_templates(const Program& program) {
  if (program.name == "recolour") {
    Texts out = {"Make {t} {o}",
                 "Change the colour of {t} to {o}",
                 "Turn {t} {o}",
                 "Recolour {t} {o}",
                 "Switch the colour of {t} to {o}",
                 "Could you make {t} {o}?",
                 "Change {t} to {o}",
                 "Please colour {t} {o}"};
    // Nobody paints the sky, or dyes the grass.
    if (program.target.kind == "object") {
      for (const char* form :
           {"Paint {t} {o}", "Give {t} a new {o} colour", "Repaint {t} in {o}", "Dye {t} {o}"})
        out.emplace_back(form);
    }
    return out;
  }
  if (program.name == "brighten") {
    return {"Brighten {t}",
            "Make {t} brighter",
            "Light up {t}",
            "Lighten {t}",
            "Illuminate {t}",
            "Turn up the light on {t}",
            "Please brighten {t}",
            "Could you make {t} brighter?",
            "Raise the brightness of {t}"};
  }
  if (program.name == "darken") {
    return {"Darken {t}",
            "Make {t} darker",
            "Dim {t}",
            "Make {t} dimmer",
            "Turn down the light on {t}",
            "Please darken {t}",
            "Could you make {t} darker?",
            "Lower the brightness of {t}"};
  }
  if (program.name == "isolate") {
    return {"Keep only {t} in colour",
            "Make everything except {t} black and white",
            "Desaturate everything but {t}",
            "Leave only {t} in colour and turn the rest grey",
            "Turn everything but {t} to greyscale",
            "Drain the colour from everything except {t}",
            "Show only {t} in colour",
            "Selective colour on {t}",
            "Make everything apart from {t} monochrome"};
  }
  if (program.name == "material") {
    return {"Make {t} look like it is made of {o}",
            "Turn {t} into {o}",
            "Make {t} out of {o}",
            "Cover {t} in {o}",
            "Coat {t} with {o}",
            "Make {t} look like {o}",
            "Transform {t} into {o}",
            "Let {t} look as if it were made of {o}",
            "Cast {t} in {o}",
            "Please turn {t} into {o}"};
  }
  if (program.name == "remove") {
    return {"Remove {t}",
            "Erase {t}",
            "Delete {t} from the scene",
            "Get rid of {t}",
            "Take {t} out of the picture",
            "Make {t} disappear",
            "Edit out {t}",
            "Please remove {t} from the video",
            "Could you take out {t}?",
            "Let {t} vanish"};
  }
  if (program.name == "replace") {
    return {"Replace {t} with {o}",    "Swap {t} for {o}",
            "Turn {t} into {o}",       "Change {t} into {o}",
            "Substitute {t} with {o}", "Put {o} in place of {t}",
            "Transform {t} into {o}",  "Could you replace {t} with {o}?",
            "Exchange {t} for {o}",    "Please swap {t} for {o}"};
  }
  Texts out = {"Add {o} {p}",
               "Insert {o} {p}",
               "Let {o} appear {p}",
               "Please add {o} {p}",
               "Could you add {o} {p}?",
               "Bring in {o} {p}",
               "I'd like you to add {o} {p}",
               "Can you insert {o} {p}?",
               "Please let {o} appear {p}"};
  if (!program.place.empty()) {
    for (const char* form : {"Put {o} {p}", "Place {o} {p}", "Include {o} {p}"})
      out.emplace_back(form);
  }
  return out;
}

std::string tidy(std::string text) {
  text = replaced(text, " ?", "?");
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

// What is coated is not solid, and only metal is cast.
bool goes_with(std::string_view form, std::string_view filling) {
  const bool coats = starts_with_any(form, {"Cover ", "Coat "});
  if (coats && (has_word(filling, "solid") || has_word(filling, "marble"))) return false;
  return !form.starts_with("Cast ") || has_word(filling, "gold") || has_word(filling, "silver") ||
         has_word(filling, "copper");
}

Texts local_sentences(const Program& program, const Facts& facts) {
  const Texts targets =
      program.name == "add" ? Texts{""} : target_phrases(program.target, facts.moving);
  Texts others = {""};
  if (program.name == "recolour") others = {program.colour};
  if (program.name == "material") others = named(editing::material_namings(), program.object);
  if (program.name == "replace") others = replacement_phrases(program);
  if (program.name == "add") others = object_phrases(program);
  const Texts places = program.name == "add" ? place_phrases(program) : Texts{""};
  Texts out;
  for (const std::string& form : local_templates(program)) {
    for (const std::string& target : targets) {
      for (const std::string& other : others) {
        if (!goes_with(form, other)) continue;
        for (const std::string& place : places) {
          out.push_back(
              tidy(replaced(replaced(replaced(form, "{t}", target), "{o}", other), "{p}", place)));
        }
      }
    }
  }
  return out;
}

Texts look_sentences(const Program& program, const Facts& facts) {
  const editing::LookWords& words = editing::words_of(program.name);
  const bool is_style = task_of(program) == Task::kGlobalStyle;
  Texts out;
  const auto combine = [&](const Texts& forms, std::string_view filling) {
    // The parser knows more ways to say it than people would follow by another.
    if (filling.find(':') != std::string_view::npos) return;
    for (const std::string& form : forms) {
      // "Turn it into the middle of the night" is no English; "make it look like" is.
      const bool whole = filling.starts_with("the ") || filling.ends_with(" season");
      if (whole && form.find(" like {n}") == std::string::npos) continue;
      const std::string text = replaced(form, "{n}", std::string(filling));
      if (text.find("{c}") == std::string::npos) {
        out.push_back(text);
        continue;
      }
      for (const char* clip : kClips) {
        if (!has_word(filling, clip)) out.push_back(replaced(text, "{c}", clip));
      }
    }
  };
  for (const std::string_view noun : words.nouns) combine(noun_templates(is_style), noun);
  for (const std::string_view way : words.ways)
    combine(is_made(way) ? made_templates() : way_templates(), way);
  for (const std::string_view sentence : words.sentences) out.emplace_back(sentence);
  std::erase_if(out, [&](const std::string& text) { return !is_backed(text, facts); });
  for (std::string& text : out) text = replaced(text, "{colour}", program.colour);
  return out;
}

// One of the look's trailing clauses that the facts allow; empty when there is none.
std::string drawn_clause(const Program& program, const Facts& facts, Stream& stream) {
  std::vector<std::string_view> clauses = editing::words_of(program.name).clauses;
  std::erase_if(clauses, [&](std::string_view clause) { return !is_backed(clause, facts); });
  return clauses.empty() ? "" : std::string(clauses[stream.index(clauses.size())]);
}

// Whether a face survives the look.
bool keeps_faces(std::string_view look) {
  static const std::set<std::string_view> kLose = {
      "linocut", "pop_art",    "poster",       "neon",      "mosaic",  "stained_glass", "pixel_art",
      "x_ray",   "chalkboard", "stone_relief", "cyberpunk", "thermal", "halftone"};
  return !kLose.contains(look);
}

// The text with the program's strength told where a person would tell it.
std::string with_strength(const Program& program, const std::string& text, Stream& stream) {
  const bool slight = program.strength < 1;
  const auto one_of = [&](const Texts& words) { return words[stream.index(words.size())]; };
  if (editing::find_look(program.name) != nullptr) {
    for (const std::string_view verb : {" look like ", " look as if "}) {
      if (text.find(verb) == std::string::npos) continue;
      return replaced(text, std::string(verb),
                      fmt::format("{}{}{}", slight ? " look " : " really look ",
                                  slight ? one_of({"a little ", "a bit "}) : "", verb.substr(6)));
    }
    // "foggy", but not "lit by neon".
    const std::size_t at = text.find(" look ");
    static const std::set<std::string_view> kNoDegree = {"lit", "bathed", "covered", "as", "dried"};
    if (at != std::string::npos && !std::string_view(text).substr(0, at).ends_with(" the")) {
      const std::string_view way = std::string_view(text).substr(at + 6);
      if (!kNoDegree.contains(way.substr(0, way.find(' ')))) {
        return fmt::format("{} look {} {}", text.substr(0, at),
                           slight ? one_of({"slightly", "a little", "a bit"}) : "really", way);
      }
    }
    return text + (slight ? ", but keep it subtle" : ", as strongly as possible");
  }
  const std::string degree =
      slight ? one_of({"slightly", "a little", "a bit"}) : one_of({"dramatically", "strongly"});
  for (const std::string_view compared : {" brighter", " darker", " dimmer"}) {
    if (text.ends_with(compared))
      return fmt::format("{} {}{}", text.substr(0, text.size() - compared.size()), degree,
                         compared);
  }
  return text + " " + degree;
}

std::string decorated(const Program& program, std::string text, const Facts& facts,
                      Stream& stream) {
  const bool question = text.back() == '?';
  if (question) text.pop_back();
  const bool is_look = editing::find_look(program.name) != nullptr;
  if (program.strength != 1) {
    text = with_strength(program, text, stream);
  } else if (is_look && stream.uniform() < 0.55) {
    const std::string clause = drawn_clause(program, facts, stream);
    // One comparison is enough: "like a duotone, like a gig flyer".
    const bool compares = starts_with_any(clause, {"like ", "as "});
    const bool twice = compares && (has_word(text, "like") || has_word(text, "as"));
    if (!clause.empty() && !twice)
      text += (!compares && stream.uniform() < 0.6 ? " " : ", ") + clause;
  }
  static constexpr const char* kLookTails[] = {
      ", keeping the motion as it is", ", while keeping the original composition",
      ", but leave the movements the same", ", and keep the action unchanged"};
  // Where a face is seen, people ask for it to stay what it is.
  static constexpr const char* kFaceTails[] = {
      ", but keep the {f} recognisable", ", while keeping the {f} recognisable",
      ", and keep the {f} recognisable", ", keeping the {f} clearly recognisable"};
  static constexpr const char* kClearTails[] = {
      ", without covering the {f}", " without hiding the {f}", ", but leave the {f} visible",
      ", keeping the {f} visible"};
  static constexpr const char* kLocalTails[] = {
      ", keeping everything else as it is", ", and leave the rest untouched",
      " while keeping the rest of the scene unchanged", " without changing anything else",
      ", but leave everything else alone"};
  const auto one_of = [&](std::span<const char* const> tails) {
    return std::string(tails[stream.index(tails.size())]);
  };
  // What is isolated changes all the rest: to ask for that to stay would contradict it.
  const double tail_chance = is_look ? 0.15 : program.name == "isolate" ? 0.0 : 0.35;
  const char* face = facts.faces == 1 ? "face" : "faces";
  if (facts.faces > 0 && program.name == "add" && stream.uniform() < 0.3) {
    text += replaced(one_of(kClearTails), "{f}", face);
  } else if (facts.faces > 0 && is_look && keeps_faces(program.name) && stream.uniform() < 0.25) {
    text += replaced(one_of(kFaceTails), "{f}", face);
  } else if (stream.uniform() < tail_chance) {
    text += is_look ? one_of(kLookTails) : one_of(kLocalTails);
  }
  if (question) return text + "?";
  return stream.uniform() < 0.3 ? text + "." : text;
}

}  // namespace

bool is_backed(std::string_view text, const Facts& facts) {
  struct Claim {
    std::string_view word;
    bool Facts::* fact;  ///< null: nothing that is measured can back it
  };
  static constexpr Claim kClaims[] = {{"landscape", &Facts::outdoors},
                                      {"sky", &Facts::sky},
                                      {"horizon", &Facts::sky},
                                      {"leaves", &Facts::greenery},
                                      {"foliage", &Facts::greenery},
                                      {"plants", &Facts::greenery},
                                      {"trees", nullptr},
                                      {"grass", &Facts::greenery},
                                      {"greenery", &Facts::greenery},
                                      {"lamps", nullptr},
                                      {"room", nullptr},
                                      {"street", nullptr},
                                      {"city", nullptr},
                                      {"town", nullptr},
                                      {"park", nullptr}};
  for (const std::string& word : editing::normalised_words(text)) {
    for (const Claim& claim : kClaims) {
      if (word == claim.word && (claim.fact == nullptr || !(facts.*claim.fact))) return false;
    }
  }
  return true;
}

std::vector<std::string> core_sentences(const Program& program, const Facts& facts) {
  return editing::find_look(program.name) != nullptr ? look_sentences(program, facts)
                                                     : local_sentences(program, facts);
}

std::string phrase(const Program& program, const Facts& facts, Stream& stream,
                   std::span<const std::string> own_objects) {
  Program plain = program;
  plain.strength = 1;
  const Texts cores = core_sentences(plain, facts);
  // A decoration that would change the meaning (a clause that swallows the word of strength) is
  // drawn again; a bare sentence always reads back.
  constexpr int kTries = 16;
  for (int i = 0; i < kTries; ++i) {
    const std::string text = decorated(program, cores[stream.index(cores.size())], facts, stream);
    const editing::Parsed parsed = editing::parse_instruction(text, own_objects);
    if (parsed.program && *parsed.program == program) return text;
  }
  throw std::logic_error("no wording reads back as " + to_json(program).dump());
}

}  // namespace ditto::stages::instructing
