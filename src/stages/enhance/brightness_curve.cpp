#include "stages/enhance/brightness_curve.h"

#include <opencv2/imgproc.hpp>

#include "ditto/core/stop.h"
#include "ditto/media/flow.h"

namespace ditto::stages {
namespace {

constexpr int kLongerSide = 160;     // px; medians over the frame need no more
constexpr double kTrendFrames = 6;   // deviation of the trend's window
constexpr float kUnclipped = 8;      // grey levels from black and white
constexpr float kSameThing = 15;     // largest change of the source along its motion
constexpr float kNegligible = 0.6f;  // an offset below this is the measurement's own noise
constexpr double kGainPrior = 0.25;  // squared grey levels a frame that speak for a gain of 1

/// The longer side reduced to kLongerSide, CV_32FC3.
cv::Mat reduced(const cv::Mat& frame, cv::Size size) {
  cv::Mat small;
  shrink(frame, size).convertTo(small, CV_32F);
  return small;
}

float median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

struct Change {
  cv::Vec3f edited, source;
};

/// Median changes from the frame before along the motion, `flow` being the way there; zero where
/// nothing can be compared.
Change change_between(const cv::Mat& source, const cv::Mat& edited, const cv::Mat& source_before,
                      const cv::Mat& edited_before, const cv::Mat& flow) {
  const cv::Mat warped_source = media::warp(source_before, flow),
                warped = media::warp(edited_before, flow);
  Change result;
  for (int c = 0; c < 3; ++c) {
    std::vector<float> of_edited, of_source;
    for (int y = 0; y < source.rows; ++y) {
      for (int x = 0; x < source.cols; ++x) {
        const float s = source.at<cv::Vec3f>(y, x)[c] - warped_source.at<cv::Vec3f>(y, x)[c];
        const float now = edited.at<cv::Vec3f>(y, x)[c], before = warped.at<cv::Vec3f>(y, x)[c];
        if (std::abs(s) > kSameThing || std::min(now, before) < kUnclipped ||
            std::max(now, before) > 255 - kUnclipped) {
          continue;
        }
        of_edited.push_back(now - before);
        of_source.push_back(s);
      }
    }
    if (of_edited.size() * 50 < source.total()) continue;
    result.edited[c] = median(of_edited);
    result.source[c] = median(of_source);
  }
  return result;
}

/// A straight line fitted around `at` with a Gaussian window, read at `at`.
double local_trend(const std::vector<double>& curve, std::size_t at) {
  double w0 = 0, w1 = 0, w2 = 0, y0 = 0, y1 = 0;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const double x = static_cast<double>(i) - static_cast<double>(at);
    const double w = std::exp(-0.5 * x * x / (kTrendFrames * kTrendFrames));
    w0 += w;
    w1 += w * x;
    w2 += w * x * x;
    y0 += w * curve[i];
    y1 += w * x * curve[i];
  }
  const double determinant = w0 * w2 - w1 * w1;
  return determinant < 1e-9 ? y0 / w0 : (w2 * y0 - w1 * y1) / determinant;
}

}  // namespace

BrightnessCurve brightness_curve(const SourceMotion& motion, const std::vector<cv::Mat>& frames) {
  const std::size_t count = frames.size();
  BrightnessCurve result;
  result.offset.assign(count, cv::Vec3f(0, 0, 0));
  if (count < 3) return result;
  const cv::Size full = motion.size();
  const double scale =
      std::min(1.0, kLongerSide / static_cast<double>(std::max(full.width, full.height)));
  const cv::Size size(std::max(16, cvRound(full.width * scale)),
                      std::max(16, cvRound(full.height * scale)));
  std::vector<Change> changes(count);
  cv::Mat source_before = reduced(motion.frame(0), size), edited_before = reduced(frames[0], size);
  double product = 0, square = 0;
  for (std::size_t t = 1; t < count; ++t) {
    throw_if_stopped();
    const cv::Mat source = reduced(motion.frame(t), size), edited = reduced(frames[t], size);
    changes[t] = change_between(source, edited, source_before, edited_before,
                                media::resize_flow(motion.flow(t, t - 1), size));
    product += changes[t].edited.dot(changes[t].source);
    square += changes[t].source.dot(changes[t].source);
    source_before = source;
    edited_before = edited;
  }
  const double prior = kGainPrior * static_cast<double>(count);
  result.gain = static_cast<float>(std::clamp((product + prior) / (square + prior), 0.0, 3.0));
  for (int c = 0; c < 3; ++c) {
    std::vector<double> curve(count, 0.0);
    for (std::size_t t = 1; t < count; ++t) {
      curve[t] = curve[t - 1] + changes[t].edited[c] - result.gain * changes[t].source[c];
    }
    for (std::size_t t = 0; t < count; ++t) {
      const auto offset = static_cast<float>(local_trend(curve, t) - curve[t]);
      result.offset[t][c] =
          offset * std::max(0.0f, 1 - kNegligible * kNegligible / std::max(1e-6f, offset * offset));
    }
  }
  return result;
}

cv::Mat add_offset(const cv::Mat& frame, const cv::Vec3f& offset) {
  if (offset == cv::Vec3f(0, 0, 0)) return frame;
  cv::Mat table(1, 256, CV_8UC3), out;
  for (int v = 0; v < 256; ++v) {
    for (int c = 0; c < 3; ++c) {
      const auto value = static_cast<float>(v);
      const float room = offset[c] > 0 ? value : 255 - value;
      const float held = std::min(1.0f, room / (2 * std::abs(offset[c]) + 1e-6f));
      table.at<cv::Vec3b>(v)[c] = cv::saturate_cast<uchar>(value + held * offset[c]);
    }
  }
  cv::LUT(frame, table, out);
  return out;
}

}  // namespace ditto::stages
