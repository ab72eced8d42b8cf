#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ditto/stages/clip.h"
#include "stages/edit/colours.h"
#include "stages/edit/program.h"

/// What can be told apart in one frame by colour, place and texture, without recognising anything.
/// Frames are CV_8UC3 RGB, masks CV_8UC1 of the frame's size with 0 or 255.
namespace ditto::stages::editing {

struct Region {
  std::string kind;               ///< as Target::kind
  Colour colour = Colour::kNone;  ///< of an object
  cv::Mat mask;                   ///< holes filled
  cv::Rect box;
  cv::Point2f centre;       ///< centroid, as a fraction of width and height
  double area = 0;          ///< fraction of the frame
  double distinctness = 0;  ///< CIELAB distance of the mean colour to that of its surroundings
  /// Area over that of the convex hull: of things that touch each other it is low.
  double solidity = 0;
  /// No other part of the frame competes for its name: "the red object" is this one.
  bool unique = false;
  /// True words about its place; a coordinate near a border of two words gives neither.
  std::vector<std::string> sides;

  bool is_at(const std::string& side) const {
    return std::find(sides.begin(), sides.end(), side) != sides.end();
  }
};

/// Compact connected regions of one named colour that stand out, 0.5 % to 25 % of the frame, the
/// largest first.
std::vector<Region> coloured_objects(const cv::Mat& rgb);
/// A bright, smooth, mostly blue area along the upper edge.
std::optional<Region> find_sky(const cv::Mat& rgb);
/// Median deviation of the luma from its surroundings, away from the mask's border, where it has an
/// inside; the mean would take a flat thing's pattern for texture. 0.0077 and more on leaves and
/// lawns of real clips. 0 within an empty mask. `luma` CV_32FC1 of some 320 .. 416 pixels.
inline constexpr double kLeafTexture = 0.0045;
double texture_within(const cv::Mat& luma, const cv::Mat& mask);
/// Textured green areas. "grass" when they lie in the lower half, "greenery" otherwise.
std::optional<Region> find_greenery(const cv::Mat& rgb);
/// A backdrop of one colour round what is in front of it.
std::optional<Region> find_background(const cv::Mat& rgb);
/// Upright people, by OpenCV's HOG detector; masks are refined within the detector's boxes.
std::vector<Region> find_people(const cv::Mat& rgb);

/// The one region that the target names, or why there is none.
struct Grounding {
  std::optional<Region> region;
  std::string refusal;
};
/// `clip` may be null; then nothing that moves is found.
Grounding ground(const cv::Mat& rgb, const Clip* clip, const Target& target);

/// A region of the given mask (CV_8UC1 of any size), brought to the frame's `size`.
Region region_of(const std::string& kind, const cv::Mat& mask, cv::Size size);
/// GrabCut from `seeds` (CV_8UC1 of cv::GrabCutClasses), repeatable: 255 where the foreground is.
cv::Mat cut_out(const cv::Mat& rgb, const cv::Mat& seeds, int rounds);

}  // namespace ditto::stages::editing
