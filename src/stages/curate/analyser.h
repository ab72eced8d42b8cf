#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

#include "ditto/config/config.h"
#include "stages/curate/motion.h"
#include "stages/curate/shots.h"
#include "stages/curate/windows.h"

namespace ditto::stages::curate {

/// One pass over a source's frames: measures each, finds the shots and cuts the clips.
class SourceAnalyser {
 public:
  /// `picture`: the size of the frames to come, from analysis_size().
  SourceAnalyser(cv::Size picture, const config::Clip& clip, const config::Curate& curate);

  /// The next frame on the grid of clip.fps; `repeated` as media::decode() tells it.
  void push(const cv::Mat& rgb, bool repeated);
  /// No frame follows.
  void finish();

  WindowCutter& windows() { return windows_; }
  int shots() const { return shots_; }

 private:
  void measure(const cv::Mat& rgb);
  void pass_on_cuts();

  ShotDetector detector_;
  MotionMeter meter_;
  WindowCutter windows_;
  cv::Mat grey_;
  FrameMeasure last_;
  Descriptor descriptor_;
  std::int64_t next_ = 0;
  int shots_ = 1;
};

}  // namespace ditto::stages::curate
