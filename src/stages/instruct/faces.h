#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "ditto/stages/clip.h"

namespace ditto::stages::instructing {

/// Squares round the frontal faces of a frame (CV_8UC3 RGB), from left to right: what both of two
/// cascades that were trained apart take for a face. Empty without their data (face_data.h).
std::vector<cv::Rect> faces_in(const cv::Mat& rgb);

/// Those faces of the key frame that are there all along: found again in most of `others` (frames
/// of the clip's size, in the order of time), of similar size and no more than a face's width from
/// where it was last seen. One frame's mistakes are none of them; without others nothing is sure.
std::vector<cv::Rect> sure_faces(const std::vector<cv::Rect>& in_key,
                                 const std::vector<cv::Mat>& others);

}  // namespace ditto::stages::instructing
