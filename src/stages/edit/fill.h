#pragma once

#include <opencv2/core.hpp>

namespace ditto::stages::editing {

struct Fill {
  cv::Mat image;        ///< CV_8UC3 RGB; equal to the input outside the hole
  double mismatch = 0;  ///< how badly the copied piece fits along the hole's rim, of full range
};

/// Closes a hole (CV_8UC1, 255 inside) with a piece of the same picture, shifted so that it fits
/// the hole's surroundings best, and evened out by a smooth membrane; where no piece fits in, by
/// diffusion (cv::inpaint).
Fill fill_hole(const cv::Mat& rgb, const cv::Mat& hole);

}  // namespace ditto::stages::editing
