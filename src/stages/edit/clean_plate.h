#pragma once

#include <opencv2/core.hpp>

#include "ditto/stages/clip.h"

namespace ditto::stages::editing {

/// What a clip's other frames show of the place that a thing covers in the key frame.
struct CleanPlate {
  cv::Mat image;     ///< CV_8UC3 RGB of the key frame's size; the key frame outside of `known`
  cv::Mat known;     ///< CV_8UC1, 255 where the place was seen uncovered; within the hole
  double share = 0;  ///< of the hole that is known
};

/// Looks for the hole's content (both masks CV_8UC1 of the key frame's size; `thing` is what covers
/// the place, `hole` what shall be replaced) in up to 32 other frames. The thing is followed by
/// optical flow; what it doesn't cover in a frame is brought to the key frame by the flow of the
/// surroundings. Of the frames that show a pixel the median counts. Where the thing stays before
/// the same background nothing is known.
CleanPlate clean_plate(const Clip& clip, const cv::Mat& thing, const cv::Mat& hole);

}  // namespace ditto::stages::editing
