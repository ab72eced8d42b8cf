#pragma once

#include <optional>
#include <vector>

#include "ditto/stages/clip.h"
#include "stages/edit/regions.h"

namespace ditto::stages::instructing {

/// A region of the key frame with what the rest of the clip says about it.
struct TrackedRegion {
  editing::Region region;
  /// Found again in every frame that was looked at, of similar size and as unique as in the key.
  bool persistent = false;
  /// Those of the region's sides that hold in every frame that was looked at.
  std::vector<std::string> sides;
  double motion = 0;     ///< its own displacement per frame, of the frame's diagonal, by flow
  double travel = 0;     ///< the same by where it was found in other frames: the most of them
  double lightness = 0;  ///< mean luma, 0..1

  bool is_at(const std::string& side) const {
    return std::find(sides.begin(), sides.end(), side) != sides.end();
  }
  /// Whether anybody would say that it moves: a 500th of the diagonal per frame, which takes it
  /// across a tenth of the picture in 50 frames. Flow alone may be that of something beside it.
  bool moves() const { return motion > 0.002 && travel > 0.001; }
};

/// What the instructor knows of a clip. Fractions and means are over the key, first and last frame.
struct Measurements {
  double luma = 0;           ///< mean, 0..1
  double contrast = 0;       ///< standard deviation of luma
  double saturation = 0;     ///< mean of HSV saturation times value
  double white = 0;          ///< fraction of bright colourless pixels
  double green = 0;          ///< fraction of leaf-coloured pixels
  double warmth = 0;         ///< mean of R - B
  double camera_motion = 0;  ///< median displacement per frame, of the frame's diagonal
  double moving = 0;         ///< fraction of pixels that move against the camera
  /// Coloured ones with a unique name, apart from all others, the largest first.
  std::vector<TrackedRegion> objects;
  /// The one person that is there all along, large enough to be meant by the words.
  std::optional<TrackedRegion> person;
  /// The one thing that moves against the camera.
  std::optional<TrackedRegion> mover;
  int faces = 0;  ///< frontal ones that are there all along
  /// Squares round what in the key frame may be a face or a person: nothing is put in front.
  std::vector<cv::Rect> keep_clear;
  std::optional<TrackedRegion> sky;
  std::optional<TrackedRegion> greenery;
  std::optional<TrackedRegion> background;

  bool lawn = false;  ///< the greenery covers the ground in front, all along

  bool outdoors() const { return sky.has_value() || green > 0.15; }
  /// Enough leaves or grass for a season to show.
  bool green_enough() const { return greenery.has_value() || green > 0.12; }
};

Measurements measure(const Clip& clip);

}  // namespace ditto::stages::instructing
