#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "ditto/media/video.h"
#include "ditto/stages/enhance.h"

namespace ditto::stages {

/// How the source moves from frame to frame, at a small size: the same for all edits of a clip.
class SourceMotion : public Enhancer::Prepared {
 public:
  explicit SourceMotion(const media::Video& source);

  static cv::Size small_size(cv::Size clip);
  /// Upper bound of bytes().
  static std::size_t bytes_for(const ClipShape& shape);
  std::size_t bytes() const override;

  /// The frame at the small size, CV_8UC3.
  const cv::Mat& frame(std::size_t t) const { return frames_[t]; }
  std::size_t frame_count() const { return frames_.size(); }
  cv::Size size() const { return frames_.empty() ? cv::Size() : frames_.front().size(); }
  /// CV_32FC2 in pixels of the small size, by way of the frames between.
  cv::Mat flow(std::size_t from, std::size_t to) const;

 private:
  std::vector<cv::Mat> frames_;
  std::vector<cv::Mat> to_next_, to_previous_;  ///< CV_16SC2 in 1/32 px; empty at the ends
};

/// An RGB frame at another, smaller size.
cv::Mat shrink(const cv::Mat& frame, cv::Size size);

}  // namespace ditto::stages
