#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "ditto/core/random.h"
#include "stages/generate/key_flow.h"

namespace ditto::stages {

/// Objects that were drawn into the key frame: compact regions whose edited pixels have little to
/// do with the source's. They are pasted as rigid layers that move with what lies under them.
class ObjectLayers {
 public:
  /// Looks for them in `residual` (CV_32FC3, edited minus what a model of the edit explains).
  /// None are reported unless they hold most of the residual's energy.
  ObjectLayers(const cv::Mat& source, const cv::Mat& edited, const cv::Mat& residual);

  bool empty() const { return layers_.empty(); }
  std::size_t size() const { return layers_.size(); }
  /// CV_8UC1, 255 on the layers with a small margin.
  const cv::Mat& mask() const { return mask_; }

  /// Finds each layer's similarity transform key -> frame in every frame, by consensus of the flow
  /// inside it; where too few agree, the nearest frame's towards the key holds.
  void track(const KeyFlow& flow, int frames, Stream stream);
  /// Paints the layers on frame `t`, CV_32FC3 in 0..255, and over `known` (CV_32FC1) the share of
  /// the flow inside each that agrees on its motion, 0 where too few did.
  void paint(cv::Mat& frame, cv::Mat& known, int t) const;

 private:
  struct Layer {
    cv::Rect box;                   ///< in the key frame
    cv::Mat colour;                 ///< CV_32FC3 of the box
    cv::Mat alpha;                  ///< CV_32FC1 of the box, soft at its edge
    std::vector<cv::Matx23d> path;  ///< key -> frame, full resolution
    std::vector<float> agreed;      ///< per frame, share of the flow inside that follows the path
  };
  std::vector<Layer> layers_;
  cv::Mat mask_;
};

}  // namespace ditto::stages
