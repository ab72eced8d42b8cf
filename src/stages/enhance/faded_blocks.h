#pragma once

#include <opencv2/core.hpp>
#include <span>

namespace ditto::stages {

/// Detail is lost in two ways where a picture was worked on in blocks of 8 pixels. A codec rounds a
/// block's coefficients: the finest detail is gone and noise is there instead. Or a block was drawn
/// towards its mean, as a weak mosaic does: all its detail has become fainter alike, and steps
/// stand at the borders. The second can be undone.

/// What share of the detail inside blocks is left, 1 where it wasn't drawn towards means. `planes`
/// are CV_32FC1 luma of one size, `origin` a block's corner, 0 to 7. A picture has the same
/// differences between pixels 1, 3 and 5 apart in a block as across a border; the share is the one
/// that makes them equal for all three distances.
double detail_left(std::span<const cv::Mat> planes, cv::Point origin);

/// The picture (CV_8UC3) with the differences from the mean inside each block multiplied by `gain`.
cv::Mat amplify_detail(const cv::Mat& picture, cv::Point origin, double gain);

}  // namespace ditto::stages
