#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "ditto/core/random.h"
#include "stages/generate/key_flow.h"
#include "stages/generate/object_track.h"

namespace ditto::stages {

/// Objects that were drawn into the key frame: compact regions whose edited pixels have little to
/// do with the source's. They are pasted as rigid layers that move with what lies under them.
class ObjectLayers {
 public:
  /// Looks for them in `residual` (CV_32FC3, edited minus what a model of the edit explains).
  /// None are reported unless they hold most of the residual's energy.
  ObjectLayers(const cv::Mat& source, const cv::Mat& edited, const cv::Mat& residual);

  bool empty() const { return objects_.empty(); }
  std::size_t size() const { return objects_.size(); }
  /// CV_8UC1, 255 on the layers with a small margin.
  const cv::Mat& mask() const { return mask_; }

  /// Finds each layer's path through the video.
  void track(const media::Video& video, const KeyFlow& flow, Stream stream);
  /// Paints the layers on frame `t`, CV_32FC3 in 0..255, and over `known` (CV_32FC1) the share of
  /// what is under each that was found again.
  void paint(cv::Mat& frame, cv::Mat& known, int t) const;

 private:
  std::vector<TrackedObject> objects_;  ///< their masks are soft at the edge
  std::vector<cv::Mat> colours_;        ///< CV_32FC3 of each object's box
  std::vector<ObjectPath> paths_;
  cv::Mat mask_;
};

}  // namespace ditto::stages
