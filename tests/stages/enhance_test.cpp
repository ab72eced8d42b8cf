#include "ditto/stages/enhance.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "stages/moving_scene.h"

namespace ditto::stages {
namespace {

const cv::Size kSize(128, 80);
const Stream kStream(1, "scene_000000_0", "enhance");

class Enhance : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { cv::setNumThreads(1); }

  static media::Video run(const Clip& clip, const media::Video& frames,
                          const config::Enhance& config = {}) {
    return make_enhancer(config)->enhance(clip, frames, "", kStream);
  }
  static double mean_psnr(const media::Video& video, const media::Video& oracle) {
    double sum = 0;
    for (std::size_t t = 0; t < video.frames.size(); ++t)
      sum += psnr(video.frames[t], oracle.frames[t]);
    return sum / static_cast<double>(video.frames.size());
  }
};

/// The scene with its colours changed: what a generator would hand over.
media::Video edited(const media::Video& source) {
  media::Video out{.frames = {}, .fps = source.fps};
  for (const cv::Mat& frame : source.frames) {
    cv::Mat f;
    cv::transform(frame, f, cv::Matx34f(0.9f, 0.1f, 0, 5, 0, 0.8f, 0.1f, 10, 0.1f, 0, 0.7f, 0));
    out.frames.push_back(f);
  }
  return out;
}

TEST_F(Enhance, RemovesLuminanceFlicker) {
  const Clip clip = moving_scene(kSize, 17, true);
  const media::Video clean = edited(clip.video);
  media::Video flickering{.frames = {}, .fps = clean.fps};
  cv::RNG rng(5);
  for (const cv::Mat& frame : clean.frames) {
    flickering.frames.push_back(frame + cv::Scalar::all(rng.uniform(-12, 13)));
  }
  EXPECT_GT(mean_psnr(run(clip, flickering), clean), mean_psnr(flickering, clean) + 3);
}

TEST_F(Enhance, RemovesFlickeringPatches) {
  const Clip clip = moving_scene(kSize, 13, false);
  const media::Video clean = edited(clip.video);
  media::Video spotted{.frames = {}, .fps = clean.fps};
  cv::RNG rng(5);
  for (const cv::Mat& frame : clean.frames) {
    cv::Mat f = frame.clone();
    for (int i = 0; i < 6; ++i) {
      cv::Mat patch = f(cv::Rect(rng.uniform(0, 118), rng.uniform(0, 70), 10, 10));
      patch += cv::Scalar::all(25);
    }
    spotted.frames.push_back(f);
  }
  EXPECT_GT(mean_psnr(run(clip, spotted), clean), mean_psnr(spotted, clean) + 1.5);
}

TEST_F(Enhance, LeavesACleanVideoNearlyAlone) {
  const Clip clip = moving_scene(kSize, 13, true);
  const media::Video clean = edited(clip.video);
  // 46 dB is an error that adds 0.1 dB to one of 30 dB.
  EXPECT_GT(mean_psnr(run(clip, clean), clean), 46);
}

TEST_F(Enhance, KeepsTheSourcesOwnBrightnessChanges) {
  Clip clip = moving_scene(kSize, 13, false);
  for (std::size_t t = 0; t < 13; ++t) clip.video.frames[t] += cv::Scalar::all(t % 4 < 2 ? 0 : 14);
  const media::Video clean = edited(clip.video);
  EXPECT_GT(mean_psnr(run(clip, clean), clean), 40);
}

TEST_F(Enhance, LeavesNoGhostAtAMovingEdge) {
  const Clip clip = moving_scene(kSize, 13, true);
  const media::Video clean = edited(clip.video);
  const media::Video result = run(clip, clean);
  for (int t = 2; t < 11; ++t) {
    cv::Mat ring = cv::Mat::zeros(kSize, CV_8U);
    cv::circle(ring, disk_centre(t), kDiskRadius + 6, 255, cv::FILLED);
    cv::circle(ring, disk_centre(t), kDiskRadius - 6, 0, cv::FILLED);
    const auto i = static_cast<std::size_t>(t);
    EXPECT_GT(psnr(result.frames[i], clean.frames[i], ring), 40) << "frame " << t;
  }
}

TEST_F(Enhance, WritesNothingInPlaceAndTakesShortClips) {
  Clip clip = moving_scene(kSize, 2, false);
  const media::Video frames = edited(clip.video);
  const cv::Mat before = frames.frames[0].clone();
  const media::Video result = run(clip, frames);
  EXPECT_EQ(result.frames.size(), 2U);
  EXPECT_EQ(result.fps, frames.fps);
  EXPECT_EQ(cv::norm(before, frames.frames[0], cv::NORM_INF), 0);
  EXPECT_NE(result.frames[0].data, frames.frames[0].data);
}

TEST_F(Enhance, StrengthZeroAndBackendNoneChangeNothing) {
  const Clip clip = moving_scene(kSize, 5, true);
  media::Video frames = edited(clip.video);
  frames.frames[2] += cv::Scalar::all(20);
  config::Enhance off, none;
  off.strength = 0;
  none.backend = "none";
  for (const config::Enhance& config : {off, none}) {
    const media::Video result = run(clip, frames, config);
    for (std::size_t t = 0; t < 5; ++t) {
      EXPECT_EQ(cv::norm(result.frames[t], frames.frames[t], cv::NORM_INF), 0);
    }
  }
}

TEST_F(Enhance, RefusesAnotherNumberOfFrames) {
  const Clip clip = moving_scene(kSize, 5, false);
  media::Video frames = edited(clip.video);
  frames.frames.pop_back();
  EXPECT_THROW(run(clip, frames), Error);
}

TEST_F(Enhance, MemoryBoundGrowsWithTheClip) {
  const auto enhancer = make_enhancer({});
  EXPECT_LT(enhancer->working_bytes({49, 832, 480}), enhancer->working_bytes({101, 832, 480}));
  EXPECT_LT(enhancer->working_bytes({101, 832, 480}), enhancer->working_bytes({101, 1280, 720}));
  EXPECT_GE(enhancer->working_bytes({49, 832, 480}), ClipShape({49, 832, 480}).video_bytes());
}

}  // namespace
}  // namespace ditto::stages
