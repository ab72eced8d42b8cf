#include <gtest/gtest.h>

#include "stages/edit/drawn_objects.h"
#include "stages/edit/looks.h"
#include "stages/edit/parser.h"
#include "stages/instruct/wording.h"

namespace ditto::stages {
namespace {

using editing::Program;

constexpr instructing::Facts kAll = {
    .outdoors = true, .sky = true, .greenery = true, .moving = true};

std::vector<Program> every_program() {
  std::vector<Program> out;
  for (const editing::Look& look : editing::looks()) {
    for (const double strength : {0.7, 1.0, 1.3}) {
      Program program;
      program.name = look.name;
      program.strength = strength;
      if (look.has_colour) program.colour = "purple";
      out.push_back(program);
    }
  }
  const auto local = [&](std::string name, editing::Target target, std::string colour,
                         std::string object, std::string place) {
    Program program;
    program.name = std::move(name);
    program.target = std::move(target);
    program.colour = std::move(colour);
    program.object = std::move(object);
    program.place = std::move(place);
    out.push_back(program);
  };
  const editing::Target red{"object", "red", ""};
  for (const char* side : {"", "left", "right", "middle", "top", "bottom"}) {
    const editing::Target target{"object", "yellow", side};
    for (const char* name : {"brighten", "darken", "isolate", "remove"})
      local(name, target, "", "", "");
    local("recolour", target, "blue", "", "");
  }
  for (const char* colour : {"blue", "green", "white", "black", "orange", "pink", "purple", "cyan"})
    local("recolour", red, colour, "", "");
  for (const std::string_view material : editing::materials())
    local("material", red, "", std::string(material), "");
  for (const std::string_view object : editing::solid_objects()) {
    local("replace", red, "", std::string(object), "");
    if (editing::placement_of(object).has_colour)
      local("replace", red, "blue", std::string(object), "");
  }
  for (const std::string_view sky : editing::backdrops())
    local("replace", {"sky", "", ""}, "", std::string(sky), "");
  for (const std::string_view cover : editing::grounds()) {
    local("replace", {"greenery", "", ""}, "", std::string(cover), "");
    local("replace", {"grass", "", ""}, "", std::string(cover), "");
  }
  for (const char* kind : {"sky", "greenery", "background"}) {
    local("recolour", {kind, "", ""}, "pink", "", "");
    local("darken", {kind, "", ""}, "", "", "");
    local("isolate", {kind, "", ""}, "", "", "");
  }
  local("remove", {"person", "", "left"}, "", "", "");
  for (const std::string_view object : editing::drawn_objects()) {
    local("add", {}, "", std::string(object), "");
    for (const std::string_view place : editing::places())
      local("add", {}, "", std::string(object), std::string(place));
    if (editing::placement_of(object).has_colour)
      local("add", {}, "orange", std::string(object), "left");
  }
  return out;
}

TEST(Wording, EverySentenceReadsBackAsItsProgram) {
  std::set<std::string> seen;
  for (Program program : every_program()) {
    if (program.strength != 1) continue;
    const auto sentences = instructing::core_sentences(program, kAll);
    EXPECT_GE(sentences.size(), 8U) << program.name;
    // All for one of a kind, a sample of the rest: the templates are the same.
    const bool first = seen.insert(program.name + program.object).second;
    const std::size_t step = first ? 1 : 7;
    for (std::size_t i = 0; i < sentences.size(); i += step) {
      const editing::Parsed parsed = editing::parse_instruction(sentences[i]);
      ASSERT_TRUE(parsed.program) << sentences[i] << ": " << parsed.refusal;
      ASSERT_EQ(*parsed.program, program)
          << sentences[i] << ": " << to_json(*parsed.program).dump();
    }
  }
}

TEST(Wording, DecoratedPhrasesReadBackToo) {
  Stream stream(3, "wording", "instruct");
  for (const Program& program : every_program()) {
    for (int i = 0; i < 4; ++i) {
      const std::string text = instructing::phrase(program, kAll, stream);
      const editing::Parsed parsed = editing::parse_instruction(text);
      ASSERT_TRUE(parsed.program) << text << ": " << parsed.refusal;
      ASSERT_EQ(*parsed.program, program) << text;
    }
  }
}

TEST(Wording, TakesNothingForGrantedThatIsNotKnown) {
  for (const Program& program : every_program()) {
    if (program.strength != 1) continue;
    const auto sentences = instructing::core_sentences(program, {});
    EXPECT_GE(sentences.size(), 8U) << program.name;
    for (const std::string& text : sentences) {
      EXPECT_EQ(text.find(" moving "), std::string::npos) << text;
      if (editing::find_look(program.name) == nullptr) continue;
      for (const char* word : {" sky", "leaves", "landscape", "street", " room"})
        EXPECT_EQ(text.find(word), std::string::npos) << text;
    }
  }
  EXPECT_FALSE(instructing::is_backed("with a pink sky", {}));
  EXPECT_TRUE(instructing::is_backed("with a pink sky", {.sky = true}));
  EXPECT_FALSE(instructing::is_backed("with the lamps still lit", kAll));
}

// 200 clips with five instructions each, chosen as if every edit were possible in all of them.
TEST(Wording, AThousandInstructionsHaveAtLeastEightHundredTexts) {
  std::vector<Program> programs = every_program();
  std::set<std::string> texts;
  for (int clip = 0; clip < 200; ++clip) {
    Stream stream(9, std::to_string(clip), "instruct");
    const instructing::Facts facts = {.outdoors = clip % 2 == 0, .sky = clip % 3 == 0};
    for (int i = 0; i < 5; ++i)
      texts.insert(instructing::phrase(programs[stream.index(programs.size())], facts, stream));
  }
  EXPECT_GE(texts.size(), 800U);
}

TEST(Parser, ReadsWhatPeopleType) {
  const std::pair<const char*, nlohmann::json> cases[] = {
      {"make it night", {{"program", "night"}, {"strength", 1.0}}},
      {"Make it in the style of Japanese anime", {{"program", "anime"}, {"strength", 1.0}}},
      {"turn this into a watercolor painting", {{"program", "watercolour"}, {"strength", 1.0}}},
      {"pencil sketch", {{"program", "pencil_sketch"}, {"strength", 1.0}}},
      {"Could you make it black-and-white, please?",
       {{"program", "black_and_white"}, {"strength", 1.0}}},
      {"Make the picture slightly more vivid", {{"program", "vivid"}, {"strength", 0.7}}},
      {"Make the red car blue",
       {{"program", "recolour"},
        {"strength", 1.0},
        {"target", {{"kind", "object"}, {"colour", "red"}}},
        {"colour", "blue"}}},
      {"Change the color of the purple dress to green while keeping everything else the same",
       {{"program", "recolour"},
        {"strength", 1.0},
        {"target", {{"kind", "object"}, {"colour", "purple"}}},
        {"colour", "green"}}},
      {"remove the person on the left",
       {{"program", "remove"},
        {"strength", 1.0},
        {"target", {{"kind", "person"}, {"side", "left"}}}}},
      {"make the sky stormy",
       {{"program", "replace"},
        {"strength", 1.0},
        {"target", {{"kind", "sky"}}},
        {"object", "storm"}}},
      {"Turn it black and white but keep the red balloon in color",
       {{"program", "isolate"},
        {"strength", 1.0},
        {"target", {{"kind", "object"}, {"colour", "red"}}}}},
      {"Add a hot air balloon in the sky",
       {{"program", "add"}, {"strength", 1.0}, {"object", "hot_air_balloon"}, {"place", "sky"}}},
  };
  for (const auto& [text, expected] : cases) {
    const editing::Parsed parsed = editing::parse_instruction(text);
    ASSERT_TRUE(parsed.program) << text << ": " << parsed.refusal;
    EXPECT_EQ(to_json(*parsed.program), expected) << text;
    EXPECT_EQ(to_json(editing::program_from_json(to_json(*parsed.program))), expected);
  }
}

// As people type it: the program's name, and what it is about.
TEST(Parser, ReadsFreeWordings) {
  struct Case {
    const char* text;
    const char* program;
    const char* about = "";  // target, or what is added
    const char* with = "";   // colour or object
  };
  static constexpr Case kCases[] = {
      {"Turn the video into a sketch", "pencil_sketch"},
      {"make this black & white", "black_and_white"},
      {"B&W please", "black_and_white"},
      {"Add a sepia filter", "sepia"},
      {"Give it a sepia tone", "sepia"},
      {"Make it look like an old movie", "vintage_film"},
      {"Apply a cartoon effect", "cartoon"},
      {"Cartoonify this", "cartoon"},
      {"Turn it into a painting", "oil_painting"},
      {"make it look like it was painted with watercolors", "watercolour"},
      {"add snow", "snow"},
      {"Make it look like it's snowing", "snow"},
      {"It should be night time", "night"},
      {"Change day to night", "night"},
      {"Add some fog", "fog"},
      {"make it look rainy and wet", "rain"},
      {"Turn the trees to autumn colors", "autumn"},
      {"make it look like fall", "autumn"},
      {"Increase the saturation", "vivid"},
      {"make it brighter", "brighter"},
      {"make it much darker please", "darker"},
      {"make the colours a bit warmer", "warmer"},
      {"Give it cool tones", "cooler"},
      {"Make the sky darker", "darken", "the sky"},
      {"Make the red car much brighter", "brighten", "the red object"},
      {"make it look like a video game from the 80s", "pixel_art"},
      {"Make the leaves orange", "recolour", "the greenery", "orange"},
      {"put a sunset in the sky", "replace", "the sky", "sunset"},
      {"Give the sky some clouds", "replace", "the sky", "clouds"},
      {"add clouds to the sky", "replace", "the sky", "clouds"},
      {"make the sky cloudy", "replace", "the sky", "clouds"},
      {"make the sky dark and stormy", "replace", "the sky", "storm"},
      {"Add northern lights to the sky", "replace", "the sky", "aurora"},
      {"turn the lawn into a lavender field", "replace", "the grass", "lavender"},
      {"replace grass with sand", "replace", "the grass", "sand"},
      {"remove the man on the left", "remove", "the person on the left"},
      {"Erase the pedestrian walking in the middle", "remove", "the person in the middle"},
      {"remove the car driving by", "remove", "the moving object"},
      {"Can you remove the passing car?", "remove", "the moving object"},
      {"Only keep the red in color", "isolate", "the red object"},
      {"Keep the red bag in colour and make everything else gray", "isolate", "the red object"},
      {"make everything black and white except the red box", "isolate", "the red object"},
      {"Make the red one green", "recolour", "the red object", "green"},
      {"Tint the red object blue", "recolour", "the red object", "blue"},
      {"add a full moon to the sky", "add", "moon"},
      {"Add a hot air balloon floating in the background", "add", "hot air balloon"},
      {"put a kite up in the air", "add", "kite"},
  };
  for (const Case& it : kCases) {
    SCOPED_TRACE(it.text);
    const editing::Parsed parsed = editing::parse_instruction(it.text);
    ASSERT_TRUE(parsed.program) << parsed.refusal;
    EXPECT_EQ(parsed.program->name, it.program);
    if (*it.about != 0) {
      EXPECT_EQ(editing::target_text(*parsed.program), it.about);
    }
    if (*it.with != 0) {
      EXPECT_TRUE(parsed.program->colour == it.with || parsed.program->object == it.with);
    }
  }
}

TEST(Parser, RefusesWhatItDoesNotKnowEntirely) {
  const std::pair<const char*, const char*> cases[] = {
      {"Turn it into the LEGO style", "lego"},
      {"Replace the black dog with a white fox sitting calmly beside them", "\"dog\""},
      {"Add a dragon in the sky", "dragon"},
      {"Don't make it night", "dont"},
      {"Make it night without the blue tint", "without"},
      {"Make it a snowy night", "more than one edit"},
      {"make the car blue", "without its colour"},
      {"Put a tiny green kite at the top left", "tiny"},
      {"Make her smile", "her"},
      {"Add a neon sign", "not \"add\""},
      {"Add candles", "not \"add\""},
      {"Put sunglasses on the man", "sunglasses"},
      {"Turn it into Van Gogh's Starry Night", "goghs"},
      {"", "no known edit"},
      {"\xff\xfe?!", "no known edit"},
  };
  for (const auto& [text, named] : cases) {
    const editing::Parsed parsed = editing::parse_instruction(text);
    EXPECT_FALSE(parsed.program) << text;
    EXPECT_NE(parsed.refusal.find(named), std::string::npos) << text << ": " << parsed.refusal;
    EXPECT_NE(parsed.refusal.find("watercolour"), std::string::npos) << "says what it can do";
  }
}

TEST(Parser, PlacesAreUnderstoodHoweverTheyArePut) {
  const std::map<std::string, std::string> places = {{"at the upper left", "upper left"},
                                                     {"in the top left corner", "upper left"},
                                                     {"in the bottom right", "lower right"},
                                                     {"at the lower right", "lower right"},
                                                     {"at the left", "left"},
                                                     {"on the right side", "right"}};
  for (const auto& [words, place] : places) {
    const editing::Parsed parsed = editing::parse_instruction("Add a butterfly " + words);
    ASSERT_TRUE(parsed.program) << words << ": " << parsed.refusal;
    EXPECT_EQ(parsed.program->place, place) << words;
  }
}

}  // namespace
}  // namespace ditto::stages
