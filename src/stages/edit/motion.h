#pragma once

#include <opencv2/core.hpp>

#include "ditto/stages/clip.h"
#include "stages/edit/regions.h"

/// What a clip's motion tells.
namespace ditto::stages::editing {

/// Frame `t` in grey, at most 416 pixels long: fine enough for what flow is used for here.
cv::Mat grey_for_flow(const Clip& clip, int t);

/// The part of a flow (CV_32FC2) that the camera's motion explains, as a quadratic in the place:
/// enough for pans, zooms and turns. Least squares, reweighted so that what moves on its own counts
/// for nothing in the end. Pixels of `ignore` (CV_8UC1, may be empty) are left out.
cv::Mat camera_flow(const cv::Mat& flow, const cv::Mat& ignore);

/// Where anything moves against the camera, CV_8UC1 of the size of the flow, 255 or 0: rougher and
/// quicker than find_moving. Empty for a clip of one frame.
cv::Mat moving_area(const Clip& clip);

/// Things that move against the camera in the key frame, 0.4 % to 45 % of the frame, the largest
/// first; kind "moving".
std::vector<Region> find_moving(const Clip& clip);

}  // namespace ditto::stages::editing
