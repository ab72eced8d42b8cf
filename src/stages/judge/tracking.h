#pragma once

#include <functional>
#include <opencv2/core.hpp>

#include "stages/judge/series.h"

namespace ditto::stages::measure {

/// Where the pixels of a frame come from, by the source's optical flow.
struct Track {
  int frame = 0;
  int neighbour = 0;  ///< the next frame towards the reference
  cv::Mat step;       ///< CV_32FC2: coordinates in the neighbour, as cv::remap wants them
  cv::Mat chain;      ///< CV_32FC2: coordinates in the reference frame
};

/// Visits every frame but the reference, from the reference outward: first later ones, then
/// earlier.
void track_outward(const Series& source, int reference,
                   const std::function<void(const Track&)>& visit);

cv::Mat warped(const cv::Mat& image, const cv::Mat& map);
/// 255 where the map stays inside the picture and `from` warped by it agrees with `to` within
/// `levels` in every channel.
cv::Mat reliable(const cv::Mat& to, const cv::Mat& from_warped, const cv::Mat& map, double levels);

}  // namespace ditto::stages::measure
