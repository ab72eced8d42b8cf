#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>

#include "instruct_scenes.h"
#include "stages/edit/parser.h"
#include "stages/instruct/candidates.h"
#include "stages/instruct/mix.h"

// Every claim of the instructions for clips of known content, checked against what was drawn: once
// as the program says it, once as the words do. DITTO_TRUTH_CLIPS sets how many clips and
// DITTO_TRUTH_SEED which (tests/quality has a script that asks for 200).
namespace ditto::stages {
namespace {

using scenes::Scene;
using scenes::Scenery;
using scenes::Shape;
using Names = std::vector<std::string>;

bool contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool has_plants(const Scene& scene) {
  return scene.scenery == Scenery::kLandscape || scene.scenery == Scenery::kLeaves;
}

// Whether the side is true of the shape in every frame, as a lenient viewer would say: of a place
// on the wrong half nobody says so.
bool is_at(const Scene& scene, const Shape& shape, const std::string& side) {
  for (int t = 0; t < scene.frames; ++t) {
    const cv::Point2d c = scene.at(shape, t);
    if (side == "left" && c.x > 0.45) return false;
    if (side == "right" && c.x < 0.55) return false;
    if (side == "top" && c.y > 0.42) return false;
    if (side == "bottom" && c.y < 0.58) return false;
    if (side == "middle" && (std::abs(c.x - 0.5) > 0.2 || std::abs(c.y - 0.5) > 0.3)) return false;
  }
  return true;
}

// Whether the two look like one thing in every frame: of one paint, and nothing between them.
bool are_one(const Scene& scene, const Shape& a, const Shape& b) {
  constexpr double kGap = 6;  // pixels
  const auto half = [&](const Shape& shape) {
    const double h = shape.size * scene.size.height / 2;
    return cv::Point2d(shape.round ? h : 1.2 * h, h);
  };
  for (int t = 0; t < scene.frames; ++t) {
    const cv::Point2d d = scene.at(a, t) - scene.at(b, t);
    const cv::Point2d reach = half(a) + half(b) + cv::Point2d(kGap, kGap);
    if (std::abs(d.x) * scene.size.width > reach.x || std::abs(d.y) * scene.size.height > reach.y)
      return false;
  }
  return a.paint.rgb == b.paint.rgb;
}

// Whether nobody ever sees anything of it: what is drawn later is in front.
bool is_hidden(const Scene& scene, const Shape& shape) {
  for (int t = 0; t < scene.frames; ++t) {
    cv::Mat picture = cv::Mat::zeros(scene.size, CV_8UC3);
    for (const Shape& other : scene.shapes) {
      if (t < other.from) continue;
      Shape marked = other;
      marked.paint.rgb = &other == &shape ? cv::Vec3b(255, 255, 255) : cv::Vec3b(0, 0, 0);
      scenes::detail::draw(picture, scene, marked, t);
    }
    if (cv::countNonZero(picture.reshape(1)) > 0) return false;
  }
  return true;
}

// What "the <colour> object [side]" means: the one shape in view that may be called so, there all
// along; null when there is none, or more than one.
const Shape* meant(const Scene& scene, const std::string& colour, const std::string& side) {
  const Shape* only = nullptr;
  for (const Shape& shape : scene.shapes) {
    if (!contains(shape.paint.names, colour)) continue;
    if (!side.empty() && !is_at(scene, shape, side)) continue;
    if (is_hidden(scene, shape)) continue;
    if (shape.from > 0) return nullptr;
    if (only != nullptr && !are_one(scene, *only, shape)) return nullptr;
    only = &shape;
  }
  return only;
}

std::string word_in(const std::string& text, const std::string& pattern) {
  std::smatch found;
  return std::regex_search(text, found, std::regex(pattern)) ? found[1].str() : "";
}

// The first half of a sentence is about the clip; what follows "with" or "into" is wished for.
struct Words {
  std::string colour;
  std::string side;
  bool moving = false;
};
Words words_of_object(const std::string& text) {
  Words words;
  words.colour = word_in(text, "the (?:moving )?(\\w+) (?:object|thing|item)");
  words.side = word_in(text, "(?:object|thing|item) (?:on|at|to|in|near) the (\\w+)");
  if (words.side == "centre") words.side = "middle";
  words.moving = text.find("the moving") != std::string::npos;
  return words;
}

class Checker {
 public:
  explicit Checker(const Scene& scene) : scene_(scene) {}

  void check(const Instruction& instruction) const {
    SCOPED_TRACE(instruction.text + "  " + instruction.program.dump());
    const editing::Program program = editing::program_from_json(instruction.program);
    const editing::Parsed parsed = editing::parse_instruction(instruction.text);
    ASSERT_TRUE(parsed.program) << parsed.refusal;
    EXPECT_EQ(*parsed.program, program);
    EXPECT_EQ(instruction.task, task_of(program));
    EXPECT_EQ(instruction.target, editing::target_text(program));
    EXPECT_FALSE(std::regex_search(instruction.text, std::regex("\\bfaces?\\b")));
    if (is_global(instruction.task)) return check_look(program, instruction.text);
    if (program.name == "add") return check_addition(program);
    const std::string& kind = program.target.kind;
    if (kind == "object") return check_object(program, instruction.text);
    if (kind == "sky") {
      EXPECT_EQ(scene_.scenery, Scenery::kLandscape);
      EXPECT_FALSE(program.colour == "blue");
    } else if (kind == "greenery" || kind == "grass") {
      EXPECT_TRUE(has_plants(scene_));
      EXPECT_FALSE(program.colour == "green");
    } else if (kind == "background") {
      EXPECT_EQ(scene_.scenery, Scenery::kWall);
      EXPECT_FALSE(contains(scene_.wall_names, program.colour));
    } else if (kind == "moving") {
      check_moving(program);
    } else {
      ADD_FAILURE() << "nothing of this kind was drawn: " << kind;
    }
  }

 private:
  void check_object(const editing::Program& program, const std::string& text) const {
    const Words words = words_of_object(text);
    EXPECT_EQ(words.colour, program.target.colour);
    EXPECT_EQ(words.side, program.target.side);
    const Shape* shape = meant(scene_, words.colour, words.side);
    ASSERT_NE(shape, nullptr) << "no such thing, or more than one";
    EXPECT_TRUE(!words.moving || is_moving(*shape));
    EXPECT_FALSE(contains(shape->paint.names, program.colour) && program.name == "recolour");
    EXPECT_FALSE(program.name == "darken" && words.colour == "black");
    EXPECT_FALSE(program.name == "brighten" && words.colour == "white");
  }

  // Nobody moves on purpose at less than a thousandth of the height per frame. Before a plain wall
  // nobody can tell whether it is the camera.
  bool is_moving(const Shape& shape) const {
    const bool seen_against = scene_.scenery != Scenery::kWall;
    return cv::norm(seen_against ? shape.velocity : shape.velocity - scene_.pan) > 0.001;
  }

  void check_moving(const editing::Program& program) const {
    int moving = 0;
    for (const Shape& shape : scene_.shapes) {
      if (is_moving(shape) &&
          (program.target.side.empty() || is_at(scene_, shape, program.target.side)))
        ++moving;
    }
    EXPECT_EQ(moving, 1);
  }

  void check_look(const editing::Program& program, const std::string& text) const {
    static const Names kWeather = {"fog",         "snow",           "frost",     "rain",
                                   "autumn",      "cherry_blossom", "drought",   "spring",
                                   "overcast",    "stormy",         "sandstorm", "dawn",
                                   "golden_hour", "sunset",         "moonlight"};
    EXPECT_TRUE(has_plants(scene_) || !contains(kWeather, program.name)) << "indoors, or a floor";
    EXPECT_TRUE(scene_.scenery == Scenery::kLandscape ||
                !std::regex_search(text, std::regex("\\bsky|horizon")));
    EXPECT_TRUE(
        has_plants(scene_) ||
        !std::regex_search(text, std::regex("\\bgrass|\\bleaves|foliage|\\bplants|greenery")));
    if (scene_.scenery == Scenery::kDarkFloor && scene_.shapes.empty()) {
      EXPECT_FALSE(contains({"night", "moonlight", "film_noir"}, program.name));
      EXPECT_NE(program.name, "black_and_white");
    }
    const bool colourless = scene_.shapes.empty() && (scene_.scenery == Scenery::kGreyFloor ||
                                                      scene_.scenery == Scenery::kPaleFloor);
    EXPECT_FALSE(colourless && program.name == "black_and_white");
  }

  void check_addition(const editing::Program& program) const {
    const bool in_sky = program.place == "sky" || contains({"moon", "rainbow"}, program.object);
    EXPECT_TRUE(scene_.scenery == Scenery::kLandscape || !in_sky);
  }

  const Scene& scene_;
};

// What a person would take for the same edit, whatever the words.
std::string sense_of(const editing::Program& program) {
  if (contains({"black_and_white", "film_noir"}, program.name)) return "no colour";
  if (contains({"night", "moonlight"}, program.name)) return "night";
  if (contains({"sunset", "golden_hour"}, program.name)) return "sunset";
  if (contains({"autumn", "drought"}, program.name)) return "autumn";
  if (program.name == "add") return "add " + program.object;
  return program.name + " " + program.target.kind + " " + program.target.colour;
}

int from_environment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::max(1, std::atoi(text));
}

TEST(InstructTruth, EveryClaimHoldsOfWhatWasDrawn) {
  const int clips = from_environment("DITTO_TRUTH_CLIPS", 10);
  const auto seed = static_cast<std::uint64_t>(from_environment("DITTO_TRUTH_SEED", 11));
  constexpr int kCount = 5;
  const config::Instruct config;
  const auto instructor = make_instructor(config);
  std::set<std::string> texts;
  std::array<std::int64_t, kTasks> given = {};
  std::map<std::string, int> about;
  TaskCounts owed = {};
  int total = 0;
  for (int i = 0; i < clips; ++i) {
    const std::string id = std::to_string(i);
    Stream draw(seed, id, "scene");
    const Scene scene = scenes::random_scene(draw);
    const Clip clip = scenes::drawn(scene, id, i);
    const Instructions out =
        instructor->instruct(clip, {.count = kCount, .owed = owed, .clips_after = clips - 1 - i},
                             Stream(2, id, "instruct"));
    owed = out.owed;
    // What a clip doesn't offer, others make up for: nowhere in the run is the mix far off.
    for (std::size_t t = 0; t < owed.size(); ++t)
      EXPECT_LE(std::abs(owed[t]), 4) << name_of(static_cast<Task>(t)) << " after clip " << i;
    EXPECT_EQ(out.list.size(), static_cast<std::size_t>(kCount)) << id;
    SCOPED_TRACE("clip " + id + ": " + scenes::described(scene));
    std::set<std::string> senses;
    for (const Instruction& instruction : out.list) {
      Checker(scene).check(instruction);
      texts.insert(instruction.text);
      ++given[static_cast<std::size_t>(instruction.task)];
      const editing::Program program = editing::program_from_json(instruction.program);
      ++about[program.target.kind.empty() ? std::string(name_of(instruction.task))
                                          : program.target.kind];
      EXPECT_TRUE(senses.insert(sense_of(program)).second) << instruction.text << ": asked twice";
      ++total;
    }
  }
  EXPECT_GE(static_cast<int>(texts.size()), total * 4 / 5);
  const auto planned = instructing::planned(static_cast<std::int64_t>(clips) * kCount, config);
  std::string mix;
  for (std::size_t i = 0; i < given.size(); ++i) {
    EXPECT_LE(std::abs(given[i] - planned[i]), 2) << name_of(static_cast<Task>(i));
    mix += fmt::format(" {} {} of {}", name_of(static_cast<Task>(i)), given[i], planned[i]);
  }
  EXPECT_GT(about["object"], clips / 12) << "the test would say little";
  std::string targets;
  for (const auto& [kind, count] : about) targets += fmt::format(" {} {}", kind, count);
  std::puts(fmt::format("{} clips, {} instructions, {} texts; targets:{}; tasks:{}", clips, total,
                        texts.size(), targets, mix)
                .c_str());
}

}  // namespace
}  // namespace ditto::stages
