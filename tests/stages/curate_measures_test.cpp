#include <gtest/gtest.h>

#include "ditto/config/config.h"
#include "ditto/media/flow.h"
#include "stages/curate/frame.h"
#include "stages/curate/motion.h"
#include "stages/curate_scene.h"

namespace ditto::stages::curate {
namespace {

using testing::pan;
using testing::texture;

const cv::Size kSize(256, 148);

double motion_of(const std::vector<cv::Mat>& frames, int grid = 16) {
  MotionMeter meter(frames.front().size(), grid);
  double path = 0;
  for (std::size_t i = 1; i < frames.size(); ++i) {
    path += meter.step(media::grey(frames[i - 1]), media::grey(frames[i])).motion;
  }
  return path;
}

std::vector<cv::Mat> noisy(const cv::Mat& picture, int frames, double deviation) {
  cv::RNG random(7);
  std::vector<cv::Mat> result;
  for (int i = 0; i < frames; ++i) {
    cv::Mat noise(picture.size(), CV_16SC3), sum;
    random.fill(noise, cv::RNG::NORMAL, 0, deviation);
    cv::add(picture, noise, sum, cv::noArray(), CV_8UC3);
    result.push_back(sum);
  }
  return result;
}

TEST(CurateMotion, IsThePathInDiagonals) {
  const double diagonal = std::hypot(kSize.width, kSize.height);
  for (const double speed : {0.6, 2.5, 7.0}) {
    // A tenth, and a twentieth of a pixel that the flow may err.
    EXPECT_NEAR(motion_of(pan(1, kSize, 21, speed)), 20 * speed / diagonal,
                20 * (0.1 * speed + 0.05) / diagonal)
        << speed;
  }
  EXPECT_NEAR(motion_of(pan(2, kSize, 21, 3, -4)), 20 * 5 / diagonal, 0.1 * 20 * 5 / diagonal);
}

TEST(CurateMotion, DoesNotCancelBackAndForth) {
  std::vector<cv::Mat> frames = pan(3, kSize, 11, 2);
  std::vector<cv::Mat> back(frames.rbegin() + 1, frames.rend());
  const double once = motion_of(frames);
  testing::append(frames, back);
  EXPECT_NEAR(motion_of(frames), 2 * once, 0.1 * once);
}

TEST(CurateMotion, HardlyDependsOnTheGrid) {
  const std::vector<cv::Mat> frames = pan(4, kSize, 11, 2);
  EXPECT_NEAR(motion_of(frames, 8), motion_of(frames, 32), 0.05 * motion_of(frames));
}

TEST(CurateMotion, NoiseIsNoMotion) {
  const cv::Mat still = texture(5, kSize);
  EXPECT_EQ(motion_of(std::vector<cv::Mat>(10, still)), 0);
  const double noise = motion_of(noisy(still, 25, 3));
  EXPECT_LT(2 * noise, config::Curate{}.min_motion);  // a clip is about twice as long
}

TEST(CurateMotion, CountsThePartThatMoves) {
  const std::vector<cv::Mat> moving = pan(6, kSize, 21, 3);
  const cv::Mat still = texture(7, kSize);
  std::vector<cv::Mat> frames;
  const cv::Rect quarter(64, 37, 128, 74);
  for (const cv::Mat& frame : moving) {
    cv::Mat both = still.clone();
    frame(quarter).copyTo(both(quarter));
    frames.push_back(both);
  }
  const double whole = motion_of(moving);
  EXPECT_NEAR(motion_of(frames), whole / 4, whole / 10);
}

TEST(CurateMotion, ACutCannotBeFollowed) {
  MotionMeter meter(kSize, 16);
  EXPECT_LE(meter.step(media::grey(texture(8, kSize)), media::grey(texture(9, kSize))).tracked,
            0.2);
  const std::vector<cv::Mat> fast = pan(10, kSize, 2, 15);
  EXPECT_GE(meter.step(media::grey(fast[0]), media::grey(fast[1])).tracked, 0.6);
}

TEST(CurateFrame, MeasuresBarsOnAllSides) {
  cv::Mat picture(kSize, CV_8UC1, cv::Scalar(2));
  media::grey(texture(11, kSize))(cv::Rect(32, 20, 192, 108))
      .copyTo(picture(cv::Rect(32, 20, 192, 108)));
  cv::Mat noise(kSize, CV_8UC1);
  cv::RNG random(3);
  random.fill(noise, cv::RNG::UNIFORM, 0, 4);
  const Bars bars = find_bars(picture + noise);
  EXPECT_NEAR(bars.left, 32.0 / 256, 0.005);
  EXPECT_NEAR(bars.right, 32.0 / 256, 0.005);
  EXPECT_NEAR(bars.top, 20.0 / 148, 0.007);
  EXPECT_NEAR(bars.bottom, 20.0 / 148, 0.007);
  EXPECT_NEAR(bars.area(), 1 - 192.0 * 108 / (256 * 148), 0.02);
  EXPECT_EQ(find_bars(media::grey(texture(11, kSize))).area(), 0);
}

TEST(CurateFrame, DarkScenesHaveNoBars) {
  cv::Mat dark;
  media::grey(texture(12, kSize)).convertTo(dark, CV_8UC1, 0.12);  // luma about 15
  EXPECT_EQ(find_bars(dark).area(), 0);
  EXPECT_EQ(find_bars(cv::Mat(kSize, CV_8UC1, cv::Scalar(1))).area(), 1);
}

TEST(CurateFrame, FrozenMeansTheSameButForNoise) {
  const cv::Mat picture = media::grey(texture(13, kSize));
  cv::Mat other = picture.clone();
  other(cv::Rect(0, 0, 40, 40)) += 2;
  EXPECT_TRUE(is_frozen(picture, other));
  other(cv::Rect(100, 100, 3, 3)) += 12;  // something small moved
  EXPECT_FALSE(is_frozen(picture, other));
}

TEST(CurateFrame, AnalysisSizesKeepTheAspect) {
  EXPECT_EQ(analysis_size({832, 480}), cv::Size(256, 148));
  EXPECT_EQ(analysis_size({480, 832}), cv::Size(148, 256));
  EXPECT_EQ(analysis_size({128, 64}), cv::Size(128, 64));
  EXPECT_EQ(analysis_size({4096, 32}), cv::Size(256, 16));
}

}  // namespace
}  // namespace ditto::stages::curate
