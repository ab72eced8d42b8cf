#pragma once

#include "ditto/config/config.h"
#include "ditto/stages/judge.h"
#include "stages/judge/findings.h"

namespace ditto::stages::measure {

/// Blur and blocking at full size, against the edited key frame where it is known and else against
/// the source: an edit may be soft or made of blocks, a video must not be more so than its key
/// frame.
std::vector<Finding> inspect_detail(const media::Video& source, const media::Video& edited,
                                    const JudgeContext& context, const config::Judge& limits);

/// Root mean square of the gradient, in levels per pixel.
double fine_contrast(const cv::Mat& grey);
/// Standard deviation in pixels of the Gaussian that the picture's strongest edges look blurred by.
double edge_blur(const cv::Mat& grey);
/// Mean step at the lines of an 8-pixel grid beyond that at other lines, in levels of 255.
double blocking(const cv::Mat& grey);

}  // namespace ditto::stages::measure
