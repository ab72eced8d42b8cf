#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "ditto/media/video.h"

namespace ditto::stages::measure {

/// A clip at the size at which most things are measured.
struct Series {
  std::vector<cv::Mat> rgb;   ///< CV_8UC3
  std::vector<cv::Mat> grey;  ///< CV_8UC1, luma

  int frames() const { return static_cast<int>(rgb.size()); }
  cv::Size size() const { return rgb.empty() ? cv::Size() : rgb.front().size(); }
};

/// `size` scaled down so that its longer side is at most `longer_side`; never up.
cv::Size reduced_size(cv::Size size, int longer_side);
cv::Mat reduced(const cv::Mat& image, cv::Size size);
Series reduced(const media::Video& video, int longer_side);

/// Mean absolute difference of two CV_8UC3 images over `region` (CV_8UC1; empty: everywhere), as a
/// fraction of full range. 0 for an empty region.
double mean_difference(const cv::Mat& a, const cv::Mat& b, const cv::Mat& region = {});

/// The p-quantile (0..1) of the values, by nearest rank; `values` must not be empty.
double quantile(std::vector<double> values, double p);

/// "12", "12-19" or "3-5, 9 and 4 more" for the frames that are set; "none".
std::string frame_ranges(const std::vector<bool>& set);

/// To four decimals, so that stored measurements stay readable.
double rounded(double value);

}  // namespace ditto::stages::measure
