#include "ditto/stages/enhance.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "stages/enhance/faded_blocks.h"
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
    const auto enhancer = make_enhancer(config);
    return enhancer->enhance(clip, *enhancer->prepare(clip), frames, "", kStream);
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

/// Each 8x8 block's cosine transform rounded to multiples of `quantum`, as JPEG does.
media::Video quantised(const media::Video& video, float quantum) {
  media::Video out{.frames = {}, .fps = video.fps};
  for (const cv::Mat& frame : video.frames) {
    std::array<cv::Mat, 3> planes;
    cv::Mat wide;
    frame.convertTo(wide, CV_32F);
    cv::split(wide, planes.data());
    for (cv::Mat& plane : planes) {
      for (int y = 0; y + 8 <= plane.rows; y += 8) {
        for (int x = 0; x + 8 <= plane.cols; x += 8) {
          cv::Mat block = plane(cv::Rect(x, y, 8, 8)), transform;
          cv::dct(block, transform);
          for (float& c : cv::Mat_<float>(transform)) c = quantum * std::round(c / quantum);
          cv::idct(transform, block);
        }
      }
    }
    cv::merge(planes.data(), 3, wide);
    wide.convertTo(wide, CV_8U);
    out.frames.push_back(wide);
  }
  return out;
}

TEST_F(Enhance, RemovesBlocking) {
  const Clip clip = moving_scene(kSize, 7, true);
  const media::Video clean = edited(clip.video);
  for (const float quantum : {40.0f, 80.0f}) {
    const media::Video blocky = quantised(clean, quantum);
    EXPECT_GT(mean_psnr(run(clip, blocky), clean), mean_psnr(blocky, clean) + 1.5) << quantum;
  }
}

/// In a picture of little contrast the noise is larger than the detail, which the source explains
/// all the same.
TEST_F(Enhance, RemovesBlockingFromFog) {
  const Clip clip = moving_scene(kSize, 7, true);
  media::Video fog{.frames = {}, .fps = clip.video.fps};
  for (const cv::Mat& frame : clip.video.frames) {
    cv::Mat f;
    frame.convertTo(f, -1, 0.2, 160);
    fog.frames.push_back(f);
  }
  const media::Video blocky = quantised(fog, 20);
  EXPECT_GT(mean_psnr(run(clip, blocky), fog), mean_psnr(blocky, fog) + 1);
}

/// Frames predicted from others carry the noise along with the picture, off the grid.
TEST_F(Enhance, FindsTheGridOfTheFirstFrameAlone) {
  const Clip clip = moving_scene(kSize, 7, false);
  const media::Video clean = edited(clip.video);
  media::Video blocky = quantised(clean, 60);
  for (std::size_t t = 1; t < clean.frames.size(); ++t) {
    // The grid at another place in each frame: what lies on it is moved, quantised and moved back.
    const int shift = static_cast<int>(t);
    cv::Mat wide;
    cv::copyMakeBorder(clean.frames[t], wide, shift, 8 - shift, shift, 8 - shift,
                       cv::BORDER_REFLECT);
    const media::Video moved = quantised({.frames = {wide}, .fps = clean.fps}, 60);
    blocky.frames[t] = moved.frames[0](cv::Rect({shift, shift}, kSize)).clone();
  }
  EXPECT_GT(mean_psnr(run(clip, blocky), clean), mean_psnr(blocky, clean) + 1.5);
}

/// Black bars on white are steps enough to hide those of a grid.
TEST_F(Enhance, FindsTheGridBehindATitle) {
  const Clip clip = moving_scene({256, 160}, 7, true);
  media::Video titled = edited(clip.video);
  cv::RNG rng(4);
  for (int i = 0; i < 9; ++i) {
    const cv::Rect bar(90 + 9 * i + rng.uniform(0, 4), 125, 4, 20);
    for (cv::Mat& frame : titled.frames) frame(bar).setTo(cv::Scalar::all(i % 2 == 0 ? 255 : 0));
  }
  const media::Video blocky = quantised(titled, 40);
  EXPECT_GT(mean_psnr(run(clip, blocky), titled), mean_psnr(blocky, titled) + 1);
}

/// The grain of a drawing's paper is nothing that the source shows, and no noise.
TEST_F(Enhance, KeepsGrainBesidesBlocking) {
  const cv::Size size(256, 160);
  const Clip clip = moving_scene(size, 7, true);
  media::Video drawing = edited(clip.video);
  cv::Mat grain(size, CV_32FC1);
  cv::RNG(6).fill(grain, cv::RNG::NORMAL, 0, 12);
  cv::cvtColor(grain, grain, cv::COLOR_GRAY2RGB);
  for (cv::Mat& frame : drawing.frames) cv::add(frame, grain, frame, cv::noArray(), CV_8U);
  for (const float quantum : {30.0f, 45.0f, 60.0f, 80.0f}) {
    const media::Video blocky = quantised(drawing, quantum);
    EXPECT_GT(mean_psnr(run(clip, blocky), drawing), mean_psnr(blocky, drawing) - 0.05) << quantum;
  }
}

/// Each 8x8 block half-way to its mean, the first block's corner at `origin`.
media::Video faded(const media::Video& video, cv::Point origin) {
  media::Video out{.frames = {}, .fps = video.fps};
  for (const cv::Mat& frame : video.frames) {
    cv::Mat f = frame.clone();
    for (int y = origin.y - 8; y < f.rows; y += 8) {
      for (int x = origin.x - 8; x < f.cols; x += 8) {
        cv::Mat block = f(cv::Rect(x, y, 8, 8) & cv::Rect({0, 0}, f.size()));
        if (!block.empty()) block = 0.5 * block + 0.5 * cv::mean(block);
      }
    }
    out.frames.push_back(f);
  }
  return out;
}

TEST_F(Enhance, BringsBackTheDetailOfFadedBlocks) {
  const Clip clip = moving_scene({200, 116}, 7, true);
  const media::Video clean = edited(clip.video);
  for (const cv::Point origin : {cv::Point(0, 0), cv::Point(3, 6)}) {
    const media::Video faint = faded(clean, origin);
    EXPECT_GT(mean_psnr(run(clip, faint), clean), mean_psnr(faint, clean) + 3) << origin;
  }
}

cv::Mat luma(const cv::Mat& frame) {
  cv::Mat plane;
  cv::cvtColor(frame, plane, cv::COLOR_RGB2GRAY);
  plane.convertTo(plane, CV_32F);
  return plane;
}

TEST_F(Enhance, TellsFadedBlocksFromACodecs) {
  const media::Video clean = edited(moving_scene(kSize, 1, true).video);
  // Lines as fine as pixels have no smaller steps inside blocks than across borders, whatever was
  // done to the blocks.
  media::Video lines{.frames = {clean.frames[0].clone()}, .fps = clean.fps};
  cv::RNG rng(3);
  for (int y = 0; y < kSize.height; ++y)
    lines.frames[0].row(y).setTo(cv::Scalar::all(rng.uniform(0, 2) ? 20 : 235));
  for (const media::Video& video : {clean, lines}) {
    for (const float quantum : {10.0f, 40.0f, 160.0f}) {
      const std::vector<cv::Mat> coded = {luma(quantised(video, quantum).frames[0])};
      EXPECT_EQ(detail_left(coded, {0, 0}), 1) << quantum;
    }
    const std::vector<cv::Mat> whole = {luma(video.frames[0])};
    EXPECT_EQ(detail_left(whole, {0, 0}), 1);
    EXPECT_EQ(detail_left(whole, {3, 5}), 1);
  }
  const std::vector<cv::Mat> faint = {luma(faded(clean, {3, 5}).frames[0])};
  EXPECT_NEAR(detail_left(faint, {3, 5}), 0.5, 0.03);
}

/// A look of tiles on the same grid as a codec's is what was asked for.
TEST_F(Enhance, KeepsTilesThatAreAnEdit) {
  const Clip clip = moving_scene(kSize, 7, true);
  media::Video tiles{.frames = {}, .fps = clip.video.fps};
  for (const cv::Mat& frame : edited(clip.video).frames) {
    cv::Mat small, large;
    cv::resize(frame, small, {kSize.width / 8, kSize.height / 8}, 0, 0, cv::INTER_AREA);
    cv::resize(small, large, kSize, 0, 0, cv::INTER_NEAREST);
    tiles.frames.push_back(large);
  }
  EXPECT_GT(mean_psnr(run(clip, tiles), tiles), 37);
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

/// PSNR close to the moving disk's edge, the least over the frames that have neighbours.
double least_psnr_at_edge(const media::Video& video, const media::Video& oracle) {
  double least = 99;
  for (int t = 2; t < static_cast<int>(video.frames.size()) - 2; ++t) {
    cv::Mat ring = cv::Mat::zeros(kSize, CV_8U);
    cv::circle(ring, disk_centre(t), kDiskRadius + 6, 255, cv::FILLED);
    cv::circle(ring, disk_centre(t), kDiskRadius - 6, 0, cv::FILLED);
    const auto i = static_cast<std::size_t>(t);
    least = std::min(least, psnr(video.frames[i], oracle.frames[i], ring));
  }
  return least;
}

/// Each frame's mean with the one before it and, `both` given, the one after.
media::Video averaged(const media::Video& video, bool both) {
  media::Video out = video;
  for (std::size_t t = 1; t + 1 < video.frames.size(); ++t) {
    cv::Mat mean;
    cv::addWeighted(video.frames[t], 0.5, video.frames[t - 1], 0.5, 0, mean);
    if (both) cv::addWeighted(mean, 2 / 3.0, video.frames[t + 1], 1 / 3.0, 0, mean);
    out.frames[t] = mean;
  }
  return out;
}

TEST_F(Enhance, LeavesNoGhostAtAMovingEdge) {
  const Clip clip = moving_scene(kSize, 13, true);
  const media::Video clean = edited(clip.video);
  EXPECT_GT(least_psnr_at_edge(run(clip, clean), clean), 40);
  // What the bound is for: plain averaging lags, or leaves a ghost on both sides.
  EXPECT_LT(least_psnr_at_edge(averaged(clean, false), clean), 30);
  EXPECT_LT(least_psnr_at_edge(averaged(clean, true), clean), 30);
}

/// Where there is something to remove, the edge must still not lag.
TEST_F(Enhance, RemovesFlickerAtAMovingEdgeWithoutAGhost) {
  const Clip clip = moving_scene(kSize, 13, true);
  const media::Video clean = edited(clip.video);
  media::Video flickering{.frames = {}, .fps = clean.fps};
  for (std::size_t t = 0; t < clean.frames.size(); ++t) {
    flickering.frames.push_back(clean.frames[t] + cv::Scalar::all(t % 2 == 0 ? 0 : 10));
  }
  const double before = least_psnr_at_edge(flickering, clean);
  EXPECT_GT(least_psnr_at_edge(run(clip, flickering), clean), before + 3);
  EXPECT_LT(least_psnr_at_edge(averaged(flickering, true), clean), before + 1);
}

/// A thing of the edit that moves by itself, with nothing in the source to follow.
TEST_F(Enhance, LeavesNoGhostOfWhatTheSourceDoesntShow) {
  const Clip clip = moving_scene(kSize, 13, false);
  media::Video clean = edited(clip.video);
  for (int t = 0; t < 13; ++t) {
    cv::Mat frame = clean.frames[static_cast<std::size_t>(t)].clone(),
            tinted = frame + cv::Scalar(35, 20, 10);
    cv::Mat disk = cv::Mat::zeros(kSize, CV_8U);
    cv::circle(disk, disk_centre(t), kDiskRadius, 255, cv::FILLED);
    tinted.copyTo(frame, disk);
    clean.frames[static_cast<std::size_t>(t)] = frame;
  }
  EXPECT_GT(least_psnr_at_edge(run(clip, clean), clean), 36);
  EXPECT_LT(least_psnr_at_edge(averaged(clean, true), clean), 34);
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
  const Clip clip = moving_scene(kSize, 9, true);
  EXPECT_LE(enhancer->prepare(clip)->bytes(), enhancer->prepared_bytes({9, 128, 80}));
  EXPECT_GE(enhancer->working_bytes({49, 832, 480}), ClipShape({49, 832, 480}).video_bytes());
}

}  // namespace
}  // namespace ditto::stages
