#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace ditto::stages {

/// A connected part of an edited key frame that a model of the edit doesn't explain.
struct DrawnRegion {
  cv::Rect box;
  cv::Mat inside;       ///< CV_8UC1 of the box's size, 255 on the region, gaps closed
  double area = 0;      ///< pixels inside
  double energy = 0;    ///< sum of the residual's squares inside
  double left = 0;      ///< energy as a share of that of the edit's whole change inside
  double relation = 0;  ///< correlation of the source's and the edit's fine detail inside, -1..1
  /// Pixels that have little to do with the source's: a thing was drawn over them.
  bool covers() const;
};

/// Regions where `residual` (CV_32FC3, edited minus what a model makes of `source`) can be seen, of
/// at least kSmallestRegion of the picture.
std::vector<DrawnRegion> drawn_regions(const cv::Mat& source, const cv::Mat& edited,
                                       const cv::Mat& residual);
inline constexpr double kSmallestRegion = 0.0006;

/// How far the pixels that belong to a region reach beyond it, px, for pictures of that size.
int region_margin(cv::Size size);

/// The largest of a pixel's three absolute values, CV_32FC1.
cv::Mat largest_channel(const cv::Mat& residual);

}  // namespace ditto::stages
