#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "ditto/media/flow.h"
#include "ditto/media/video.h"

namespace ditto::stages {

/// Where each pixel of each frame is in the key frame, and how much that is to be trusted. Kept
/// small: five bytes a pixel at the flow's resolution.
class KeyFlow {
 public:
  /// Flow at the size whose longer side is `flow_width` (never larger than the video). Frames
  /// before and after the key are independent and take a thread each when `threads` > 1.
  KeyFlow(const media::Video& video, int key_frame, int flow_width, media::FlowQuality quality,
          int threads);

  static cv::Size flow_size(cv::Size video, int flow_width);

  int key_frame() const { return key_frame_; }
  cv::Size size() const { return size_; }
  /// CV_32FC2 in pixels of the flow's size: x + flow is the place in the key frame.
  cv::Mat flow(int frame) const;
  /// CV_8UC1 at the flow's size: 255 for certain.
  const cv::Mat& confidence(int frame) const {
    return confidence_[static_cast<std::size_t>(frame)];
  }
  /// Mean of confidence, 0..1.
  double mean_confidence(int frame) const;
  std::size_t bytes() const;

 private:
  void follow(const media::Video& video, media::FlowQuality quality, int step);

  int key_frame_;
  cv::Size size_;
  std::vector<cv::Mat> flow_;  ///< CV_16SC2 in 1/32 px
  std::vector<cv::Mat> confidence_;
};

}  // namespace ditto::stages
