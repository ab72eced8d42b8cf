#include "stages/edit/lexicon.h"

namespace ditto::stages::editing {
namespace {

std::string british(const std::string& word) {
  static const std::map<std::string, std::string> kWords = {{"color", "colour"},
                                                            {"colors", "colours"},
                                                            {"colored", "coloured"},
                                                            {"colorful", "colourful"},
                                                            {"colorless", "colourless"},
                                                            {"gray", "grey"},
                                                            {"grayscale", "greyscale"},
                                                            {"cartoonize", "cartoonise"},
                                                            {"stylize", "stylise"},
                                                            {"watercolor", "watercolour"},
                                                            {"watercolors", "watercolours"},
                                                            {"center", "centre"},
                                                            {"recolor", "recolour"},
                                                            {"colorize", "colour"},
                                                            {"mould", "mold"},
                                                            {"x-ray", "x ray"}};
  const auto it = kWords.find(word);
  return it == kWords.end() ? word : it->second;
}

}  // namespace

std::vector<std::string> normalised_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(british(word));
    word.clear();
  };
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '\'') continue;  // "it's" reads as its, "don't" as dont
    if (c == '&') {
      end_word();
      words.emplace_back("and");
      continue;
    }
    if (u >= 0x80 || (u >= '0' && u <= '9') || (u >= 'a' && u <= 'z')) {
      word += c;
    } else if (u >= 'A' && u <= 'Z') {
      word += static_cast<char>(u - 'A' + 'a');
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

std::string normalised(std::string_view text) {
  return fmt::format("{}", fmt::join(normalised_words(text), " "));
}

std::span<const LookWords> look_words() {
  static const std::vector<LookWords> all = [] {
    std::vector<LookWords> out = style_words();
    for (LookWords& words : environment_words()) out.push_back(std::move(words));
    return out;
  }();
  return all;
}

const LookWords& words_of(std::string_view look) {
  for (const LookWords& words : look_words()) {
    if (words.look == look) return words;
  }
  throw std::logic_error("no words for a look");
}

std::span<const Naming> object_namings() {
  static const std::vector<Naming> all = {
      {"hot_air_balloon", {"hot-air balloon", "striped hot-air balloon"}},
      {"balloon", {"balloon", "toy balloon", "party balloon"}},
      {"party_balloons",
       {"bunch of balloons", "cluster of balloons", "bunch of party balloons", "balloons"}},
      {"lantern",
       {"paper lantern", "glowing paper lantern", "Chinese lantern", "lantern", "glowing lantern"}},
      {"kite", {"kite", "diamond kite", "paper kite"}},
      {"birds", {"flock of birds", "few birds", "group of birds", "birds"}},
      {"beach_ball", {"beach ball", "inflatable beach ball", "striped beach ball"}},
      {"butterfly", {"butterfly"}},
      {"moon", {"moon", "full moon", "pale moon"}},
      {"paper_plane", {"paper plane", "paper aeroplane", "paper airplane"}},
      {"rainbow", {"rainbow"}},
      {"umbrella", {"umbrella", "parasol"}},
  };
  return all;
}

std::span<const Naming> backdrop_namings() {
  static const std::vector<Naming> all = {
      {"sunset",
       {"a sunset sky", "a glowing sunset", "an orange and violet sunset", "a dramatic sunset",
        "a red evening sky", "sunset"}},
      {"stars",
       {"a starry night sky", "a night sky full of stars", "a dark sky with stars",
        "a clear starry sky", "stars", "the milky way"}},
      {"clouds",
       {"a sky with white clouds", "fluffy white clouds", "a blue sky with puffy clouds",
        "a bright cloudy summer sky", "clouds"}},
      {"blue sky",
       {"a clear blue sky", "a cloudless blue sky", "a bright blue summer sky",
        "a spotless blue sky", "blue sky"}},
      {"storm",
       {"dark storm clouds", "a stormy sky", "a threatening dark sky", "heavy grey storm clouds",
        "storm clouds"}},
      {"aurora",
       {"the northern lights", "a green aurora", "a night sky with northern lights",
        "an aurora borealis", "aurora", "northern lights"}},
  };
  return all;
}

std::span<const Naming> sky_ways() {
  static const std::vector<Naming> all = {
      {"sunset", {"like sunset", "like a sunset"}},
      {"stars", {"starry", "full of stars", "night", "starlit"}},
      {"clouds", {"cloudy", "with clouds", "with white clouds"}},
      {"blue sky", {"clear", "clear and blue", "bright and clear", "cloudless"}},
      {"storm", {"stormy", "dark and stormy", "stormy and dark", "threatening"}},
      {"aurora", {"like an aurora", "full of northern lights"}},
  };
  return all;
}

std::span<const Naming> ground_namings() {
  static const std::vector<Naming> all = {
      {"snow", {"fresh snow", "a blanket of snow", "deep white snow", "snow"}},
      {"sand", {"desert sand", "golden sand", "dry sand", "sand"}},
      {"autumn leaves",
       {"fallen autumn leaves", "red and orange autumn leaves", "a carpet of autumn leaves",
        "autumn leaves"}},
      {"lavender",
       {"lavender", "blooming lavender", "a field of lavender", "purple lavender",
        "a lavender field"}},
      {"wheat", {"ripe wheat", "golden wheat", "a field of wheat", "wheat", "a wheat field"}},
  };
  return all;
}

std::span<const Naming> material_namings() {
  static const std::vector<Naming> all = {
      {"gold", {"polished gold", "solid gold", "gold", "shiny gold"}},
      {"silver", {"polished silver", "solid silver", "silver", "shiny silver", "chrome"}},
      {"copper", {"polished copper", "shiny copper", "copper"}},
      {"ice", {"clear ice", "blue ice", "ice"}},
      {"marble", {"white marble", "polished marble", "marble"}},
  };
  return all;
}

std::span<const Naming> kind_namings() {
  static const std::vector<Naming> all = {
      {"sky", {"sky"}},
      {"greenery",
       {"greenery", "vegetation", "plants", "foliage", "leaves", "trees", "bushes",
        "green vegetation"}},
      {"grass", {"grass", "lawn", "meadow"}},
      {"background", {"plain background", "background", "backdrop", "plain backdrop", "wall"}},
      {"person",
       {"person", "pedestrian", "walker", "passer by", "passerby", "man", "woman", "guy", "lady"}},
  };
  return all;
}

std::span<const Naming> place_namings() {
  static const std::vector<Naming> all = {
      {"upper left",
       {"in the upper left corner", "in the upper left", "at the top left",
        "in the top left corner", "to the top left", "to the upper left", "at the upper left",
        "in the top left"}},
      {"upper right",
       {"in the upper right corner", "in the upper right", "at the top right",
        "in the top right corner", "to the top right", "to the upper right", "at the upper right",
        "in the top right"}},
      {"lower left",
       {"in the lower left corner", "in the lower left", "at the bottom left",
        "in the bottom left corner", "to the bottom left", "to the lower left", "at the lower left",
        "in the bottom left"}},
      {"lower right",
       {"in the lower right corner", "in the lower right", "at the bottom right",
        "in the bottom right corner", "to the bottom right", "to the lower right",
        "at the lower right", "in the bottom right"}},
      {"top", {"at the top", "near the top", "at the top of the picture", "from the top"}},
      {"bottom", {"at the bottom", "near the bottom", "at the bottom of the picture"}},
      {"left", {"on the left", "on the left side", "at the left", "to the left"}},
      {"right", {"on the right", "on the right side", "at the right", "to the right"}},
      {"centre", {"in the middle", "in the centre", "at the centre of the picture"}},
      {"sky", {"in the sky", "up in the sky", "high in the sky", "to the sky"}},
  };
  return all;
}

std::span<const Naming> side_namings() {
  static const std::vector<Naming> all = {
      {"left", {"on the left side", "on the left", "at the left", "to the left"}},
      {"right", {"on the right side", "on the right", "at the right", "to the right"}},
      {"middle", {"in the middle", "in the centre", "at the centre"}},
      {"top", {"at the top", "near the top"}},
      {"bottom", {"at the bottom", "near the bottom"}},
  };
  return all;
}

std::span<const std::string_view> slight_words() {
  static constexpr std::string_view kWords[] = {
      "subtly",       "slightly",   "gently",        "just a little",
      "a little bit", "a touch of", "only slightly", "but keep it subtle",
      "lightly",      "a bit",      "a little",      "just a hint of",
      "a hint of",    "faintly"};
  return kWords;
}

std::span<const std::string_view> strong_words() {
  static constexpr std::string_view kWords[] = {
      "boldly",      "strongly",      "dramatically",  "as strongly as possible",
      "to the full", "and go all in", "very strongly", "intensely",
      "really",      "heavily",       "very",          "much",
      "a lot"};
  return kWords;
}

}  // namespace ditto::stages::editing
