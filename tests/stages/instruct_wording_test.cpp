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

}  // namespace
}  // namespace ditto::stages
