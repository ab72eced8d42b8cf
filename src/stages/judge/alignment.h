#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace ditto::stages::measure {

/// Where one picture's structure lies beside another's: what is at p, in widths from the middle, is
/// found at p + shift + growth * p + turn * (-p.y, p.x).
struct Alignment {
  cv::Point2d shift;
  double growth = 0;
  double turn = 0;  ///< radians, clockwise
  double size = 0;  ///< root mean square of the displacement over the picture, of the width
};

/// Of two clips' orientation fields of some frames, the edited one's place beside the source's: a
/// shift, or a picture that is larger, smaller or turned. None where that explains little more.
Alignment align(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited);

/// The fields as they would be at the source's place.
std::vector<cv::Mat> moved_back(const std::vector<cv::Mat>& fields, const Alignment& alignment);

double mean_correlation(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited);

/// "larger by 4.0 %, turned by 1.2 degrees clockwise, 0.3 % of the width to the left and 0.1 % up".
std::string describe(const Alignment& alignment);

}  // namespace ditto::stages::measure
