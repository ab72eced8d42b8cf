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
                               "Change the {c} to {n}",
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
  } else if (target.kind == "person" && moving) {
    nouns = {"the person", "the moving person"};
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
      for (const std::string_view words : side.words)
        out.push_back(fmt::format("{} {}", noun, words));
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

// "a red hot-air balloon"
Texts object_phrases(const Program& program) {
  Texts out;
  for (const std::string& noun : named(editing::object_namings(), program.object)) {
    // Plurals without a collective read badly after an article.
    if (noun == "birds" || noun == "balloons") continue;
    out.push_back(with_article(program.colour.empty() ? noun : program.colour + " " + noun));
  }
  return out;
}

Texts place_phrases(const Program& program) {
  return program.place.empty() ? Texts{""} : named(editing::place_namings(), program.place);
}

Texts replacement_phrases(const Program& program) {
  Texts out;
  if (program.target.kind == "object") return object_phrases(program);
  for (const std::string& words :
       named(program.target.kind == "sky" ? editing::backdrop_namings() : editing::ground_namings(),
             program.object)) {
    // Those without an article are for the parser's readers only.
    const bool bare = words == "sunset" || words == "stars" || words == "clouds" ||
                      words == "blue sky" || words == "storm clouds" || words == "stormy" ||
                      words == "aurora";
    if (!bare) out.push_back(words);
  }
  return out;
}

Texts local_templates(const Program& program) {
  if (program.name == "recolour") {
    return {"Make {t} {o}",
            "Change the colour of {t} to {o}",
            "Paint {t} {o}",
            "Turn {t} {o}",
            "Recolour {t} {o}",
            "Tint {t} {o}",
            "Give {t} a new {o} colour",
            "Repaint {t} in {o}",
            "Switch the colour of {t} to {o}",
            "Could you make {t} {o}?",
            "Change {t} to {o}",
            "Please colour {t} {o}",
            "Dye {t} {o}"};
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
  return {"Add {o} {p}",
          "Put {o} {p}",
          "Place {o} {p}",
          "Draw {o} {p}",
          "Insert {o} {p}",
          "Let {o} appear {p}",
          "Include {o} {p}",
          "Please add {o} {p}",
          "Could you add {o} {p}?",
          "Bring in {o} {p}",
          "I'd like you to add {o} {p}"};
}

std::string tidy(std::string text) {
  text = replaced(text, " ?", "?");
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
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
  const auto combine = [&](const Texts& forms, std::span<const std::string_view> fillings) {
    for (const std::string& form : forms) {
      for (const std::string_view filling : fillings) {
        const std::string text = replaced(form, "{n}", std::string(filling));
        if (text.find("{c}") == std::string::npos) {
          out.push_back(text);
          continue;
        }
        for (const char* clip : kClips) out.push_back(replaced(text, "{c}", clip));
      }
    }
  };
  combine(noun_templates(is_style), words.nouns);
  combine(way_templates(), words.ways);
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

std::string decorated(const Program& program, std::string text, const Facts& facts,
                      Stream& stream) {
  const bool question = text.back() == '?';
  if (question) text.pop_back();
  const bool is_look = editing::find_look(program.name) != nullptr;
  if (program.strength != 1) {
    const auto words = program.strength < 1 ? editing::slight_words() : editing::strong_words();
    // Those that can end a sentence come first in the lists.
    const std::string_view word = words[stream.index(program.strength < 1 ? 5 : 6)];
    static const std::set<std::string_view> kNotLast = {"a touch of"};
    text += kNotLast.contains(word) ? ", slightly" : fmt::format(", {}", word);
  } else if (is_look && stream.uniform() < 0.55) {
    const std::string clause = drawn_clause(program, facts, stream);
    if (!clause.empty()) text += (stream.uniform() < 0.6 ? " " : ", ") + clause;
  }
  static constexpr const char* kLookTails[] = {
      ", keeping the motion as it is", " while keeping the original composition",
      ", but leave the movements the same", " and keep the action unchanged"};
  static constexpr const char* kLocalTails[] = {
      ", keeping everything else as it is", " and leave the rest untouched",
      " while keeping the rest of the scene unchanged", " without changing anything else",
      ", but leave everything else alone"};
  // What is isolated changes all the rest: to ask for that to stay would contradict it.
  const double tail_chance = is_look ? 0.15 : program.name == "isolate" ? 0.0 : 0.35;
  if (stream.uniform() < tail_chance) {
    text += is_look ? kLookTails[stream.index(std::size(kLookTails))]
                    : kLocalTails[stream.index(std::size(kLocalTails))];
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

std::string phrase(const Program& program, const Facts& facts, Stream& stream) {
  Program plain = program;
  plain.strength = 1;
  const Texts cores = core_sentences(plain, facts);
  // A decoration that would change the meaning (a clause that swallows the word of strength) is
  // drawn again; a bare sentence always reads back.
  constexpr int kTries = 16;
  for (int i = 0; i < kTries; ++i) {
    const std::string text = decorated(program, cores[stream.index(cores.size())], facts, stream);
    const editing::Parsed parsed = editing::parse_instruction(text);
    if (parsed.program && *parsed.program == program) return text;
  }
  throw std::logic_error("no wording reads back as " + to_json(program).dump());
}

}  // namespace ditto::stages::instructing
