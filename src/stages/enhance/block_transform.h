#pragma once

#include <opencv2/core.hpp>

namespace ditto::stages {

/// Removes noise from a CV_32FC1 plane: each coefficient c of the cosine transform of every 8x8
/// block at steps of 4 px becomes c max(0, 1 - (threshold / c)^2), and the overlapping results are
/// averaged. The plane is mirrored at its borders.
cv::Mat shrink_coefficients(const cv::Mat& plane, float threshold);

}  // namespace ditto::stages
