#pragma once

#include <opencv2/core.hpp>

#include "ditto/stages/edit.h"
#include "stages/edit/program.h"
#include "stages/edit/regions.h"

namespace ditto::stages::editing {

/// A local program on a key frame. Outside the result's mask the picture is unchanged, bit for bit.
/// `strength` is the program's times everything else; `clip` may be null. Refusals name what was
/// looked for.
EditResult apply_local(const cv::Mat& key_frame, const Clip* clip, const Program& program,
                       double strength);

/// Where and how large an object would be added; no box when there is no room.
struct Spot {
  cv::Rect box;
  double clutter = 0;   ///< mean edge strength beneath it
  std::string refusal;  ///< why there is no box
};
Spot find_spot(const cv::Mat& key_frame, const Program& program);

/// Lays `rgba` (CV_32FC4, straight alpha) over the picture at `box`, toned to its light; marks the
/// mask. `dims`: whether the object takes the scene's light (false: it shines itself).
void lay_over(cv::Mat& picture, cv::Mat& mask, const cv::Mat& rgba, const cv::Rect& box,
              bool takes_light);

}  // namespace ditto::stages::editing
