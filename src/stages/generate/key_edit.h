#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <vector>

#include "ditto/stages/generate.h"
#include "stages/generate/edit_model.h"
#include "stages/generate/key_alignment.h"
#include "stages/generate/key_flow.h"
#include "stages/generate/object_layers.h"

namespace ditto::stages {

/// What edited key frames tell beside the model of the edit that is fitted to all of them: for each
/// what the model doesn't explain, and the objects that were drawn into it.
class KeyEdits {
 public:
  struct Options {
    EditModel::Options model;
    bool align = true;
  };
  /// `keys` of the clip's size; `flows` to each of them.
  KeyEdits(const Clip& clip, std::span<const EditedKey> keys, std::span<const KeyFlow> flows,
           const Options& options);

  const EditModel& model() const { return *model_; }
  const std::vector<KeyAlignment>& alignments() const { return alignments_; }
  std::size_t layers() const;
  /// The share of the edit's energy on the keys that the model explains, 0..1.
  double explained() const { return explained_; }

  struct Frame {
    cv::Mat picture;  ///< CV_32FC3 in 0..255, not clamped
    double confidence = 0;
  };
  /// The edit of frame `t`. The confidence is the mean over its pixels, each weighted by how much
  /// the edit changes it, of what speaks for the pixel: the confidence of the flow that carried the
  /// residual there, and for the rest the share of the edit that the model explains on the keys,
  /// less where the keys hardly show the pixel's colour; on a drawn object, the share of the flow
  /// inside it that agrees on its motion.
  Frame frame(const cv::Mat& source, int t) const;

 private:
  void fit(std::span<const ImagePair> pairs, const EditModel::Options& options);
  /// Adds the residuals that flow carries to frame `t`; CV_32FC1, how surely they are known there.
  cv::Mat add_residuals(cv::Mat& frame, int t) const;

  std::span<const KeyFlow> flows_;
  std::vector<KeyAlignment> alignments_;
  std::unique_ptr<EditModel> model_;
  std::vector<cv::Mat> residuals_;  ///< CV_32FC3, edited minus what the model explains
  std::vector<ObjectLayers> layers_;
  std::vector<float> shown_;  ///< of each colour cell, how well the keys show it, 0..1
  double explained_ = 1;
};

}  // namespace ditto::stages
