#pragma once

#include <opencv2/core.hpp>

#include "ditto/media/video.h"

namespace ditto::stages {

/// What a codec that works in blocks has left in a video.
struct Blocking {
  /// What is taken for coding noise, squared grey levels in each coefficient of an orthonormal
  /// transform; 0: no grid of blocks was found.
  float noise = 0;
  /// Where blocks were drawn towards their mean (faded_blocks.h), what share of the detail inside
  /// them is left; then there is no noise to take out.
  double detail_left = 1;
  cv::Point origin;  ///< a block's corner

  bool visible() const { return noise > 0; }
};

/// Looks for steps on a grid of 8 pixels, at any offset, in what the source doesn't explain of the
/// frames, in the first one and in several together; a grid that the source shows as well is not
/// counted, nor are tiles of one colour, which are an edit. Both videos have the same number of
/// frames and size.
Blocking measure_blocking(const media::Video& source, const media::Video& frames);

/// Takes the coding noise out of a frame: what the source explains is kept, and what it doesn't is
/// kept where it stands out from the noise; or brings back the detail of faded blocks. `strength`
/// scales what is removed or brought back, 0..1.
cv::Mat remove_blocking(const cv::Mat& source, const cv::Mat& frame, const Blocking& blocking,
                        double strength);

/// Bytes per pixel that remove_blocking needs beside frame and result.
extern const std::size_t kDeblockingBytesPerPixel;

}  // namespace ditto::stages
