#include <gtest/gtest.h>

#include "ditto/media/flow.h"
#include "ditto/media/media.h"
#include "stages/curate/analyser.h"
#include "stages/curate_scene.h"

namespace ditto::stages::curate {
namespace {

using testing::append;
using testing::pan;
using testing::texture;

const cv::Size kSize(256, 148);

std::vector<std::int64_t> cuts_of(const std::vector<cv::Mat>& frames) {
  const config::Curate defaults;
  ShotDetector detector(defaults.shot_threshold);
  MotionMeter meter(kSize, defaults.motion_grid);
  cv::Mat previous;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const cv::Mat grey = media::grey(frames[i]);
    cv::Scalar mean, deviation;
    cv::meanStdDev(grey, mean, deviation);
    detector.push(static_cast<std::int64_t>(i), frames[i],
                  i == 0 ? MotionStep{} : meter.step(previous, grey), deviation[0] < 4);
    previous = grey;
  }
  detector.settle();
  EXPECT_EQ(detector.decided_before(), static_cast<std::int64_t>(frames.size()));
  return detector.take_cuts();
}

std::vector<cv::Mat> blend(const std::vector<cv::Mat>& from, const std::vector<cv::Mat>& to) {
  std::vector<cv::Mat> frames;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double share = static_cast<double>(i + 1) / static_cast<double>(from.size() + 1);
    cv::Mat frame;
    cv::addWeighted(from[i], 1 - share, to[i], share, 0, frame);
    frames.push_back(frame);
  }
  return frames;
}

using Cuts = std::vector<std::int64_t>;

TEST(CurateShots, FindsHardCutsExactly) {
  std::vector<cv::Mat> frames = pan(1, kSize, 15, 3);
  append(frames, pan(2, kSize, 12, -9));
  append(frames, pan(3, kSize, 20, 0.5));
  EXPECT_EQ(cuts_of(frames), (Cuts{15, 27}));
}

TEST(CurateShots, FindsCutsBetweenFlatColours) {
  std::vector<cv::Mat> frames(10, cv::Mat(kSize, CV_8UC3, cv::Scalar(200, 30, 30)));
  append(frames, std::vector<cv::Mat>(10, cv::Mat(kSize, CV_8UC3, cv::Scalar(30, 60, 200))));
  EXPECT_EQ(cuts_of(frames), Cuts{10});
}

TEST(CurateShots, FastAndSuddenMotionIsNoCut) {
  const cv::Mat world = texture(4, {2000, 200});
  std::vector<cv::Mat> frames;
  double x = 0;
  for (int i = 0; i < 40; ++i) {
    x += i < 15 ? 1 : i < 28 ? 24 : 4;  // a tenth of the width a frame
    frames.push_back(world(cv::Rect(static_cast<int>(x), 20, kSize.width, kSize.height)).clone());
  }
  EXPECT_EQ(cuts_of(frames), Cuts{});
}

TEST(CurateShots, AFlashIsNoCut) {
  std::vector<cv::Mat> frames = pan(5, kSize, 30, 2);
  frames[10] = frames[10] + cv::Scalar::all(130);
  frames[20] = cv::Mat(kSize, CV_8UC3, cv::Scalar::all(255));
  frames[21] = frames[21] + cv::Scalar::all(90);
  EXPECT_EQ(cuts_of(frames), Cuts{});
}

TEST(CurateShots, SetsDissolvesApart) {
  const std::vector<cv::Mat> before = pan(6, kSize, 50, 0.5);
  const std::vector<cv::Mat> after = pan(7, kSize, 50, -0.5);
  std::vector<cv::Mat> frames(before.begin(), before.begin() + 30);
  append(frames, blend({before.begin() + 30, before.end()}, {after.begin(), after.begin() + 20}));
  append(frames, {after.begin() + 20, after.end()});
  const Cuts cuts = cuts_of(frames);
  ASSERT_EQ(cuts.size(), 2U);
  EXPECT_NEAR(cuts[0], 30, 3);
  EXPECT_NEAR(cuts[1], 50, 3);
}

TEST(CurateShots, SetsFadesThroughBlackApart) {
  const cv::Mat black(kSize, CV_8UC3, cv::Scalar::all(0));
  const std::vector<cv::Mat> before = pan(8, kSize, 40, 1);
  const std::vector<cv::Mat> after = pan(9, kSize, 40, 1);
  std::vector<cv::Mat> frames(before.begin(), before.begin() + 25);
  append(frames, blend({before.begin() + 25, before.end()}, std::vector<cv::Mat>(15, black)));
  append(frames, std::vector<cv::Mat>(5, black));
  append(frames, blend(std::vector<cv::Mat>(15, black), {after.begin(), after.begin() + 15}));
  append(frames, {after.begin() + 15, after.end()});
  const Cuts cuts = cuts_of(frames);
  ASSERT_GE(cuts.size(), 2U);
  EXPECT_NEAR(cuts.front(), 25, 3);  // the fade begins
  EXPECT_NEAR(cuts.back(), 60, 3);   // and is over
}

TEST(CurateShots, FindsTheCutsOfRealFootage) {
  const auto clips = testing::real_clips();
  if (!clips) GTEST_SKIP() << "no real clips here";
  media::DecodeRequest request;
  request.fps = {20, 1};
  request.width = kSize.width;
  request.height = kSize.height;
  const auto frames_of = [&](const char* name, std::int64_t first, std::int64_t count) {
    request.first = first;
    request.count = count;
    return media::read_video(*clips / name, request).frames;
  };
  // An edited clip with fast motion and focus pulls; its cuts were found by eye.
  EXPECT_EQ(cuts_of(frames_of("bikes.mp4", 0, 199)), (Cuts{24, 61, 110, 150, 194}));
  std::vector<cv::Mat> joined = frames_of("cup.mp4", 30, 30);  // a hand-held camera swings
  append(joined, frames_of("vtest.avi", 40, 24));
  append(joined, frames_of("bigbuckbunny.mp4", 20, 20));
  append(joined, frames_of("box.mp4", 100, 20));
  // Without the repeated frames of vtest.avi's 10 fps, as the analyser leaves them out.
  std::vector<cv::Mat> pictures;
  for (std::size_t i = 0; i < joined.size(); ++i) {
    if (i < 30 || i >= 54 || i % 2 == 0) pictures.push_back(joined[i]);
  }
  EXPECT_EQ(cuts_of(pictures), (Cuts{30, 42, 62}));
}

}  // namespace
}  // namespace ditto::stages::curate
