#pragma once

#include <opencv2/core.hpp>

namespace ditto::stages {

/// Removes noise from a CV_32FC1 plane: each coefficient of the cosine transform of every 8x8
/// block at steps of 4 px is multiplied by max(0, 1 - noise / p), where p is the mean square of it
/// and its neighbours in frequency (3x3, the outermost repeated), and the overlapping results are
/// averaged: a Wiener filter whose signal is measured in place. `noise`: squared grey levels in
/// each coefficient of the orthonormal transform. The plane is mirrored at its borders.
cv::Mat shrink_coefficients(const cv::Mat& plane, float noise);

}  // namespace ditto::stages
