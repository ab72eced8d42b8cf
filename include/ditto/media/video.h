#pragma once

#include <cstddef>
#include <opencv2/core.hpp>
#include <vector>

#include "ditto/core/rational.h"

namespace ditto::media {

/// A run of frames in memory. Frames are CV_8UC3 in **RGB** order (not OpenCV's BGR), continuous,
/// all of one size, full range, bt709 primaries' display values. A cv::Mat shares its pixels when
/// copied: frames handed over are never written in place; clone first.
struct Video {
  std::vector<cv::Mat> frames;
  Rational fps;

  cv::Size size() const { return frames.empty() ? cv::Size() : frames.front().size(); }
};

inline std::size_t bytes_of(const Video& video) {
  std::size_t bytes = 0;
  for (const cv::Mat& frame : video.frames) bytes += frame.total() * frame.elemSize();
  return bytes;
}

}  // namespace ditto::media
