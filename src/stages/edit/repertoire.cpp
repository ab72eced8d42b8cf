#include "ditto/stages/edit.h"
#include "stages/edit/colours.h"
#include "stages/edit/drawn_objects.h"
#include "stages/edit/lexicon.h"
#include "stages/edit/looks.h"
#include "stages/edit/program.h"

namespace ditto::stages {
namespace {

using namespace editing;  // NOLINT(google-build-using-namespace): this file is about nothing else

std::string in_a_colour(std::string_view phrase) {
  std::string out(phrase);
  const std::size_t at = out.find("{colour}");
  return at == std::string::npos ? out : out.replace(at, 8, "blue");
}

std::string all_colours() {
  std::vector<std::string_view> names;
  for (int i = 0; i < kColours; ++i) names.push_back(name_of(static_cast<Colour>(i)));
  return fmt::format("{}", fmt::join(names, ", "));
}

EditProgram described(const Look& look) {
  EditProgram out;
  out.name = look.name;
  out.task = look.task;
  out.family = look.family;
  if (look.has_colour)
    out.parameters = {"colour: red, orange, yellow, green, cyan, blue, purple, pink, brown"};
  const LookWords& words = words_of(look.name);
  const auto say = [&](const char* before, std::string_view phrase) {
    out.samples.push_back(before + in_a_colour(phrase));
  };
  for (const std::string_view noun : words.nouns) {
    if (out.samples.size() < 2)
      say(out.samples.empty() ? "Turn it into " : "Make it look like ", noun);
  }
  if (!words.ways.empty()) say("Make it look ", words.ways.front());
  for (const std::string_view sentence : words.sentences) {
    if (out.samples.size() < 4) say("", sentence);
  }
  return out;
}

std::vector<EditProgram> local_programs() {
  const std::string target =
      "target: an object of one colour, the sky, grass, greenery, a plain "
      "background, a person, what moves; with its side where there are several";
  const std::string colour = "colour: " + all_colours();
  return {
      {"recolour",
       Task::kLocalAttribute,
       "",
       {target, colour},
       {"Make the red object blue", "Paint the sky orange",
        "Change the colour of the greenery to purple"}},
      {"brighten",
       Task::kLocalAttribute,
       "",
       {target},
       {"Brighten the red object", "Make the background brighter",
        "Brighten the person on the left"}},
      {"darken",
       Task::kLocalAttribute,
       "",
       {target},
       {"Darken the sky", "Make the background darker", "Make the red object on the left darker"}},
      {"isolate",
       Task::kLocalAttribute,
       "",
       {target},
       {"Keep only the red object in colour", "Make everything except the greenery black and white",
        "Desaturate everything but the yellow object"}},
      {"material",
       Task::kLocalAttribute,
       "",
       {"target: an object of one colour", fmt::format("object: {}", fmt::join(materials(), ", "))},
       {"Turn the red object into gold", "Make the blue thing out of marble",
        "Change the green object to ice"}},
      {"remove",
       Task::kLocalRemove,
       "",
       {"target: an object of one colour, a person, what moves"},
       {"Remove the red object", "Remove the person on the left", "Remove the moving object"}},
      {"add",
       Task::kLocalAdd,
       "",
       {fmt::format("object: {}", fmt::join(drawn_objects(), ", ")), colour,
        fmt::format("place: {}", fmt::join(places(), ", "))},
       {"Add a red hot-air balloon in the sky", "Put a beach ball in the lower left corner",
        "Add a butterfly"}},
      {"replace",
       Task::kLocalReplace,
       "",
       {fmt::format("the sky with {}", fmt::join(backdrops(), ", ")),
        fmt::format("grass or greenery with {}", fmt::join(grounds(), ", ")),
        fmt::format("an object with {}", fmt::join(solid_objects(), ", "))},
       {"Replace the sky with a starry night sky", "Turn the grass into lavender",
        "Replace the red object with a yellow beach ball"}},
  };
}

}  // namespace

std::vector<EditProgram> edit_programs() {
  std::vector<EditProgram> out;
  for (const Look& look : looks()) out.push_back(described(look));
  for (EditProgram& program : local_programs()) out.push_back(std::move(program));
  return out;
}

}  // namespace ditto::stages
