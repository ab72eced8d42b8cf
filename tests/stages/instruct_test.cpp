#include "ditto/stages/instruct.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/stages/user_instructions.h"
#include "edit_pictures.h"
#include "stages/edit/looks.h"
#include "stages/edit/parser.h"
#include "stages/instruct/candidates.h"
#include "stages/instruct/measure.h"
#include "stages/instruct/wording.h"

namespace ditto::stages {
namespace {

// A red disk that moves a little, on the left of uneven grey.
Clip red_disk_clip(int level = 120) {
  Clip clip;
  clip.id = "red-disk";
  for (int i = 0; i < 5; ++i)
    clip.video.frames.push_back(
        disks_on_grey({{{0.20 + 0.008 * i, 0.5}, kRedPaint}}, {416, 240}, level));
  clip.video.fps = {20, 1};
  clip.key_frame = 2;
  return clip;
}

Clip landscape_clip() {
  Clip clip;
  clip.id = "landscape";
  clip.video.frames.assign(3, landscape());
  clip.key_frame = 1;
  return clip;
}

std::string program_name(const Instruction& instruction) {
  return instruction.program.at("program");
}

TEST(Measure, SeesWhatIsThere) {
  const instructing::Measurements m = instructing::measure(red_disk_clip());
  ASSERT_EQ(m.objects.size(), 1U);
  EXPECT_EQ(m.objects[0].region.colour, editing::Colour::kRed);
  EXPECT_TRUE(m.objects[0].persistent);
  EXPECT_GT(m.objects[0].motion, 0.002);
  EXPECT_LT(m.camera_motion, 0.001);
  EXPECT_FALSE(m.outdoors());
  EXPECT_FALSE(m.person);
  const instructing::Measurements n = instructing::measure(landscape_clip());
  EXPECT_TRUE(n.sky && n.greenery && n.outdoors());
  EXPECT_EQ(n.moving, 0);
}

// Nobody can tell by its colour what is one thing there and where it ends.
TEST(Measure, ThingsThatTouchAreNotSpokenOf) {
  Clip clip;
  cv::Mat picture = disks_on_grey({});
  cv::rectangle(picture, {150, 60, 90, 70}, kRedPaint, cv::FILLED);
  cv::rectangle(picture, {215, 115, 90, 70}, cv::Scalar(225, 62, 18), cv::FILLED);
  clip.video.frames.assign(3, picture);
  clip.key_frame = 1;
  EXPECT_TRUE(instructing::measure(clip).objects.empty());
  // One that is joined by another later looks like one thing at first.
  cv::Mat alone = disks_on_grey({{{0.4, 0.5}, kRedPaint}});
  cv::Mat joined = alone.clone();
  cv::rectangle(joined, {170, 85, 90, 70}, kRedPaint, cv::FILLED);
  clip.video.frames = {alone, joined, joined};
  for (const auto& object : instructing::measure(clip).objects) EXPECT_FALSE(object.persistent);
}

TEST(Measure, WhatIsUncoveredDoesNotMove) {
  Clip clip;
  for (int t = 0; t < 9; ++t) {
    cv::Mat picture = disks_on_grey({{{0.5, 0.5}, kRedPaint}});
    cv::rectangle(picture, {60 + 2 * t, 40 + 2 * t, 120, 60}, cv::Scalar(128, 126, 124),
                  cv::FILLED);
    clip.video.frames.push_back(picture);
  }
  clip.key_frame = 4;
  for (const auto& object : instructing::measure(clip).objects) EXPECT_FALSE(object.moves());
}

TEST(Instruct, EveryClaimIsTrue) {
  const auto instructor = make_instructor({});
  Clip clip = red_disk_clip();
  std::set<std::string> asked;
  for (int i = 0; i < 5; ++i) {
    clip.ordinal = i;
    const Stream stream(static_cast<std::uint64_t>(i), clip.id, "instruct");
    for (const Instruction& instruction : instructor->instruct(clip, {.count = 8}, stream).list) {
      SCOPED_TRACE(instruction.text);
      asked.insert(program_name(instruction));
      const editing::Program program = editing::program_from_json(instruction.program);
      EXPECT_EQ(instruction.task, task_of(program));
      EXPECT_EQ(instruction.target, editing::target_text(program));
      EXPECT_EQ(instruction.origin, "agent");
      if (is_global(instruction.task)) {
        EXPECT_EQ(instruction.target, "the whole picture");
        // Weather and seasons need an outdoor scene.
        EXPECT_FALSE(
            std::set<std::string>({"snow", "rain", "autumn", "fog"}).contains(program.name));
      } else if (program.name != "add") {
        EXPECT_EQ(program.target.kind, "object");
        EXPECT_EQ(program.target.colour, "red");
        EXPECT_TRUE(program.target.side.empty() || program.target.side == "left");
        EXPECT_NE(program.colour, "red");
      }
    }
  }
  EXPECT_TRUE(asked.contains("recolour"));
  EXPECT_TRUE(asked.contains("add"));
}

TEST(Instruct, AsksForNoEditTwiceAndReadsBack) {
  const auto instructor = make_instructor({});
  Clip clip = landscape_clip();
  Instruction own;
  own.text = "Make it snow";
  own.program = {{"program", "snow"}};
  for (int i = 0; i < 6; ++i) {
    clip.ordinal = i;
    const Stream stream(7, std::to_string(i), "instruct");
    const auto list = instructor->instruct(clip, {.count = 12, .taken = {own}}, stream).list;
    ASSERT_EQ(list.size(), 12U);
    std::set<std::string> edits;
    for (const Instruction& instruction : list) {
      const editing::Program program = editing::program_from_json(instruction.program);
      for (const std::string& sense : instructing::senses_of(program))
        EXPECT_TRUE(edits.insert(sense).second) << instruction.text;
      EXPECT_NE(program.name, "snow") << "the user has asked for it";
      const editing::Parsed parsed = editing::parse_instruction(instruction.text);
      ASSERT_TRUE(parsed.program) << instruction.text;
      EXPECT_EQ(to_json(*parsed.program), instruction.program) << instruction.text;
    }
  }
}

// A clip without anything to remove or to replace owes these to clips that have.
TEST(Instruct, LaterClipsMakeUpForWhatAClipLacks) {
  config::Instruct config;
  config.global_fraction = 0;
  config.add_weight = config.attribute_weight = 1;
  config.remove_weight = 1;
  config.replace_weight = 0;
  const auto instructor = make_instructor(config);
  Clip bare;
  bare.id = "bare";
  bare.video.frames.assign(3, disks_on_grey({}));
  Clip disk = red_disk_clip();
  std::map<Task, int> given;
  InstructRequest request{.count = 3};
  bare.ordinal = 0;
  const Instructions first = instructor->instruct(bare, request, Stream(1, "bare", "instruct"));
  for (const Instruction& i : first.list) ++given[i.task];
  EXPECT_EQ(given[Task::kLocalAdd], 3);
  EXPECT_EQ(first.owed[static_cast<std::size_t>(Task::kLocalRemove)], 1);
  EXPECT_EQ(first.owed[static_cast<std::size_t>(Task::kLocalAdd)], -2);
  request.owed = first.owed;
  disk.ordinal = 1;
  const Instructions second = instructor->instruct(disk, request, Stream(1, "d", "instruct"));
  for (const Instruction& i : second.list) ++given[i.task];
  EXPECT_EQ(second.list.size(), 3U);
  EXPECT_EQ(given[Task::kLocalAttribute], 2);
  EXPECT_EQ(given[Task::kLocalRemove], 1) << "one object, so it can be removed once only";
  EXPECT_EQ(second.owed[static_cast<std::size_t>(Task::kLocalRemove)], 1);
}

TEST(Instruct, AsksForTasksThatTheConfigWantsOnly) {
  config::Instruct config;
  config.replace_weight = config.add_weight = config.remove_weight = config.attribute_weight = 0;
  const Clip clip = red_disk_clip();
  for (const Instruction& instruction :
       make_instructor(config)->instruct(clip, {.count = 5}, Stream(1, "x", "instruct")).list)
    EXPECT_TRUE(is_global(instruction.task));
  config = {};
  config.global_fraction = 0;
  config.add_weight = config.remove_weight = 0;
  for (const Instruction& instruction :
       make_instructor(config)->instruct(clip, {.count = 5}, Stream(1, "x", "instruct")).list) {
    EXPECT_TRUE(instruction.task == Task::kLocalReplace ||
                instruction.task == Task::kLocalAttribute);
  }
}

TEST(Instruct, IsDeterministic) {
  const auto instructor = make_instructor({});
  const Clip clip = red_disk_clip();
  const auto a = instructor->instruct(clip, {.count = 4}, Stream(5, clip.id, "instruct")).list;
  const auto b = instructor->instruct(clip, {.count = 4}, Stream(5, clip.id, "instruct")).list;
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(to_json(a[i]), to_json(b[i]));
    EXPECT_EQ(to_json(instruction_from_json(to_json(a[i]))), to_json(a[i]));
  }
}

TEST(Candidates, DoNotContradictTheClip) {
  Stream stream(1, "c", "instruct");
  const auto names = [&](const instructing::Measurements& m) {
    std::set<std::string> out;
    for (const auto& candidate : instructing::global_candidates(m, stream))
      out.insert(candidate.program.name);
    return out;
  };
  const auto dark = names(instructing::measure(red_disk_clip(30)));
  EXPECT_FALSE(dark.contains("night"));
  EXPECT_FALSE(dark.contains("film_noir"));
  const auto lit = names(instructing::measure(red_disk_clip()));
  EXPECT_TRUE(lit.contains("night"));
  Clip grey;
  grey.video.frames.assign(2, disks_on_grey({}));
  const auto without_colour = names(instructing::measure(grey));
  EXPECT_FALSE(without_colour.contains("black_and_white"));
  EXPECT_TRUE(without_colour.contains("oil_painting"));
  Clip white;
  white.video.frames.assign(2, disks_on_grey({}, {416, 240}, 238));
  EXPECT_FALSE(names(instructing::measure(white)).contains("snow"));
  const auto outside = names(instructing::measure(landscape_clip()));
  EXPECT_TRUE(outside.contains("snow") && outside.contains("autumn"));
  for (const editing::Look& look : editing::looks()) {
    EXPECT_FALSE((look.anchored || look.correction) && outside.contains(std::string(look.name)));
  }
}

// The editor's own drawings give way to the user's things half of the time, and wholly where both
// go by one name.
TEST(Instruct, AsksForTheUsersOwnThingsByTheirNames) {
  config::Instruct config;
  config.global_fraction = 0;
  config.replace_weight = config.remove_weight = config.attribute_weight = 0;
  const auto instructor = make_instructor(config);
  const Clip clip = landscape_clip();
  const std::vector<OwnObject> own = {{"garden gnome", 0.75}, {"sunflowers", 0.6}, {"kite", 1}};
  const std::vector<std::string> names = names_of(own);
  std::map<std::string, int> asked;
  for (std::uint64_t i = 0; i < 6; ++i) {
    const Stream stream(i, "own", "instruct");
    std::set<std::string> once;
    for (const Instruction& instruction :
         instructor->instruct(clip, {.count = 4, .objects = own}, stream).list) {
      SCOPED_TRACE(instruction.text);
      const editing::Parsed parsed = editing::parse_instruction(instruction.text, names);
      ASSERT_TRUE(parsed.program) << parsed.refusal;
      EXPECT_EQ(parsed.program->name, "add");
      EXPECT_EQ(instruction.target, editing::target_text(*parsed.program));
      EXPECT_TRUE(once.insert(parsed.program->object).second) << "asked twice";
      const bool is_own =
          std::find(names.begin(), names.end(), parsed.program->object) != names.end();
      EXPECT_EQ(instruction.program.is_null(), is_own);
      ++asked[is_own ? parsed.program->object : "drawn"];
      EXPECT_EQ(instruction.text.find(" a sunflowers"), std::string::npos);
    }
  }
  EXPECT_GT(asked["garden gnome"], 1);
  EXPECT_GT(asked["sunflowers"], 1);
  EXPECT_GT(asked["kite"], 1);
  EXPECT_GT(asked["drawn"], 3);
  // What the user has asked for already isn't asked for again.
  Instruction taken;
  taken.text = "Put a garden gnome on the left";
  for (const Instruction& instruction :
       instructor
           ->instruct(clip, {.count = 9, .taken = {taken}, .objects = own},
                      Stream(1, "own", "instruct"))
           .list)
    EXPECT_EQ(instruction.text.find("gnome"), std::string::npos);
}

TEST(UserInstructions, AreFoundByPathNameAndClip) {
  const UserInstructions user = UserInstructions::parse(
      "{\"path\": \"holiday/beach.mp4\", \"text\": \"Make it night\"}\n\n"
      "{\"path\": \"beach.mp4\", \"text\": \"Give everyone a hat\"}\r\n"
      "{\"clip\": \"0123456789abcdef-000000\", \"text\": \"Make the red car blue\"}\n",
      "u.jsonl");
  ClipRecord record;
  record.id = "0123456789abcdef-000000";
  record.source_path = "holiday/beach.mp4";
  const auto all = user.for_clip(record);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].task, Task::kGlobalEnvironment);
  EXPECT_EQ(all[0].origin, "user");
  EXPECT_EQ(all[1].task, Task::kGlobalStyle);
  EXPECT_TRUE(all[1].program.is_null());
  EXPECT_EQ(all[2].target, "the red object");
  record.id = "other";
  record.source_path = "elsewhere/beach.mp4";
  ASSERT_EQ(user.for_clip(record).size(), 1U);
  record.source_path = "beach2.mp4";
  EXPECT_TRUE(user.for_clip(record).empty());
}

TEST(UserInstructions, AllFaultsAreNamedAtOnce) {
  try {
    UserInstructions::parse(
        "{\"path\": \"a.mp4\"}\nnot json\n{\"text\": \"x\"}\n{\"clip\": 3, \"text\": \"x\"}\n[1]\n"
        "{\"clip\": \"a\", \"path\": \"b\", \"text\": \"x\"}\n{\"clip\": \"a\", \"tekst\": "
        "\"x\"}\n",
        "u.jsonl");
    FAIL();
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
    for (int line = 1; line <= 7; ++line) {
      EXPECT_NE(what.find(fmt::format("u.jsonl:{}: ", line)), std::string::npos) << what;
    }
    EXPECT_NE(what.find("tekst"), std::string::npos);
  }
  EXPECT_THROW(UserInstructions::read("/nonexistent/u.jsonl"), Error);
}

TEST(Tasks, HaveStableNames) {
  EXPECT_EQ(name_of(Task::kGlobalStyle), "global_style");
  EXPECT_EQ(task_from("local_attribute"), Task::kLocalAttribute);
  EXPECT_THROW(task_from("local"), Error);
  EXPECT_THROW(instruction_from_json({{"text", "x"}}), Error);
}

}  // namespace
}  // namespace ditto::stages
