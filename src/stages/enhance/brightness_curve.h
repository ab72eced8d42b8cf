#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "stages/enhance/source_motion.h"

namespace ditto::stages {

/// How the brightness of a whole frame jumps without reason: per frame and channel the grey levels
/// to add so that `frames` changes as smoothly as `source` lets it.
struct BrightnessCurve {
  std::vector<cv::Vec3f> offset;
  /// Change of the frames' brightness per change of the source's, 0..3.
  float gain = 1;
};

/// The curve is built from the median change along the source's motion, frame by frame; the
/// source's own changes times the gain are taken out, and what is left is drawn to its local
/// trend. `frames` are the edited ones at the motion's size, as many as it has.
BrightnessCurve brightness_curve(const SourceMotion& motion, const std::vector<cv::Mat>& frames);

/// frame + offset, held back near black and white, where clipping has hidden the true value.
cv::Mat add_offset(const cv::Mat& frame, const cv::Vec3f& offset);

}  // namespace ditto::stages
