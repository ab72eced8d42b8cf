#include "ditto/media/flow.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

namespace ditto::media {
namespace {

cv::Mat texture(cv::Size size) {
  cv::Mat image(size, CV_8UC1);
  cv::RNG rng(5);
  rng.fill(image, cv::RNG::UNIFORM, 0, 256);
  cv::GaussianBlur(image, image, {}, 3);
  cv::normalize(image, image, 0, 255, cv::NORM_MINMAX);
  return image;
}

// `to` shows at p + (dx, dy) what `from` shows at p.
cv::Mat moved(const cv::Mat& image, double dx, double dy) {
  cv::Mat out;
  const cv::Matx23d shift(1, 0, dx, 0, 1, dy);
  cv::warpAffine(image, out, shift, image.size(), cv::INTER_CUBIC, cv::BORDER_REFLECT);
  return out;
}

cv::Mat constant(cv::Size size, float x, float y) {
  return cv::Mat(size, CV_32FC2, cv::Scalar(x, y));
}

double largest_inside(const cv::Mat& difference, int border) {
  const cv::Rect inside(border, border, difference.cols - 2 * border, difference.rows - 2 * border);
  return cv::norm(difference(inside), cv::NORM_INF);
}

TEST(Flow, FindsATranslation) {
  const cv::Mat from = texture({160, 120});
  for (const FlowQuality quality :
       {FlowQuality::kUltrafast, FlowQuality::kFast, FlowQuality::kMedium}) {
    const cv::Mat found = flow(from, moved(from, 3.5, -2.0), quality);
    ASSERT_EQ(found.type(), CV_32FC2);
    ASSERT_EQ(found.size(), from.size());
    const cv::Mat error = found - constant(from.size(), 3.5f, -2.0f);
    const cv::Rect inside(16, 16, 128, 88);
    const double mean = cv::norm(error(inside), cv::NORM_L1) / (2.0 * inside.area());
    EXPECT_LT(mean, quality == FlowQuality::kUltrafast ? 0.3 : 0.15);
    if (quality == FlowQuality::kMedium) {
      EXPECT_LT(largest_inside(error, 16), 0.3);
    }
  }
}

TEST(Flow, BeginsAtTheInitialFlow) {
  // Farther than the pyramid finds by itself.
  const cv::Mat wide = texture({400, 120});
  const cv::Mat from = wide(cv::Rect(120, 0, 160, 120)).clone();
  const cv::Mat to = wide(cv::Rect(60, 0, 160, 120)).clone();  // moved by +60
  const cv::Mat found = flow(from, to, FlowQuality::kMedium, constant(from.size(), 60, 0));
  const cv::Mat error = found - constant(from.size(), 60, 0);
  EXPECT_LT(cv::norm(error(cv::Rect(10, 10, 80, 100)), cv::NORM_INF), 0.3);
}

TEST(Flow, TakesTinyImages) {
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(9, 40), cv::Size(31, 7)}) {
    const cv::Mat image = texture(size);
    const cv::Mat found = flow(image, image, FlowQuality::kFast);
    ASSERT_EQ(found.size(), size);
    EXPECT_LT(cv::norm(found, cv::NORM_INF), 0.1);
  }
}

TEST(Flow, GivesTheSameTwice) {
  const cv::Mat from = texture({160, 120});
  const cv::Mat to = moved(from, 1.3, 0.7);
  const cv::Mat first = flow(from, to, FlowQuality::kMedium);
  EXPECT_EQ(cv::norm(first, flow(from, to, FlowQuality::kMedium), cv::NORM_INF), 0);
}

TEST(Warp, UndoesATranslation) {
  const cv::Mat from = texture({160, 120});
  const cv::Mat to = moved(from, 4, -3);
  const cv::Mat back = warp(to, constant(from.size(), 4, -3));
  cv::Mat difference;
  cv::absdiff(back, from, difference);
  EXPECT_EQ(largest_inside(difference, 6), 0);
}

TEST(ForwardBackwardError, IsZeroForAnInverse) {
  const cv::Size size(40, 30);
  const cv::Mat error = forward_backward_error(constant(size, 2.5f, 1), constant(size, -2.5f, -1));
  ASSERT_EQ(error.type(), CV_32FC1);
  EXPECT_EQ(cv::norm(error, cv::NORM_INF), 0);
  EXPECT_FLOAT_EQ(
      forward_backward_error(constant(size, 3, 0), constant(size, 0, 4)).at<float>(9, 9), 5.0f);
}

TEST(Compose, FollowsOneFlowAndThenTheOther) {
  // b -> c grows with x; a point of a looks it up where it is in b.
  const cv::Size size(40, 30);
  cv::Mat ramp(size, CV_32FC2);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x)
      ramp.at<cv::Vec2f>(y, x) = {0.5f * static_cast<float>(x), 1};
  }
  const cv::Mat composed = compose(constant(size, 4, 2), ramp);
  EXPECT_EQ(composed.at<cv::Vec2f>(10, 10), cv::Vec2f(4 + 7, 3));
}

TEST(ResizeFlow, ScalesTheVectors) {
  const cv::Mat large = resize_flow(constant({40, 30}, 2, 3), {80, 90});
  EXPECT_EQ(large.size(), cv::Size(80, 90));
  EXPECT_EQ(cv::norm(large - constant({80, 90}, 4, 9), cv::NORM_INF), 0);
  const cv::Mat small = resize_flow(constant({40, 30}, 2, 3), {20, 10});
  EXPECT_LT(cv::norm(small - constant({20, 10}, 1, 1), cv::NORM_INF), 1e-6);
}

TEST(Grey, WeighsRedGreenAndBlueInThatOrder) {
  const cv::Mat red(1, 1, CV_8UC3, cv::Scalar(255, 0, 0));
  EXPECT_EQ(grey(red).at<std::uint8_t>(0), 76);
}

}  // namespace
}  // namespace ditto::media
