#pragma once

#include <array>
#include <opencv2/core.hpp>
#include <vector>

namespace ditto::stages {

/// A frame in grey at the two levels of blur that templates are matched on, coarse first.
struct MatchedFrame {
  explicit MatchedFrame(const cv::Mat& rgb);
  std::array<cv::Mat, 2> levels;  ///< CV_32FC1 in 0..255
};

/// The pixels of the key frame under a drawn object, to be found again in other frames.
class ObjectTemplate {
 public:
  /// Pixels of `box` where `alpha` is more than a half, within `reach` of its middle (in halves of
  /// the box).
  ObjectTemplate(const MatchedFrame& key, const cv::Rect& box, const cv::Mat& alpha, double reach);

  /// Too plain to tell where it is.
  bool plain() const { return plain_; }

  struct Match {
    cv::Matx23d transform;  ///< key -> frame
    double error = 0;       ///< mean difference in grey levels, each limited to kMostDifference
    float found = 0;        ///< share of the pixels that look as in the key frame, 0..1
  };
  static constexpr double kMostDifference = 30;
  /// The similarity near `start` at which the frame looks most like the template: least squares by
  /// Gauss and Newton, in which pixels that don't fit (something is before them) hardly count. A
  /// change of brightness as a whole is allowed for.
  Match match(const MatchedFrame& frame, const cv::Matx23d& start) const;

 private:
  struct Sample {
    cv::Point2d place;  ///< in the key frame, from the middle
    std::array<float, 2> grey;
  };
  Match measure(const MatchedFrame& frame, const cv::Matx23d& transform) const;

  cv::Point2d middle_;
  std::vector<Sample> samples_;
  bool plain_ = true;
};

}  // namespace ditto::stages
