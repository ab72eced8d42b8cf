#pragma once

#include <array>
#include <opencv2/core.hpp>

#include "stages/generate/colour_map.h"

namespace ditto::stages {

/// What the pixel network sees of a frame: at each pixel its colour, the colour map's answer, and
/// measures of its neighbourhood on several scales. Maps of the whole frame are made once and
/// depend on the frame alone; the features themselves are made band by band, to stay in the cache.
class PixelFeatures {
 public:
  static constexpr int kCount = 62;
  static constexpr int kCountWithPosition = kCount + 2;
  /// Offset of the colour map's three planes among the features.
  static constexpr int kBase = 3;

  /// `rgb` CV_8UC3, at least 16 pixels each way; it is kept by reference.
  explicit PixelFeatures(const cv::Mat& rgb);

  /// Features of `rows` rows from `row`: kCount planes of rows x width floats, one after the other;
  /// with `position` two more, the screen position in 0..1.
  void band(const ColourMap& base, int row, int rows, bool position, float* planes) const;

  /// Upper bound of the memory that one object takes, in bytes a pixel.
  static constexpr std::size_t kBytesPerPixel = 170;

 private:
  static constexpr int kRanks = 16;

  void add_local_rank(const cv::Mat& luma4);
  void rank_row(int row, float* out) const;

  cv::Mat rgb_;
  cv::Mat luma_;                       ///< CV_32FC1 0..1 with a border of one pixel
  std::array<cv::Mat, 6> blurred_;     ///< luma, sigma 1 2 4 8 16 32
  cv::Mat gradient_x_, gradient_y_;    ///< of luma
  std::array<cv::Mat, 2> magnitude_;   ///< gradient of luma at sigma 2 and 4
  cv::Mat colour_edge_;                ///< greatest gradient of a channel
  cv::Mat edge_near_, edge_soft_;      ///< its maximum in 5x5, its mean at sigma 3
  std::array<cv::Mat, 3> deviation_;   ///< local standard deviation of luma, windows 3 9 33
  cv::Mat bilateral_, median_, flat_;  ///< CV_8UC3; flat_ is the calmest quadrant's mean
  cv::Mat guided_;                     ///< CV_32FC3, self-guided filter
  std::array<cv::Mat, 3> soft_;        ///< CV_32FC3, colours at sigma 1.5, 4 and 12
  std::array<cv::Mat, 4> extremes_;    ///< CV_8UC1 luma: lowest and highest in 3x3, in 7x7
  std::array<cv::Mat, kRanks> rank_;   ///< small: share of the surroundings below a level
};

}  // namespace ditto::stages
