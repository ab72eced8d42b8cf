#pragma once

#include <opencv2/core.hpp>
#include <string_view>

namespace ditto::stages::editing {

/// A sky of the given kind (program.h's backdrops) of `size`, CV_32FC3 RGB in 0..1. The horizon is
/// at the lower edge.
cv::Mat draw_backdrop(std::string_view kind, cv::Size size);
/// The ground cover (program.h's grounds) that a green, textured area turns into: each pixel by its
/// own light and hue, so that the blades and leaves stay.
cv::Mat covered_ground(const cv::Mat& rgb, std::string_view kind);

}  // namespace ditto::stages::editing
