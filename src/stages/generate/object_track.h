#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <vector>

#include "ditto/core/random.h"
#include "ditto/media/video.h"
#include "stages/generate/key_flow.h"

namespace ditto::stages {

/// A thing in the key frame: its box, and a mask (CV_32FC1 of the box's size).
struct TrackedObject {
  cv::Rect box;
  cv::Mat alpha;
};

/// How a thing that sticks to something in the key frame moves through a clip.
struct ObjectPath {
  std::vector<cv::Matx23d> to_frame;  ///< similarity key -> frame, in the clip's pixels
  std::vector<float> agreed;          ///< of what the thing sticks to, the share found again, 0..1
  std::vector<float> shown;           ///< 1, or less where that is covered or lost
};

/// Follows what is in the key frame at each object where its mask is more than a half: in each
/// frame the similarity that most of the flow from there agrees on, or that of the frame before it,
/// whichever leads to the pixels that look most like the key frame's after both were improved by
/// least squares over those pixels. Where neither is believable, what the object sticks to is
/// covered: the object is not shown, and the nearest frame's transform towards the key holds.
std::vector<ObjectPath> track_objects(const media::Video& video, const KeyFlow& flow,
                                      std::span<const TrackedObject> objects, Stream stream);

/// Where a transform of 2x3 takes a point.
inline cv::Point2d move(const cv::Matx23d& m, cv::Point2d p) {
  return {m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)};
}

}  // namespace ditto::stages
