#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "stages/edit/filters.h"

namespace ditto::stages::editing {

/// A picture cut into small areas of like colour.
struct Segments {
  cv::Mat labels;            ///< CV_32SC1, index into `colours`
  std::vector<Rgb> colours;  ///< mean of each segment
  cv::Mat seam;              ///< CV_32FC1, distance in pixels to the nearest border between two
};

/// Simple linear iterative clustering (Achanta et al. 2012) of CV_32FC3 RGB in 0..1: segments about
/// `size` pixels wide on a shifted grid. `compactness` weighs place against colour, in CIELAB units
/// per `size`: 40 gives tiles that nearly ignore the picture, 8 pieces that follow its contours.
Segments cut_into_segments(const cv::Mat& rgb, double size, double compactness);

/// The picture's own palette: `count` colours of RGB by k-means in CIELAB, begun from those that
/// are farthest from each other, so that small vivid things keep theirs. Fewer when the picture has
/// fewer. Repeatable.
std::vector<Rgb> palette_of(const cv::Mat& rgb, int count);

}  // namespace ditto::stages::editing
