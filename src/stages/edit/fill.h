#pragma once

#include <opencv2/core.hpp>

namespace ditto::stages::editing {

struct Fill {
  cv::Mat image;        ///< CV_8UC3 RGB; equal to the input outside the hole
  double mismatch = 0;  ///< how badly the copied piece fits along the hole's rim, of full range
};

/// Closes a hole (CV_8UC1, 255 inside) with a piece of the same picture, shifted so that it fits
/// the hole's surroundings best, and evened out by a smooth membrane; where no piece fits in, by
/// diffusion (cv::inpaint). Nothing is copied from, or fitted to, what `unusable` (CV_8UC1, may be
/// empty) marks besides.
Fill fill_hole(const cv::Mat& rgb, const cv::Mat& hole, const cv::Mat& unusable = {});

/// Values (CV_32FC3, premultiplied by `weight`, CV_32FC1 in 0..1) spread smoothly over where they
/// are unknown, by a pyramid (push-pull). The result is not premultiplied.
cv::Mat spread_inward(const cv::Mat& values, const cv::Mat& weight);

}  // namespace ditto::stages::editing
