#include "stages/curate/motion.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"

namespace ditto::stages::curate {
namespace {

// A step is trusted when the way there and back ends within this distance: half a pixel and a
// twentieth of the way, as is usual for optical flow.
constexpr float kRoundTripPixels = 0.5F;
constexpr float kRoundTripShare = 0.05F;
// Flat areas pass the round trip whatever they show, so a point must also keep its luma within this
// many levels; the largest change of exposure between two frames of one shot stays below.
constexpr float kLumaLevels = 40;

// Steps shorter than this are believed only where they explain the change of the picture around the
// point: noise makes flow too. Unexplained: at least this share of the squared difference is left.
constexpr float kSmallStep = 0.5F;
constexpr double kUnexplained = 0.7;
constexpr int kPatchRadius = 4;

cv::Point2f sample(const cv::Mat& flow, cv::Point2f at) {
  const float x = std::clamp(at.x, 0.0F, static_cast<float>(flow.cols - 1));
  const float y = std::clamp(at.y, 0.0F, static_cast<float>(flow.rows - 1));
  const int x0 = std::min(static_cast<int>(x), flow.cols - 2);
  const int y0 = std::min(static_cast<int>(y), flow.rows - 2);
  const float fx = x - static_cast<float>(x0);
  const float fy = y - static_cast<float>(y0);
  const auto* row0 = flow.ptr<cv::Point2f>(y0) + x0;
  const auto* row1 = flow.ptr<cv::Point2f>(y0 + 1) + x0;
  return (1 - fy) * ((1 - fx) * row0[0] + fx * row0[1]) + fy * ((1 - fx) * row1[0] + fx * row1[1]);
}

float luma(const cv::Mat& grey, cv::Point2f at) {
  const int x = std::clamp(static_cast<int>(std::lround(at.x)), 0, grey.cols - 1);
  const int y = std::clamp(static_cast<int>(std::lround(at.y)), 0, grey.rows - 1);
  return grey.at<std::uint8_t>(y, x);
}

float interpolate(const cv::Mat& grey, float x, float y) {
  x = std::clamp(x, 0.0F, static_cast<float>(grey.cols - 1));
  y = std::clamp(y, 0.0F, static_cast<float>(grey.rows - 1));
  const int x0 = std::min(static_cast<int>(x), grey.cols - 2);
  const int y0 = std::min(static_cast<int>(y), grey.rows - 2);
  const float fx = x - static_cast<float>(x0);
  const float fy = y - static_cast<float>(y0);
  const auto* row0 = grey.ptr<float>(y0) + x0;
  const auto* row1 = grey.ptr<float>(y0 + 1) + x0;
  return (1 - fy) * ((1 - fx) * row0[0] + fx * row0[1]) + fy * ((1 - fx) * row1[0] + fx * row1[1]);
}

/// Squared differences of the picture around a point to the one before.
struct Change {
  double still = 0;  ///< at the same place
  double moved = 0;  ///< at the place the step leads to
};

Change change_around(const cv::Mat& previous, const cv::Mat& now, cv::Point2f at,
                     cv::Point2f step) {
  Change change;
  for (int y = -kPatchRadius; y <= kPatchRadius; y += 2) {
    for (int x = -kPatchRadius; x <= kPatchRadius; x += 2) {
      const float px = at.x + static_cast<float>(x);
      const float py = at.y + static_cast<float>(y);
      const float before = interpolate(previous, px, py);
      const float a = interpolate(now, px, py) - before;
      const float b = interpolate(now, px + step.x, py + step.y) - before;
      change.still += static_cast<double>(a) * a;
      change.moved += static_cast<double>(b) * b;
    }
  }
  return change;
}

float length(cv::Point2f v) { return std::sqrt(v.x * v.x + v.y * v.y); }

}  // namespace

MotionMeter::MotionMeter(cv::Size picture, int grid)
    : picture_(picture), diagonal_(std::hypot(picture.width, picture.height)) {
  const int longer = std::max(picture.width, picture.height);
  const auto along = [&](int side) { return std::max(2, (grid * side + longer / 2) / longer); };
  const int columns = along(picture.width);
  const int rows = along(picture.height);
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) {
      home_.emplace_back((static_cast<float>(x) + 0.5F) * static_cast<float>(picture.width) /
                                 static_cast<float>(columns) -
                             0.5F,
                         (static_cast<float>(y) + 0.5F) * static_cast<float>(picture.height) /
                                 static_cast<float>(rows) -
                             0.5F);
    }
  }
  points_ = home_;
}

MotionStep MotionMeter::step(const cv::Mat& previous, const cv::Mat& grey) {
  MotionStep result;
  const cv::Mat forward = media::flow(previous, grey, media::FlowQuality::kFast);
  const cv::Mat backward = media::flow(grey, previous, media::FlowQuality::kFast);
  cv::Mat smooth_previous, smooth;
  previous.convertTo(smooth_previous, CV_32F);
  grey.convertTo(smooth, CV_32F);
  cv::GaussianBlur(smooth_previous, smooth_previous, {7, 7}, 1.5);
  cv::GaussianBlur(smooth, smooth, {7, 7}, 1.5);
  if (steps_++ % kTrackSteps == 0) points_ = home_;

  double path = 0;
  double still = 0;
  double moved = 0;
  int passed = 0;
  const cv::Rect2f inside(0, 0, static_cast<float>(picture_.width),
                          static_cast<float>(picture_.height));
  for (std::size_t i = 0; i < points_.size(); ++i) {
    const cv::Point2f there = sample(forward, points_[i]);
    const cv::Point2f arrived = points_[i] + there;
    const cv::Point2f back = sample(backward, arrived);
    const bool returns = length(there + back) <= kRoundTripPixels + kRoundTripShare * length(there);
    const bool alike = std::abs(luma(previous, points_[i]) - luma(grey, arrived)) <= kLumaLevels;
    if (!inside.contains(arrived) || !returns || !alike) {
      points_[i] = home_[i];
      continue;
    }
    ++passed;
    const Change change = change_around(smooth_previous, smooth, points_[i], there);
    still += change.still;
    moved += change.moved;
    if (length(there) < kSmallStep && change.moved >= kUnexplained * change.still) continue;
    path += length(there);
    points_[i] = arrived;
  }
  result.tracked = static_cast<float>(passed) / static_cast<float>(points_.size());
  if (passed > 0) result.motion = static_cast<float>(path / passed / diagonal_);

  if (still > 0) result.unexplained = static_cast<float>(moved / still);
  return result;
}

}  // namespace ditto::stages::curate
