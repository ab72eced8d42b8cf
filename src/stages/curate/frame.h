#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

/// What is measured on a single picture. Pictures are RGB CV_8UC3 as the clip will show them
/// (covered and cropped to its aspect ratio), at analysis size.
namespace ditto::stages::curate {

/// Longer side of the pictures that are analysed, in pixels: small enough for two optical flows in
/// about 1.5 ms, large enough to see a bar of 1 % and a motion of a tenth of a percent.
inline constexpr int kAnalysisSide = 256;

/// `output` scaled to kAnalysisSide; both sides even and at least 16. Smaller outputs stay as they
/// are.
cv::Size analysis_size(cv::Size output);

/// Thickness of the dark bars at the edges, as fractions of the height (top, bottom) and the width.
struct Bars {
  float top = 0, bottom = 0, left = 0, right = 0;
  /// Fraction of the picture's area under the bars.
  double area() const;
};

/// Rows and columns, from the edges inwards, that are dark and uniform: a bar's encoder noise
/// stays within a few levels, while a dark scene's texture doesn't.
Bars find_bars(const cv::Mat& grey);

struct FrameMeasure {
  std::int64_t index = 0;  ///< on the grid of clip.fps
  bool repeated = false;   ///< shows the same decoded picture as the frame before
  bool frozen = false;     ///< another decoded picture that looks exactly like the one before
  float luma = 0;          ///< mean, 0..255
  float spread = 0;        ///< standard deviation of luma
  float motion = 0;        ///< mean step of the tracked points from the frame before, in diagonals
  float tracked = 1;       ///< fraction of the points whose step passed the forward-backward check
  Bars bars{};
};

/// A picture with less spread than this is uniform, whatever its colour; the dullest wall or sky
/// has more texture.
inline constexpr float kBlankSpread = 4;

/// Fills luma, spread and bars.
void measure_picture(const cv::Mat& grey, FrameMeasure& measure);

/// Whether two successive decoded pictures are the same but for encoder noise.
bool is_frozen(const cv::Mat& previous_grey, const cv::Mat& grey);

}  // namespace ditto::stages::curate
