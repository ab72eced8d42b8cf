#include <gtest/gtest.h>

#include "ditto/stages/edit.h"
#include "edit_pictures.h"
#include "stages/edit/colours.h"
#include "stages/edit/drawn_objects.h"
#include "stages/edit/fill.h"
#include "stages/edit/filters.h"
#include "stages/edit/local_edits.h"
#include "stages/edit/motion.h"
#include "stages/edit/program.h"
#include "stages/edit/regions.h"

namespace ditto::stages {
namespace {

using editing::Colour;

EditResult edit_text(const cv::Mat& picture, const Clip* clip, const std::string& text) {
  Instruction instruction;
  instruction.text = text;
  return make_editor({})->edit(picture, clip, instruction, Stream(1, "a", "edit"));
}
EditResult edit_text(const cv::Mat& picture, const std::string& text) {
  return edit_text(picture, nullptr, text);
}
EditResult edit_text(const Clip& clip, const std::string& text) {
  return edit_text(clip.key(), &clip, text);
}

int changed_outside(const cv::Mat& before, const EditResult& result) {
  cv::Mat difference;
  cv::absdiff(before, result.image, difference);
  difference.setTo(cv::Scalar::all(0), result.mask);
  return cv::countNonZero(difference.reshape(1));
}

Colour colour_at(const cv::Mat& picture, cv::Point2d at) {
  const cv::Vec3b p = picture.at<cv::Vec3b>(static_cast<int>(at.y * picture.rows),
                                            static_cast<int>(at.x * picture.cols));
  return editing::colour_of({p[0] / 255.0F, p[1] / 255.0F, p[2] / 255.0F});
}

TEST(Colours, NamesAreThoseOfTheirTypicalValues) {
  for (int i = 0; i < editing::kColours; ++i) {
    const auto colour = static_cast<Colour>(i);
    EXPECT_EQ(editing::colour_from(editing::name_of(colour)), colour);
    EXPECT_EQ(editing::colour_of(editing::colour_value(colour)), colour)
        << editing::name_of(colour);
  }
  EXPECT_FALSE(editing::colour_from("loud"));
  // Skin has no colour's name.
  EXPECT_EQ(editing::colour_of({0.87F, 0.68F, 0.56F}), Colour::kNone);
  EXPECT_EQ(editing::colour_of({0.62F, 0.42F, 0.31F}), Colour::kNone);
}

TEST(Regions, OneDiskIsUniqueAndPlaced) {
  const auto regions = editing::coloured_objects(disks_on_grey({{{0.2, 0.5}, kRedPaint}}));
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].colour, Colour::kRed);
  EXPECT_TRUE(regions[0].unique);
  EXPECT_EQ(regions[0].sides, std::vector<std::string>{"left"});
  EXPECT_NEAR(regions[0].area, 3.14159 * 40 * 40 / (416.0 * 240), 0.006);
  EXPECT_NEAR(regions[0].centre.x, 0.2, 0.01);
}

TEST(Regions, TwoOfAColourAreNotUnique) {
  const cv::Mat two =
      disks_on_grey({{{0.2, 0.5}, kRedPaint}, {{0.8, 0.5}, kRedPaint}, {{0.5, 0.5}, kBluePaint}});
  for (const editing::Region& region : editing::coloured_objects(two)) {
    EXPECT_EQ(region.unique, region.colour == Colour::kBlue);
  }
  const editing::Grounding which = editing::ground(two, nullptr, {"object", "red", ""});
  EXPECT_FALSE(which.region);
  EXPECT_NE(which.refusal.find("not unique"), std::string::npos);
  const editing::Grounding right = editing::ground(two, nullptr, {"object", "red", "right"});
  ASSERT_TRUE(right.region);
  EXPECT_NEAR(right.region->centre.x, 0.8, 0.02);
}

TEST(Regions, SkyAndGrassAreFoundWhereTheyAre) {
  const cv::Mat picture = landscape();
  const auto sky = editing::find_sky(picture);
  ASSERT_TRUE(sky);
  EXPECT_LT(sky->box.br().y, 0.5 * picture.rows);
  const auto grass = editing::find_greenery(picture);
  ASSERT_TRUE(grass);
  EXPECT_EQ(grass->kind, "grass");
  EXPECT_GT(grass->box.y, 0.4 * picture.rows);
  EXPECT_FALSE(editing::find_background(picture));
  const cv::Mat indoors = disks_on_grey({{{0.2, 0.5}, kRedPaint}});
  EXPECT_FALSE(editing::find_sky(indoors));
  EXPECT_FALSE(editing::find_greenery(indoors));
}

TEST(Regions, APatternInGreenIsNoFoliage) {
  cv::Mat picture(240, 320, CV_8UC3, cv::Scalar(40, 40, 44));
  const cv::Rect box(20, 120, 110, 100);
  picture(box).setTo(cv::Scalar(70, 160, 60));
  for (int y = 0; y < box.height; y += 55)
    picture(box).rowRange(y, y + 22).setTo(cv::Scalar(190, 190, 50));
  cv::circle(picture, {220, 90}, 45, cv::Scalar(60, 150, 50), cv::FILLED);
  EXPECT_FALSE(editing::find_greenery(picture));
}

TEST(Regions, APlainWallIsABackground) {
  cv::Mat picture(240, 416, CV_8UC3, cv::Scalar(214, 210, 202));
  cv::circle(picture, {200, 120}, 50, kBluePaint, cv::FILLED, cv::LINE_AA);
  const auto wall = editing::find_background(picture);
  ASSERT_TRUE(wall);
  EXPECT_EQ(wall->mask.at<uchar>(120, 200), 0);
  EXPECT_EQ(wall->mask.at<uchar>(10, 10), 255);
}

TEST(LocalEdits, RecolourChangesTheObjectAndNothingElse) {
  const cv::Mat picture = disks_on_grey({{{0.2, 0.5}, kRedPaint}, {{0.7, 0.5}, kBluePaint}});
  for (const auto& [word, colour] : {std::pair{"green", Colour::kGreen},
                                     {"blue", Colour::kBlue},
                                     {"yellow", Colour::kYellow},
                                     {"white", Colour::kWhite},
                                     {"black", Colour::kBlack}}) {
    const EditResult result = edit_text(picture, std::string("Make the red object ") + word);
    ASSERT_EQ(result.refusal, "");
    EXPECT_EQ(changed_outside(picture, result), 0);
    EXPECT_EQ(result.mask.at<uchar>(120, static_cast<int>(0.7 * 416)), 0);
    if (colour != Colour::kWhite) {
      EXPECT_EQ(colour_at(result.image, {0.2, 0.5}), colour) << word;
    }
    EXPECT_EQ(result.details.at("program"), "recolour");
    EXPECT_EQ(result.details.at("task"), "local_attribute");
  }
}

// A thing with a soft outline before a bright wall that is darkened: nothing of the old wall is
// left round it.
TEST(LocalEdits, ADarkenedWallLeavesNoBrightRim) {
  cv::Mat picture(240, 416, CV_8UC3, cv::Scalar(214, 210, 202));
  cv::circle(picture, {200, 120}, 50, cv::Scalar(60, 40, 30), cv::FILLED, cv::LINE_AA);
  cv::GaussianBlur(picture, picture, {}, 1.2);
  const EditResult result = edit_text(picture, "Darken the background");
  ASSERT_EQ(result.refusal, "");
  const int wall = result.image.at<cv::Vec3b>(10, 10)[0];
  ASSERT_LT(wall, 180);
  double brightest = 0;
  cv::minMaxLoc(result.image.reshape(1), nullptr, &brightest);
  EXPECT_LT(brightest, wall + 12);
}

TEST(LocalEdits, RemoveLeavesTheSurroundings) {
  const cv::Mat picture = disks_on_grey({{{0.25, 0.5}, kRedPaint}});
  const EditResult result = edit_text(picture, "Remove the red object on the left.");
  ASSERT_EQ(result.refusal, "");
  EXPECT_EQ(changed_outside(picture, result), 0);
  EXPECT_TRUE(editing::coloured_objects(result.image).empty());
  cv::Mat clean = disks_on_grey({});
  cv::Mat difference;
  cv::absdiff(clean, result.image, difference);
  EXPECT_LT(cv::mean(difference.reshape(1), cv::Mat())[0], 3.0);
}

TEST(LocalEdits, TheOthersStayWithinTheirMasks) {
  const cv::Mat scene = landscape();
  const cv::Mat disks = disks_on_grey({{{0.25, 0.5}, kRedPaint}});
  const std::pair<const cv::Mat*, const char*> edits[] = {
      {&disks, "Brighten the red object"},
      {&disks, "Make the red thing darker"},
      {&disks, "Turn the red object into gold"},
      {&disks, "Replace the red object with a yellow beach ball"},
      {&disks, "Keep only the red object in colour"},
      {&scene, "Replace the sky with a starry night sky"},
      {&scene, "Turn the grass into lavender"},
      {&scene, "Add a red hot-air balloon in the sky"},
      {&scene, "Add a kite at the top right"},
      {&disks, "Put a blue balloon on the right"},
      {&disks, "Hang a paper lantern at the top right"},
  };
  for (const auto& [picture, text] : edits) {
    SCOPED_TRACE(text);
    const EditResult result = edit_text(*picture, text);
    ASSERT_EQ(result.refusal, "");
    ASSERT_EQ(result.mask.type(), CV_8UC1);
    const int inside = cv::countNonZero(result.mask);
    EXPECT_GT(inside, 100);
    EXPECT_EQ(changed_outside(*picture, result), 0);
    if (std::string(text).find("Keep only") == std::string::npos) {
      cv::Mat difference;
      cv::absdiff(*picture, result.image, difference);
      EXPECT_GT(cv::mean(difference, result.mask)[0] + cv::mean(difference, result.mask)[2], 8);
    }
    EXPECT_EQ(cv::norm(result.image, edit_text(*picture, text).image, cv::NORM_INF), 0);
  }
}

double change_within(const cv::Mat& before, const EditResult& result) {
  cv::Mat difference;
  cv::absdiff(before, result.image, difference);
  const cv::Scalar mean = cv::mean(difference, result.mask);
  return mean[0] + mean[1] + mean[2];
}

TEST(LocalEdits, GrowWithTheWordsOfStrength) {
  const cv::Mat scene = landscape();
  const cv::Mat disks = disks_on_grey({{{0.25, 0.5}, kRedPaint}});
  const std::pair<const cv::Mat*, const char*> edits[] = {{&disks, "make the red object blue"},
                                                          {&disks, "brighten the red object"},
                                                          {&disks, "darken the red object"},
                                                          {&scene, "make the grass purple"},
                                                          {&scene, "turn the grass into lavender"}};
  for (const auto& [picture, text] : edits) {
    SCOPED_TRACE(text);
    const double slight =
        change_within(*picture, edit_text(*picture, std::string("Slightly ") + text));
    const double plain = change_within(*picture, edit_text(*picture, text));
    const double strong =
        change_within(*picture, edit_text(*picture, std::string("Strongly ") + text));
    EXPECT_LT(slight, 0.9 * plain);
    EXPECT_GT(slight, 0.2 * plain);
    EXPECT_GE(strong, plain);
  }
}

TEST(LocalEdits, ATintIsAGlazeAndNoPaint) {
  const cv::Mat picture = disks_on_grey({{{0.3, 0.5}, kBluePaint}});
  const cv::Point inside(static_cast<int>(0.3 * picture.cols), picture.rows / 2);
  const auto at = [&](const std::string& text) {
    const EditResult result = edit_text(picture, text);
    EXPECT_EQ(result.refusal, "") << text;
    const cv::Vec3b p = result.image.at<cv::Vec3b>(inside);
    return editing::Rgb(p[0] / 255.0F, p[1] / 255.0F, p[2] / 255.0F);
  };
  const editing::Rgb tinted = at("Tint the blue object red");
  const editing::Rgb painted = at("Make the blue object red");
  EXPECT_EQ(editing::colour_of(painted), Colour::kRed);
  // Both colours show, so it is a purple, and no darker than either.
  const float hue = editing::to_hsv(tinted).h;
  EXPECT_TRUE(hue > 270 && hue < 350) << hue;
  EXPECT_GT(editing::luma(tinted), 0.8F * editing::luma(editing::Rgb(30, 70, 205) * (1 / 255.0F)));
  EXPECT_EQ(at("Make the blue object slightly red"), tinted);
}

TEST(Placement, KeepsClearOfPeopleUnlessAsked) {
  cv::Mat picture = disks_on_grey({}, {416, 240}, 150);
  // The only calm place is somebody's chest.
  cv::rectangle(picture, {170, 70, 80, 150}, cv::Scalar(28, 28, 32), cv::FILLED);
  cv::ellipse(picture, {210, 52}, {18, 22}, 0, 0, 360, cv::Scalar(214, 160, 130), cv::FILLED);
  const cv::Rect body(170, 30, 80, 190);
  editing::Program program;
  program.name = "add";
  program.object = "butterfly";
  const editing::Room room = editing::room_of(picture, nullptr);
  const editing::Spot spot = editing::find_spot(room, program);
  ASSERT_EQ(spot.refusal, "");
  EXPECT_EQ((spot.box & body).area(), 0);
  // Who names a place may have it, whoever stands there.
  program.place = "centre";
  cv::Mat crowd = picture.clone();
  for (int x = 20; x < 416; x += 40)
    cv::ellipse(crowd, {x, 40}, {14, 18}, 0, 0, 360, cv::Scalar(214, 160, 130), cv::FILLED);
  const editing::Room full = editing::room_of(crowd, nullptr);
  EXPECT_EQ(editing::find_spot(full, program).refusal, "");
}

TEST(Placement, KeepsClearOfWhatMoves) {
  Clip clip;
  for (int t = 0; t < 21; ++t)
    clip.video.frames.push_back(disks_on_grey({{{0.3 + 0.4 * t / 20, 0.3}, kRedPaint}}));
  clip.key_frame = 10;
  const cv::Rect disk(208 - 40, 72 - 40, 80, 80);
  for (const char* object : {"balloon", "butterfly", "paper_plane"}) {
    editing::Program program;
    program.name = "add";
    program.object = object;
    const editing::Spot spot = editing::find_spot(editing::room_of(clip.key(), &clip), program);
    ASSERT_EQ(spot.refusal, "") << object;
    EXPECT_LT((spot.box & disk).area(), 0.1 * spot.box.area()) << object;
  }
}

TEST(Placement, WhatStandsStandsOnTheGround) {
  const cv::Mat scene = landscape();
  for (const char* object : {"beach_ball", "umbrella"}) {
    editing::Program program;
    program.name = "add";
    program.object = object;
    const editing::Spot spot = editing::find_spot(editing::room_of(scene, nullptr), program);
    ASSERT_EQ(spot.refusal, "");
    EXPECT_GT(spot.box.br().y, 0.6 * scene.rows);
    // Not cut off by the lower border, even when asked to be down there.
    program.place = "bottom";
    const editing::Spot low = editing::find_spot(editing::room_of(scene, nullptr), program);
    ASSERT_EQ(low.refusal, "");
    EXPECT_LT(low.box.br().y, 0.98 * scene.rows) << object;
  }
}

TEST(LocalEdits, WhatIsNotThereIsRefusedByName) {
  const cv::Mat picture = disks_on_grey({{{0.2, 0.5}, kRedPaint}, {{0.8, 0.5}, kRedPaint}});
  const std::pair<const char*, const char*> cases[] = {
      {"Make the green object blue", "the green object was not found"},
      {"Make the red object blue", "not unique"},
      {"Replace the sky with a sunset", "the sky was not found"},
      {"Replace the dog with a fox", "no way to find \"dog\""},
      {"Add a flock of birds in the sky", "no sky was found"},
      {"Remove the person", "the person was not found"},
      {"Make it night and add a dragon", "dragon"},
  };
  for (const auto& [text, reason] : cases) {
    const EditResult result = edit_text(picture, text);
    EXPECT_TRUE(result.image.empty()) << text;
    EXPECT_NE(result.refusal.find(reason), std::string::npos) << text << ": " << result.refusal;
  }
}

double psnr_within(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask) {
  const double norm = cv::norm(a, b, cv::NORM_L2, mask);
  return 10 * std::log10(255.0 * 255.0 * 3 * cv::countNonZero(mask) / (norm * norm + 1e-9));
}

// A red disk that crosses a textured floor; key frame in the middle.
Clip crossing_disk() {
  Clip clip;
  constexpr int kFrames = 25;
  for (int t = 0; t < kFrames; ++t)
    clip.video.frames.push_back(disks_on_grey({{{0.2 + 0.6 * t / (kFrames - 1), 0.5}, kRedPaint}}));
  clip.key_frame = kFrames / 2;
  return clip;
}

TEST(CleanPlate, ARemovedMovingThingLeavesWhatTheClipShows) {
  const Clip clip = crossing_disk();
  const cv::Mat truth = disks_on_grey({});
  const auto moving = editing::find_moving(clip);
  ASSERT_EQ(moving.size(), 1U);
  EXPECT_NEAR(moving[0].centre.x, 0.5, 0.03);
  EXPECT_NEAR(moving[0].centre.y, 0.5, 0.03);
  const EditResult result = edit_text(clip, "Remove the moving object");
  ASSERT_EQ(result.refusal, "");
  EXPECT_EQ(changed_outside(clip.key(), result), 0);
  EXPECT_GT(result.details.at("seen_in_clip").get<double>(), 0.4);
  EXPECT_GT(psnr_within(truth, result.image, result.mask), 30);
  EXPECT_LT(psnr_within(truth, clip.key(), result.mask), 20);
}

// A floor that nothing in the picture foretells: every 12 pixels another colour.
cv::Mat patchwork(cv::Size size = {416, 240}) {
  cv::Mat small(size.height / 12 + 1, size.width / 12 + 1, CV_8UC3);
  std::uint32_t state = 12345;
  for (int y = 0; y < small.rows; ++y) {
    for (int x = 0; x < small.cols; ++x) {
      for (int i = 0; i < 3; ++i) {
        state = state * 1664525U + 1013904223U;
        small.at<cv::Vec3b>(y, x)[i] = static_cast<uchar>(40 + (state >> 24) % 170);
      }
    }
  }
  cv::Mat large;
  cv::resize(small, large, {small.cols * 12, small.rows * 12}, 0, 0, cv::INTER_CUBIC);
  return large(cv::Rect({0, 0}, size)).clone();
}

TEST(CleanPlate, IsNoBlindFill) {
  const cv::Mat floor = patchwork();
  Clip clip;
  constexpr int kFrames = 25;
  for (int t = 0; t < kFrames; ++t) {
    cv::Mat frame = floor.clone();
    cv::circle(frame, {83 + 250 * t / (kFrames - 1), 120}, 30, kRedPaint, cv::FILLED, cv::LINE_AA);
    clip.video.frames.push_back(frame);
  }
  clip.key_frame = kFrames / 2;
  const EditResult result = edit_text(clip, "Remove the moving object");
  ASSERT_EQ(result.refusal, "");
  EXPECT_GT(result.details.at("seen_in_clip").get<double>(), 0.95);
  EXPECT_GT(psnr_within(floor, result.image, result.mask), 30);
  // Whatever is made up from the key frame alone is far off, and the editor knows.
  const cv::Mat blind = editing::fill_hole(clip.key(), result.mask).image;
  EXPECT_LT(psnr_within(floor, blind, result.mask), 20);
  const EditResult still = edit_text(clip.key(), "Remove the red object");
  EXPECT_NE(still.refusal.find("doesn't show what is behind it"), std::string::npos);
}

TEST(CleanPlate, WhatNeverMovesIsNotSeen) {
  Clip clip;
  for (int i = 0; i < 9; ++i) clip.video.frames.push_back(disks_on_grey({{{0.3, 0.5}, kRedPaint}}));
  clip.key_frame = 4;
  const EditResult result = edit_text(clip, "Remove the red object");
  ASSERT_EQ(result.refusal, "");
  EXPECT_EQ(result.details.at("seen_in_clip").get<double>(), 0);
  EXPECT_TRUE(editing::coloured_objects(result.image).empty());
  EXPECT_NE(edit_text(clip, "Remove the moving object").refusal.find("moving object"),
            std::string::npos);
  EXPECT_NE(edit_text(clip.key(), "Remove the moving car").refusal.find("video is needed"),
            std::string::npos);
}

TEST(Fill, ClosesAHoleInAPeriodicTexture) {
  cv::Mat texture(160, 240, CV_8UC3);
  for (int y = 0; y < texture.rows; ++y) {
    for (int x = 0; x < texture.cols; ++x) {
      const auto v = static_cast<uchar>(((x / 8 + y / 8) % 2) * 90 + 60);
      texture.at<cv::Vec3b>(y, x) = {v, static_cast<uchar>(v / 2), 40};
    }
  }
  cv::Mat hole = cv::Mat::zeros(texture.size(), CV_8UC1);
  cv::circle(hole, {100, 80}, 24, cv::Scalar(255), cv::FILLED);
  cv::Mat damaged = texture.clone();
  damaged.setTo(cv::Scalar(0, 255, 0), hole);
  const editing::Fill fill = editing::fill_hole(damaged, hole);
  EXPECT_LT(cv::norm(fill.image, texture, cv::NORM_L1, hole) / (3.0 * cv::countNonZero(hole)), 12);
  EXPECT_LT(fill.mismatch, 0.06);
}

TEST(DrawnObjects, EachIsDrawnWithinItsBox) {
  for (const std::string_view name : editing::drawn_objects()) {
    const editing::Placement placement = editing::placement_of(name);
    const cv::Mat drawn =
        editing::draw_object(name, "", {static_cast<int>(90 * placement.aspect), 90});
    std::vector<cv::Mat> planes;
    cv::split(drawn, planes);
    const double cover = cv::mean(planes[3])[0];
    EXPECT_GT(cover, 0.02) << name;
    EXPECT_LT(cover, 0.95) << name;
  }
}

}  // namespace
}  // namespace ditto::stages
