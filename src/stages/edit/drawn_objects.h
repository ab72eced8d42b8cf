#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <string_view>

namespace ditto::stages::editing {

/// Things the editor can draw.
std::span<const std::string_view> drawn_objects();
/// Those of them that can stand in for a solid object.
std::span<const std::string_view> solid_objects();

/// How an object is placed in a picture.
struct Placement {
  double size = 0.2;        ///< height as a fraction of the frame's height
  double aspect = 1;        ///< width / height
  bool in_the_air = true;   ///< false: stands on the ground, in the lower half
  bool hangs = false;       ///< from the upper edge
  bool sky_only = false;    ///< makes sense only against a sky
  bool has_colour = false;  ///< can be asked for in a colour
  std::string_view colour;  ///< its own colour when none is asked for
};
Placement placement_of(std::string_view object);

/// The object as RGBA, CV_32FC4, straight alpha, values in 0..1, filling `size`; lit from the upper
/// left. `colour` is a name of colours.h or empty.
cv::Mat draw_object(std::string_view object, std::string_view colour, cv::Size size);

}  // namespace ditto::stages::editing
