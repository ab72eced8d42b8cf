#include "stages/curate/frame.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace ditto::stages::curate {
namespace {

// Limited-range black with encoder noise, converted to full range and scaled down, stays below
// this.
constexpr double kBarLuma = 14;
constexpr double kBarSpread = 3;
// Encoder noise of a still picture on analysis pictures, in levels: a moving object of a few source
// pixels changes single pixels by more.
constexpr double kFrozenLevels = 2;

/// How many leading lines of `grey` (rows of it as given) form a bar.
int bar_lines(const cv::Mat& grey) {
  int lines = 0;
  while (lines < grey.rows) {
    cv::Scalar mean, deviation;
    cv::meanStdDev(grey.row(lines), mean, deviation);
    if (mean[0] > kBarLuma || deviation[0] > kBarSpread) break;
    ++lines;
  }
  return lines;
}

int even_at_least_16(double side) {
  return std::max(16, 2 * static_cast<int>(std::lround(side / 2)));
}

}  // namespace

cv::Size analysis_size(cv::Size output) {
  const double scale =
      std::min(1.0, static_cast<double>(kAnalysisSide) / std::max(output.width, output.height));
  return {even_at_least_16(output.width * scale), even_at_least_16(output.height * scale)};
}

double Bars::area() const {
  const double height = std::max(0.0, 1.0 - top - bottom);
  const double width = std::max(0.0, 1.0 - left - right);
  return 1.0 - height * width;
}

Bars find_bars(const cv::Mat& grey) {
  Bars bars;
  const int top = bar_lines(grey);
  if (top == grey.rows) return {.top = 1};
  cv::Mat flipped;
  cv::flip(grey, flipped, 0);
  const int bottom = bar_lines(flipped);
  // Columns are looked at between the horizontal bars only: a picture can have both.
  cv::Mat columns;
  cv::transpose(grey.rowRange(top, grey.rows - bottom), columns);
  const int left = bar_lines(columns);
  cv::flip(columns, flipped, 0);
  const int right = bar_lines(flipped);
  bars.top = static_cast<float>(top) / static_cast<float>(grey.rows);
  bars.bottom = static_cast<float>(bottom) / static_cast<float>(grey.rows);
  bars.left = static_cast<float>(left) / static_cast<float>(grey.cols);
  bars.right = static_cast<float>(right) / static_cast<float>(grey.cols);
  return bars;
}

void measure_picture(const cv::Mat& grey, FrameMeasure& measure) {
  cv::Scalar mean, deviation;
  cv::meanStdDev(grey, mean, deviation);
  measure.luma = static_cast<float>(mean[0]);
  measure.spread = static_cast<float>(deviation[0]);
  measure.bars = find_bars(grey);
}

bool is_frozen(const cv::Mat& previous_grey, const cv::Mat& grey) {
  return cv::norm(previous_grey, grey, cv::NORM_INF) <= kFrozenLevels;
}

}  // namespace ditto::stages::curate
