#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "stages/enhance/source_motion.h"

namespace ditto::stages {

/// Corrects a frame by its neighbours, brought to it along the source's motion: by the slowly
/// varying step in brightness between them, and pixel by pixel where they differ in a way that the
/// source doesn't. What the source shows as well is real, or is the blur of the warp itself:
/// correcting by it would cost detail and leave ghosts.
class TemporalFilter {
 public:
  /// `source`: the clip's frames. `gain`: how the edit changes a step in the source's brightness.
  /// `share`: weight of a neighbour, 1 being that of the frame itself.
  TemporalFilter(const media::Video& source, const SourceMotion& motion, float gain, float share)
      : source_(source), motion_(motion), gain_(gain), share_(share) {}

  /// Frame t of `frames`, CV_8UC3, corrected by the frames first..last; `small` are the frames at
  /// the motion's size. Only these elements need to be there.
  cv::Mat corrected(const std::vector<cv::Mat>& frames, const std::vector<cv::Mat>& small,
                    std::size_t t, std::size_t first, std::size_t last) const;

 private:
  struct Neighbour {
    std::size_t frame = 0;
    cv::Mat flow;     ///< to it, CV_32FC2
    cv::Mat weight;   ///< CV_32FC1, 0..1
    cv::Mat step;     ///< of brightness, CV_32FC3
    cv::Mat differs;  ///< CV_8UC1: it differs in a way that the source doesn't
  };
  Neighbour compare(const std::vector<cv::Mat>& small, const cv::Mat& contrast, std::size_t t,
                    std::size_t other) const;
  /// Writes the part of the result that lies in `tile`.
  void correct_tile(const std::vector<cv::Mat>& frames, std::size_t t,
                    const std::vector<Neighbour>& neighbours, const cv::Mat& contrast,
                    const cv::Mat& offset, cv::Rect tile, cv::Mat& result) const;

  const media::Video& source_;
  const SourceMotion& motion_;
  const float gain_, share_;
};

}  // namespace ditto::stages
