#include "stages/judge/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"

namespace ditto::stages::measure {

cv::Size reduced_size(cv::Size size, int longer_side) {
  const double scale =
      std::min(1.0, static_cast<double>(longer_side) / std::max(size.width, size.height));
  return {std::max(8, cvRound(size.width * scale)), std::max(8, cvRound(size.height * scale))};
}

cv::Mat reduced(const cv::Mat& image, cv::Size size) {
  if (image.size() == size) return image;
  cv::Mat small;
  cv::resize(image, small, size, 0, 0, cv::INTER_AREA);
  return small;
}

Series reduced(const media::Video& video, int longer_side) {
  Series series;
  const cv::Size size = reduced_size(video.size(), longer_side);
  for (const cv::Mat& frame : video.frames) {
    series.rgb.push_back(reduced(frame, size));
    series.grey.push_back(media::grey(series.rgb.back()));
  }
  return series;
}

double mean_difference(const cv::Mat& a, const cv::Mat& b, const cv::Mat& region) {
  cv::Mat difference;
  cv::absdiff(a, b, difference);
  const cv::Scalar mean = region.empty() ? cv::mean(difference) : cv::mean(difference, region);
  return (mean[0] + mean[1] + mean[2]) / (3 * 255.0);
}

double quantile(std::vector<double> values, double p) {
  const auto rank =
      static_cast<std::size_t>(std::lround(p * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank),
                   values.end());
  return values[rank];
}

std::string frame_ranges(const std::vector<bool>& set) {
  constexpr int kShown = 3;
  std::string text;
  int ranges = 0;
  for (std::size_t begin = 0; begin < set.size();) {
    if (!set[begin]) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end + 1 < set.size() && set[end + 1]) ++end;
    if (++ranges <= kShown) {
      text += text.empty() ? "" : ", ";
      text += begin == end ? fmt::format("{}", begin) : fmt::format("{}-{}", begin, end);
    }
    begin = end + 1;
  }
  if (ranges == 0) return "none";
  if (ranges > kShown) text += fmt::format(" and {} more", ranges - kShown);
  return text;
}

double rounded(double value) { return std::round(value * 1e4) / 1e4; }

}  // namespace ditto::stages::measure
