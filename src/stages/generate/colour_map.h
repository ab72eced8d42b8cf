#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace ditto::stages {

/// The part of an edit that is a function of a pixel's colour alone, as a lattice over the RGB
/// cube with trilinear interpolation.
class ColourMap {
 public:
  /// Fits the map source -> edited, both CV_8UC3 of one size: a cubic polynomial, robust to parts
  /// that follow another rule, then residuals on finer and finer lattices, shrunk to zero where few
  /// pixels speak.
  ColourMap(const cv::Mat& source, const cv::Mat& edited);

  /// The map of `count` interleaved pixels as three planes in 0..1 at `planes + c * stride`.
  void apply(const uchar* rgb, std::size_t count, float* planes, std::size_t stride) const;

  static constexpr int kSide = 33;

 private:
  std::vector<cv::Vec4f> nodes_;  ///< [r][g][b]; the fourth lane pads to a vector register
};

}  // namespace ditto::stages
