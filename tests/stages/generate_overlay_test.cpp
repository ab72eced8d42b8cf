#include <gtest/gtest.h>

#include "ditto/nn/runtime.h"
#include "ditto/stages/generate.h"
#include "stages/generate/screen_layers.h"
#include "stages/moving_scene.h"

namespace ditto::stages {
namespace {

const cv::Size kSize(192, 112);
const cv::Rect kPlate(80, 40, 36, 28);

/// A strip with writing across the whole picture.
cv::Mat with_title(const cv::Mat& frame) {
  cv::Mat out = frame.clone();
  cv::rectangle(out, {0, 88, kSize.width, 16}, {20, 20, 30}, cv::FILLED);
  cv::putText(out, "NEWS", {12, 101}, cv::FONT_HERSHEY_DUPLEX, 0.5, {255, 220, 60}, 1, cv::LINE_AA);
  return out;
}

/// A chequered plate with its corner at a point.
cv::Mat with_plate(const cv::Mat& frame, cv::Point at) {
  cv::Mat out = frame.clone();
  for (int y = 0; y < kPlate.height; ++y) {
    for (int x = 0; x < kPlate.width; ++x)
      out.at<cv::Vec3b>(at + cv::Point(x, y)) =
          (x / 9 + y / 7) % 2 ? cv::Vec3b(230, 30, 200) : cv::Vec3b(20, 240, 60);
  }
  return out;
}

cv::Mat framed(const cv::Mat& frame) {
  cv::Mat out(frame.size(), CV_8UC3, cv::Scalar(110, 60, 25));
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) out.at<cv::Vec3b>(y, x)[0] += static_cast<uchar>(x % 7 * 8);
  }
  const cv::Rect inner(14, 12, kSize.width - 28, kSize.height - 24);
  frame(inner).copyTo(out(inner));
  return out;
}

cv::Mat hazy(const cv::Mat& frame) {
  cv::Mat out = frame.clone();
  for (int y = 0; y < out.rows; ++y) {
    const double share = std::max(0.0, 0.9 - 0.9 * y / out.rows);
    out.row(y) = out.row(y) * (1 - share) + cv::Scalar(205, 210, 215) * share;
  }
  return out;
}

/// Dots on a grid that is turned by 36 degrees, darker where the picture is.
cv::Mat dotted(const cv::Mat& frame) {
  cv::Mat out = frame.clone();
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) {
      const double u = (0.809 * x + 0.588 * y) * 6.283 / 7, v = (0.809 * y - 0.588 * x) * 6.283 / 7;
      auto& p = out.at<cv::Vec3b>(y, x);
      p *= 0.65 + 0.35 * std::cos(u) * std::cos(v);
    }
  }
  return out;
}

class GenerateOverlay : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cv::setNumThreads(1);
    nn::set_up_torch();
  }

  Generation run(const std::string& overlay, const std::vector<EditedKey>& keys,
                 int iterations = 60) const {
    config::Generate config;
    config.iterations = iterations;
    config.align_key = false;
    config.overlay = overlay;
    const auto generator = make_generator(config, 1);
    std::vector<int> frames;
    for (const EditedKey& key : keys) frames.push_back(key.frame);
    return generator->generate(clip_, *generator->prepare(clip_, frames), keys, "",
                               Stream(1, "scene_000000_0", "generate"));
  }
  /// With the middle frame as the key.
  Generation run(const std::string& overlay, const cv::Mat& edited, int iterations = 60) const {
    return run(overlay, {{clip_.key_frame, edited}}, iterations);
  }
  const cv::Mat& frame(int t) const { return clip_.video.frames[static_cast<std::size_t>(t)]; }

  // Pans by 1.25 px a frame.
  const Clip clip_ = moving_scene(kSize, 9, false);
};

TEST_F(GenerateOverlay, ATitleAcrossThePictureStaysWhereItIs) {
  const Generation found = run("auto", with_title(clip_.key())),
                   moved = run("scene", with_title(clip_.key()));
  EXPECT_EQ(found.details.at("screen_layers"), 1);
  EXPECT_EQ(moved.details.at("screen_layers"), 0);
  for (const int t : {0, 8}) {
    const auto i = static_cast<std::size_t>(t);
    const cv::Mat oracle = with_title(frame(t));
    EXPECT_GT(psnr(found.video.frames[i], oracle), 40) << "frame " << t;
    EXPECT_GT(psnr(found.video.frames[i], oracle), psnr(moved.video.frames[i], oracle) + 6)
        << "frame " << t;
    EXPECT_GT(found.confidence[i], moved.confidence[i]);
  }
}

TEST_F(GenerateOverlay, APictureFrameStaysWhereItIs) {
  const Generation result = run("auto", framed(clip_.key()), 300);
  EXPECT_EQ(result.details.at("screen_layers"), 1);
  EXPECT_GT(psnr(result.video.frames[0], framed(frame(0))), 34);
}

TEST_F(GenerateOverlay, HazeThatThinsOutIsNoStrip) {
  EXPECT_EQ(run("auto", hazy(clip_.key())).details.at("screen_layers"), 0);
}

TEST_F(GenerateOverlay, DotsOfAHalftoneStayWhereTheyAre) {
  const Generation result = run("auto", dotted(clip_.key()), 400);
  EXPECT_EQ(result.details.at("screen_waves"), 2);
  EXPECT_EQ(result.details.at("screen_layers"), 0);
  EXPECT_GT(psnr(result.video.frames[0], dotted(frame(0))), 30);
  EXPECT_EQ(run("auto", hazy(clip_.key())).details.at("screen_waves"), 0);
}

TEST_F(GenerateOverlay, APlateInTheMiddleIsAsTheUserSays) {
  const auto moving = [&](int t) {
    return with_plate(frame(t), kPlate.tl() - cv::Point(cvRound(1.25 * (t - 4)), (t - 4) / 2));
  };
  const auto fixed = [&](int t) { return with_plate(frame(t), kPlate.tl()); };
  const cv::Mat edited = fixed(4);
  const Generation unknown = run("auto", edited), screen = run("screen", edited);
  EXPECT_EQ(unknown.details.at("screen_layers"), 0);
  EXPECT_EQ(unknown.details.at("object_layers"), 1);
  EXPECT_GT(psnr(unknown.video.frames[8], moving(8)), psnr(unknown.video.frames[8], fixed(8)) + 4);
  EXPECT_EQ(screen.details.at("screen_layers"), 1);
  EXPECT_EQ(screen.details.at("object_layers"), 0);
  EXPECT_GT(psnr(screen.video.frames[8], fixed(8)), 40);
}

TEST_F(GenerateOverlay, ASecondKeyShowsThatAPlateIsFixed) {
  const Generation both =
      run("auto", {{0, with_plate(frame(0), kPlate.tl())}, {8, with_plate(frame(8), kPlate.tl())}});
  EXPECT_EQ(both.details.at("screen_layers"), 2);
  EXPECT_EQ(both.details.at("object_layers"), 0);
  EXPECT_GT(psnr(both.video.frames[4], with_plate(frame(4), kPlate.tl())), 38);
}

TEST_F(GenerateOverlay, WhatShinesThroughIsAddedInPlace) {
  const auto marked = [&](int t) {
    cv::Mat out = frame(t).clone();
    cv::Mat mark = out(cv::Rect(12, 8, 40, 20));
    mark = mark * 0.7 + cv::Scalar(75, 75, 75);
    return out;
  };
  const Generation result = run("screen", marked(4));
  EXPECT_EQ(result.details.at("screen_layers"), 1);
  const cv::Rect inner(14, 10, 36, 16);
  const auto& last = result.video.frames[8];
  EXPECT_GT(psnr(last(inner), marked(8)(inner)), psnr(frame(8)(inner), marked(8)(inner)) + 6);
}

}  // namespace
}  // namespace ditto::stages
