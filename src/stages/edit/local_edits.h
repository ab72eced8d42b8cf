#pragma once

#include <opencv2/core.hpp>

#include "ditto/stages/edit.h"
#include "stages/edit/drawn_objects.h"
#include "stages/edit/program.h"
#include "stages/edit/regions.h"
#include "stages/edit/user_objects.h"

namespace ditto::stages::editing {

/// A local program on a key frame. Outside the result's mask the picture is unchanged, bit for bit.
/// `strength` is the program's times everything else; `clip` may be null. Refusals name what was
/// looked for.
EditResult apply_local(const cv::Mat& key_frame, const Clip* clip, const Program& program,
                       double strength, const UserObjects& own_objects = {});

/// What is known of a key frame for placing things: integrals (CV_64F) of maps of its size.
struct Room {
  cv::Size size;
  cv::Mat clutter;   ///< edge strength
  cv::Mat ground;    ///< scenery.h's ground_map
  cv::Mat open_sky;  ///< scenery.h's sky_map
  cv::Mat sky;       ///< regions.h's sky, 0 or 1; empty when none was found
  cv::Mat occupied;  ///< 1 where somebody is or something moves
};
/// `clip` may be null; then nothing that moves is known.
Room room_of(const cv::Mat& key_frame, const Clip* clip);

/// Where and how large an object would be added; no box when there is no room. Where the program
/// names no place, people and what moves are kept clear of.
struct Spot {
  cv::Rect box;
  double clutter = 0;   ///< mean edge strength beneath it
  std::string refusal;  ///< why there is no box
};
Spot find_spot(const Room& room, const Program& program);
Spot find_spot(const Room& room, const Program& program, const Placement& placement);

/// Lays `rgba` (CV_32FC4, straight alpha) over the picture at `box`, toned to its light; marks the
/// mask. `dims`: whether the object takes the scene's light (false: it shines itself).
void lay_over(cv::Mat& picture, cv::Mat& mask, const cv::Mat& rgba, const cv::Rect& box,
              bool takes_light);

}  // namespace ditto::stages::editing
