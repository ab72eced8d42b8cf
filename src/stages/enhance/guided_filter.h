#pragma once

#include <array>
#include <opencv2/core.hpp>

namespace ditto::stages {

/// Explains an image by another one: around each pixel the image is a linear function of the
/// guide's three channels, fitted by least squares over a window (He et al. 2010). The result has
/// the guide's edges and nothing that the guide doesn't show at that scale.
class GuidedFilter {
 public:
  /// `guide`: CV_8UC3. The window is 2 radius + 1 px wide. `damping`: squared grey levels; the
  /// guide's variations below it explain nothing.
  GuidedFilter(const cv::Mat& guide, int radius, float damping);

  /// `plane`: CV_32FC1 of the guide's size. CV_32FC1.
  cv::Mat explain(const cv::Mat& plane) const;

  /// Planes of floats that an object and a call hold at most.
  static constexpr std::size_t kBytesPerPixel = 4 * 24;

 private:
  cv::Mat mean_of(const cv::Mat& plane) const;

  cv::Size window_;
  std::array<cv::Mat, 3> guide_, mean_;
  std::array<cv::Mat, 6> inverse_;  ///< of the covariance: rr rg rb gg gb bb
};

}  // namespace ditto::stages
