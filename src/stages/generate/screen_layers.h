#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <string>
#include <vector>

#include "stages/generate/image_pair.h"

namespace ditto::stages {

/// Which of the things that were drawn into the key frames stay at their place on the screen.
enum class Overlay {
  kAuto,    ///< those that the evidence says do
  kScene,   ///< none: all belong to the scene
  kScreen,  ///< all
};
Overlay overlay_from(const std::string& name);  ///< "auto", "scene" or "screen"

/// What was drawn over the picture and not into the scene: a title, a watermark, a border. With one
/// key frame the evidence is its shape; kAuto takes for fixed only
/// - a strip of one plain colour across the whole picture (with writing on it),
/// - an upright rectangle with sharp edges from one side of the picture to the other, or a frame
///   that leaves such a rectangle free,
/// - flat, wide things, as writing is, wholly in the margin of the picture.
/// Several key frames tell more: where the sources differ under a drawn thing, it is fixed if the
/// pictures have the same there, and otherwise not.
class ScreenLayers {
 public:
  /// `residuals`: of each pair, CV_32FC3, what a model of the edit that knows no screen positions
  /// leaves of it.
  ScreenLayers(std::span<const ImagePair> pairs, std::span<const cv::Mat> residuals,
               Overlay overlay);

  bool empty() const { return count_ == 0; }
  /// Things found, over all key frames.
  std::size_t size() const { return count_; }
  /// CV_8UC1 of a key frame, 255 on the layers with a margin; empty where there is none.
  const cv::Mat& mask(std::size_t key) const { return keys_[key].mask; }
  /// Paints what a key frame has on a frame, CV_32FC3 in 0..255, and 1 over `known`, CV_32FC1.
  void paint(cv::Mat& frame, cv::Mat& known, std::size_t key) const;

 private:
  struct Key {
    cv::Mat picture;  ///< CV_8UC3, edited
    cv::Mat alpha;    ///< CV_32FC1: 1 where the layers cover the frame
    cv::Mat added;    ///< CV_32FC3: what they add where they let it show through
    cv::Mat mask;
  };
  void add(Key& key, const cv::Mat& residual, const cv::Mat& inside, const cv::Rect& box,
           bool covers);

  std::vector<Key> keys_;
  std::size_t count_ = 0;
};

}  // namespace ditto::stages
