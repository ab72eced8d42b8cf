#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "ditto/stages/edit.h"
#include "edit_pictures.h"
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"
#include "stages/edit/parser.h"
#include "stages/edit/scenery.h"
#include "stages/edit/segments.h"

namespace ditto::stages {
namespace {

double mean_in(const cv::Mat& map, const cv::Rect& area) { return cv::mean(map(area))[0]; }

const cv::Rect kSky(20, 5, 380, 60);
const cv::Rect kMeadow(10, 150, 396, 85);

TEST(Scenery, SkyAndGroundAreToldApart) {
  const cv::Mat rgb = editing::to_float(landscape());
  const cv::Mat sky = editing::sky_map(rgb);
  EXPECT_GT(mean_in(sky, kSky), 0.8);
  EXPECT_LT(mean_in(sky, kMeadow), 0.05);
  const cv::Mat ground = editing::ground_map(rgb);
  EXPECT_LT(mean_in(ground, kSky), 0.05);
  EXPECT_GT(mean_in(ground, kMeadow), 0.8);
}

TEST(Scenery, ADarkRoomHasNoSky) {
  const cv::Mat room = editing::to_float(disks_on_grey({{{0.5, 0.5}, kRedPaint}}, {416, 240}, 70));
  EXPECT_LT(cv::mean(editing::sky_map(room))[0], 0.05);
}

TEST(Scenery, ASmallWarmLightIsALampAndAWhiteWallIsNot) {
  cv::Mat street(240, 416, CV_8UC3, cv::Scalar(70, 66, 60));
  cv::circle(street, {80, 60}, 8, cv::Scalar(255, 190, 70), cv::FILLED);
  cv::rectangle(street, {200, 60, 180, 150}, cv::Scalar(252, 252, 252), cv::FILLED);
  const cv::Mat lamps = editing::lamp_map(editing::to_float(street));
  EXPECT_GT(lamps.at<float>(60, 80), 0.8F);
  EXPECT_LT(lamps.at<float>(130, 290), 0.05F);
  EXPECT_LT(lamps.at<float>(200, 40), 0.01F);
}

TEST(Looks, SnowLiesOnTheMeadowAndNotOnWhatStandsThere) {
  cv::Mat picture = landscape();
  cv::circle(picture, {300, 190}, 24, kRedPaint, cv::FILLED, cv::LINE_AA);
  const cv::Mat snowy = editing::find_look("snow")->apply(editing::to_float(picture), {1.0, ""});
  const cv::Scalar meadow = cv::mean(snowy(cv::Rect(20, 170, 120, 60)));
  EXPECT_GT(std::min({meadow[0], meadow[1], meadow[2]}), 0.7);
  const cv::Scalar ball = cv::mean(snowy(cv::Rect(292, 182, 16, 16)));
  EXPECT_GT(ball[0], ball[1] + 0.25);
}

TEST(Looks, NightDarkensTheSkyMostAndKeepsLamps) {
  cv::Mat picture = landscape();
  cv::circle(picture, {200, 130}, 6, cv::Scalar(255, 196, 84), cv::FILLED, cv::LINE_AA);
  const cv::Mat before = editing::luma_of(editing::to_float(picture));
  const cv::Mat after =
      editing::luma_of(editing::find_look("night")->apply(editing::to_float(picture), {1.0, ""}));
  EXPECT_LT(mean_in(after, kSky), 0.15);
  EXPECT_LT(mean_in(after, kSky) / mean_in(before, kSky),
            mean_in(after, kMeadow) / mean_in(before, kMeadow));
  EXPECT_GT(mean_in(after, {198, 128, 4, 4}), 0.6);
}

TEST(Looks, AutumnTurnsLeavesAndLeavesTheRest) {
  cv::Mat picture = landscape();
  cv::circle(picture, {300, 190}, 24, kBluePaint, cv::FILLED, cv::LINE_AA);
  const cv::Mat turned = editing::find_look("autumn")->apply(editing::to_float(picture), {1.0, ""});
  const cv::Scalar grass = cv::mean(turned(cv::Rect(20, 170, 120, 60)));
  EXPECT_GT(grass[0], grass[1]);
  EXPECT_GT(grass[1], grass[2] + 0.08);
  const cv::Scalar ball = cv::mean(turned(cv::Rect(292, 182, 16, 16)));
  EXPECT_GT(ball[2], ball[0] + 0.4);
}

// Coloured light falls on areas, not on grain.
TEST(Looks, ClubLightHasNoSpecklesOrColouredRims) {
  cv::Mat picture = disks_on_grey({}, {416, 240}, 150);
  cv::rectangle(picture, {150, 60, 50, 160}, cv::Scalar(25, 25, 28), cv::FILLED);
  const cv::Mat lit =
      editing::find_look("neon_lights")->apply(editing::to_float(picture), {1.0, ""});
  // Magenta against cyan, by place: red less green for what is lit enough to have a colour.
  const auto tint = [&](int y, int x) {
    const editing::Rgb c = lit.at<editing::Rgb>(y, x);
    const float brightest = std::max({c[0], c[1], c[2]});
    return std::pair((c[0] - c[1]) / brightest, brightest > 0.2F);
  };
  double most = 0;
  for (int y = 2; y < picture.rows - 2; ++y) {
    for (int x = 2; x < picture.cols - 6; ++x) {
      const auto [here, lit_here] = tint(y, x);
      const auto [there, lit_there] = tint(y, x + 4);
      if (lit_here && lit_there) most = std::max<double>(most, std::abs(here - there));
    }
  }
  EXPECT_LT(most, 0.3);
  EXPECT_GT(tint(120, 20).first - tint(120, 400).first, 0.8);
}

// Two halves that meet along a slanted line, with a thin band between.
cv::Mat halves() {
  cv::Mat picture(160, 240, CV_8UC3, cv::Scalar(200, 60, 40));
  cv::fillConvexPoly(picture, std::vector<cv::Point>{{90, 0}, {240, 0}, {240, 160}, {150, 160}},
                     cv::Scalar(40, 70, 190));
  return picture;
}

TEST(Segments, FollowContours) {
  const cv::Mat rgb = editing::to_float(halves());
  const editing::Segments cut = editing::cut_into_segments(rgb, 26, 13);
  ASSERT_GT(cut.colours.size(), 20U);
  double error = 0;
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      error +=
          cv::norm(rgb.at<editing::Rgb>(y, x),
                   cut.colours[static_cast<std::size_t>(cut.labels.at<int>(y, x))], cv::NORM_L1);
    }
  }
  // Cells that ignored the line would mix the two colours in a sixth of the picture.
  EXPECT_LT(error / static_cast<double>(rgb.total()), 0.02);
}

TEST(Segments, ThePaletteHasTheSmallVividThingsToo) {
  cv::Mat picture = disks_on_grey({});
  cv::circle(picture, {60, 60}, 4, cv::Scalar(255, 20, 20), cv::FILLED);
  const auto palette = editing::palette_of(editing::to_float(picture), 8);
  EXPECT_EQ(palette.size(), 8U);
  EXPECT_TRUE(std::any_of(palette.begin(), palette.end(),
                          [](const editing::Rgb& c) { return c[0] > 0.85F && c[1] < 0.2F; }));
  EXPECT_EQ(editing::palette_of(cv::Mat(8, 8, CV_32FC3, cv::Scalar::all(0.5)), 8).size(), 1U);
}

TEST(Repertoire, EverySampleAsksForItsProgram) {
  const auto programs = edit_programs();
  EXPECT_EQ(programs.size(), editing::looks().size() + 8);
  for (const EditProgram& program : programs) {
    EXPECT_GE(program.samples.size(), 3U) << program.name;
    for (const std::string& sample : program.samples) {
      const editing::Parsed parsed = editing::parse_instruction(sample);
      ASSERT_TRUE(parsed.program) << sample << ": " << parsed.refusal;
      EXPECT_EQ(parsed.program->name, program.name) << sample;
      EXPECT_EQ(editing::task_of(*parsed.program), program.task) << sample;
    }
  }
}

TEST(Repertoire, IsDocumented) {
  std::ifstream in(DITTO_SOURCE_DIR "/docs/edits.md");
  ASSERT_TRUE(in);
  std::stringstream text;
  text << in.rdbuf();
  for (const EditProgram& program : edit_programs()) {
    EXPECT_NE(text.str().find(fmt::format("| `{}` |", program.name)), std::string::npos)
        << program.name;
    for (const std::string& sample : program.samples)
      EXPECT_NE(text.str().find(sample), std::string::npos) << sample;
  }
}

}  // namespace
}  // namespace ditto::stages
