#include "stages/generate/untouched.h"

#include <array>
#include <opencv2/imgproc.hpp>

namespace ditto::stages {
namespace {

// Editors that leave a place alone return it exactly, or after a lossy encoding of the picture.
constexpr double kEqual = 1.5;    // grey levels, mean over a window
constexpr int kWindow = 5;        // px
constexpr int kSmallestHole = 9;  // px: narrower equal places are coincidence
constexpr double kFewest = 0.04;  // of the picture
// The candidates for how near a prediction must be to count as no change, in grey levels.
constexpr std::array<float, 6> kNear{1.0f, 1.5f, 2.2f, 3.2f, 4.5f, 6.5f};
// A carried mask is believed up to this many times that.
constexpr float kObjection = 4.0f;

/// Mean over channels and a small window of the absolute difference, CV_32FC1.
cv::Mat smooth_difference(const cv::Mat& a, const cv::Mat& b) {
  cv::Mat difference, mean;
  cv::subtract(a, b, difference, cv::noArray(), CV_32F);
  difference = cv::abs(difference);
  cv::transform(difference, mean, cv::Matx13f(1 / 3.0f, 1 / 3.0f, 1 / 3.0f));
  cv::blur(mean, mean, {kWindow, kWindow}, {-1, -1}, cv::BORDER_REPLICATE);
  return mean;
}

/// 1 below `low`, 0 above twice that.
float nearness(float difference, float low) {
  const float t = std::clamp(2 - difference / low, 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}

}  // namespace

Untouched::Untouched(const cv::Mat& source, const cv::Mat& edited, const cv::Mat& prediction,
                     const cv::Mat& excluded) {
  cv::Mat equal = smooth_difference(edited, source) < kEqual;
  if (!excluded.empty()) equal.setTo(255, excluded);
  const cv::Mat disk = cv::getStructuringElement(cv::MORPH_ELLIPSE, {kSmallestHole, kSmallestHole});
  cv::morphologyEx(equal, equal, cv::MORPH_OPEN, disk);
  share_ = static_cast<double>(cv::countNonZero(equal)) / static_cast<double>(equal.total());
  if (share_ < kFewest) {
    share_ = 0;
    return;
  }
  equal.convertTo(mask_, CV_32F, 1.0 / 255);
  // The nearness that mends the key frame most, were the mask not known there.
  const cv::Mat away = smooth_difference(prediction, source);
  double least = std::numeric_limits<double>::max();
  for (const float near : kNear) {
    double error = 0;
    for (int y = 0; y < source.rows; ++y) {
      const auto* s = source.ptr<cv::Vec3b>(y);
      const auto* e = edited.ptr<cv::Vec3b>(y);
      const auto* p = prediction.ptr<cv::Vec3f>(y);
      const auto* d = away.ptr<float>(y);
      for (int x = 0; x < source.cols; ++x) {
        const float back = nearness(d[x], near);
        for (int c = 0; c < 3; ++c) {
          const float value = p[x][c] + back * (static_cast<float>(s[x][c]) - p[x][c]);
          const double off = value - static_cast<float>(e[x][c]);
          error += off * off;
        }
      }
    }
    if (error < least) {
      least = error;
      small_ = near;
    }
  }
}

void Untouched::restore(cv::Mat& frame, const cv::Mat& source, const cv::Mat& prediction,
                        const cv::Mat& carried, const cv::Mat& weight) const {
  const cv::Mat away = smooth_difference(prediction, source);
  for (int y = 0; y < frame.rows; ++y) {
    auto* f = frame.ptr<cv::Vec3f>(y);
    const auto* s = source.ptr<cv::Vec3b>(y);
    const auto* d = away.ptr<float>(y);
    const auto* m = carried.ptr<float>(y);
    const auto* w = weight.ptr<uchar>(y);
    for (int x = 0; x < frame.cols; ++x) {
      const float trust = static_cast<float>(w[x]) / 255.0f;
      const float back =
          trust * m[x] * nearness(d[x], kObjection * small_) + (1 - trust) * nearness(d[x], small_);
      f[x] += back * (cv::Vec3f(s[x]) - f[x]);
    }
  }
}

}  // namespace ditto::stages
