#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <vector>

namespace ditto::stages {

/// Periodic patterns that lie on the screen and not on the scene, as the dots of a halftone, the
/// lines of a television or the threads of a canvas do: plane waves in what a model of the edit
/// leaves of the key frames (CV_32FC3 each, of one size), as angular frequencies (x, y) in radians
/// per pixel, the strongest first, none that holds less than 3 % of the residuals' fine detail.
std::vector<cv::Vec2d> screen_waves(std::span<const cv::Mat> residuals);
inline constexpr std::size_t kMostScreenWaves = 2;

}  // namespace ditto::stages
