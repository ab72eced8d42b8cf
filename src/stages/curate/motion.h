#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

/// The motion score: the mean over a point grid of the cumulative displacement over the clip, as
/// the paper takes it from CoTracker3 tracks, here from tracks along dense optical flow (DIS).
///
/// Points start on a regular grid. Each step moves a point by the forward flow at its place; the
/// step counts when the backward flow leads back to where it came from and the picture looks alike
/// there. A point whose step fails, or which leaves the picture, goes back to its grid place for
/// the next step, and all do every kTrackSteps steps, so that the picture stays covered. A frame's
/// motion is the mean step of the points that passed, over the diagonal; a clip's score is the sum
/// over its frames, so that the score of any window is a sum of numbers per frame.
namespace ditto::stages::curate {

inline constexpr int kTrackSteps = 8;

struct MotionStep {
  float motion = 0;   ///< mean step, diagonals
  float tracked = 0;  ///< fraction of the points that passed the check
  /// Share of the picture's change (squared, around these points) that motion leaves unexplained:
  /// small where things move, about 1 where one picture dissolves into another.
  float unexplained = 0;
};

class MotionMeter {
 public:
  /// `grid` points along the longer side; at least 2 each way.
  MotionMeter(cv::Size picture, int grid);

  /// The step from `previous` to `grey` (CV_8UC1, the size given).
  MotionStep step(const cv::Mat& previous, const cv::Mat& grey);

 private:
  cv::Size picture_;
  double diagonal_;
  std::vector<cv::Point2f> home_;
  std::vector<cv::Point2f> points_;
  int steps_ = 0;
};

}  // namespace ditto::stages::curate
