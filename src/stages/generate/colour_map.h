#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <vector>

#include "stages/generate/image_pair.h"

namespace ditto::stages {

/// The part of an edit that is a function of a pixel's colour alone, as a lattice over the RGB
/// cube with trilinear interpolation.
class ColourMap {
 public:
  /// Fits the map source -> edited over all pairs: a cubic polynomial, robust to parts that follow
  /// another rule, then residuals on finer and finer lattices, shrunk to zero where few pixels
  /// speak. Sees about `pixels` pixels at most, every n-th.
  ColourMap(std::span<const ImagePair> pairs, std::size_t pixels);

  /// The map of `count` interleaved pixels as three planes in 0..1 at `planes + c * stride`.
  void apply(const uchar* rgb, std::size_t count, float* planes, std::size_t stride) const;

  static constexpr int kSide = 33;

 private:
  std::vector<cv::Vec4f> nodes_;  ///< [r][g][b]; the fourth lane pads to a vector register
};

}  // namespace ditto::stages
