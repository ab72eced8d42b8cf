#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <utility>
#include <vector>

#include "stages/generate/colour_map.h"

namespace ditto::stages {

/// What the pixel network may know of where on the screen a pixel is.
struct ScreenInputs {
  bool position = false;         ///< x and y in 0..1
  std::vector<cv::Vec2d> waves;  ///< sine and cosine of plane waves, radians per pixel
  int count() const { return (position ? 2 : 0) + 2 * static_cast<int>(waves.size()); }
};

/// What the pixel network sees of a frame: at each pixel its colour, the colour map's answer, and
/// measures of its neighbourhood on several scales. Maps of the whole frame are made once; the
/// features themselves are made band by band, to stay in the cache.
class PixelFeatures {
 public:
  static constexpr int kCount = 42;
  /// Offset of the colour map's three planes among the features.
  static constexpr int kBase = 3;
  /// Features that change when the picture is turned (signed gradients, differences to single
  /// neighbours): first and count.
  static constexpr std::array<std::pair<std::size_t, std::size_t>, 2> kDirected{{{17, 4}, {29, 8}}};

  /// `rgb` CV_8UC3, at least 16 pixels each way; it is kept by reference. `base` must outlive this.
  PixelFeatures(const cv::Mat& rgb, const ColourMap& base);

  /// Features of `rows` rows from `row`: kCount planes of rows x width floats, one after the other,
  /// and then those of `screen`.
  void band(int row, int rows, const ScreenInputs& screen, float* planes) const;

  /// Upper bound of the memory that one object takes, in bytes a pixel.
  static constexpr std::size_t kBytesPerPixel = 108;

 private:
  cv::Mat rgb_;
  const ColourMap& base_;
  cv::Mat luma_;                               ///< CV_32FC1 0..1 with a border of one pixel
  cv::Mat blurred_[5];                         ///< luma, sigma 1 2 4 8 16
  cv::Mat gradient_x_, gradient_y_;            ///< of luma
  cv::Mat soft_gradient_x_, soft_gradient_y_;  ///< of luma at sigma 1
  cv::Mat magnitude_[2];                       ///< gradient of luma at sigma 2 and 4
  cv::Mat deviation_[2];                       ///< local standard deviation, windows 3 and 9
  cv::Mat bilateral_, median_;                 ///< CV_8UC3
  cv::Mat soft_;                               ///< CV_32FC3, colours at sigma 4
  cv::Mat lowest_, highest_;                   ///< CV_8UC1 luma, 3x3
};

}  // namespace ditto::stages
