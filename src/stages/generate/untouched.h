#pragma once

#include <opencv2/core.hpp>

namespace ditto::stages {

/// Where a local edit left the picture alone. There the source's own pixels are the answer, and any
/// synthesis of them can only lose.
class Untouched {
 public:
  /// From the key frame before and after (CV_8UC3) and the model's prediction of it (CV_32FC3).
  /// `excluded` (CV_8UC1, may be empty): pixels that count as untouched, because something is drawn
  /// over them later.
  Untouched(const cv::Mat& source, const cv::Mat& edited, const cv::Mat& prediction,
            const cv::Mat& excluded);

  /// False when there are no areas left alone: a global edit.
  bool any() const { return !mask_.empty(); }
  /// Share of the key frame that was left alone.
  double share() const { return share_; }
  /// CV_32FC1, 1 where the key frame was left alone. Only when any().
  const cv::Mat& mask() const { return mask_; }

  /// Puts the source's pixels back where `frame` (CV_32FC3) shows an untouched place: where the
  /// trusted flow (`weight`, CV_8UC1) leads to one in the key frame and the prediction doesn't
  /// object, and elsewhere where the prediction is hardly other than the source.
  /// `carried`: mask() as the flow brings it to this frame; `prediction`: the model's alone.
  void restore(cv::Mat& frame, const cv::Mat& source, const cv::Mat& prediction,
               const cv::Mat& carried, const cv::Mat& weight) const;

 private:
  cv::Mat mask_;
  double share_ = 0;
  float small_ = 0;  ///< grey levels: predictions this near to the source mean no change
};

}  // namespace ditto::stages
