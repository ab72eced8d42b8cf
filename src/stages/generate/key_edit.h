#pragma once

#include <opencv2/core.hpp>
#include <span>
#include <vector>

#include "ditto/stages/generate.h"
#include "stages/generate/edit_model.h"
#include "stages/generate/key_alignment.h"
#include "stages/generate/key_flow.h"
#include "stages/generate/object_layers.h"
#include "stages/generate/screen_layers.h"

namespace ditto::stages {

/// What edited key frames tell beside the model of the edit that is fitted to all of them: for each
/// what the model doesn't explain, and the objects that were drawn into it.
class KeyEdits {
 public:
  struct Options {
    EditModel::Options model;
    bool align = true;
    Overlay overlay = Overlay::kAuto;
  };
  /// `keys` of the clip's size; `flows` to each of them.
  KeyEdits(const Clip& clip, std::span<const EditedKey> keys, std::span<const KeyFlow> flows,
           const Options& options);

  const EditModel& model() const { return *model_; }
  const std::vector<KeyAlignment>& alignments() const { return alignments_; }
  /// Drawn things that were found: those that belong to the scene, and those fixed to the screen.
  std::size_t scene_layers() const;
  std::size_t screen_layers() const { return screen_->size(); }
  /// The share of the edit's energy on the keys that the model explains, 0..1.
  double explained() const { return explained_; }

  struct Frame {
    cv::Mat picture;  ///< CV_32FC3 in 0..255, not clamped
    double confidence = 0;
  };
  /// The edit of frame `t`. The confidence is the mean over its pixels, each weighted by how much
  /// the edit changes it, of what speaks for the pixel: the confidence of the flow that carried the
  /// residual there, and for the rest the share of the edit that the model explains on the keys,
  /// less where the keys hardly show the pixel's colour; on a drawn object, the share of what is
  /// under it that was found again.
  Frame frame(const cv::Mat& source, int t) const;

 private:
  /// Finds drawn things, excludes them from the pairs, and the inputs of the screen that help.
  ScreenInputs look_into(std::vector<ImagePair>& pairs, const Options& options);
  void exclude_screen_layers(std::vector<ImagePair>& pairs) const;
  void fit(std::span<const ImagePair> pairs, const EditModel::Options& options,
           const ScreenInputs& screen);
  /// Puts what flow carries of the keys to frame `t` on the model's prediction for it; CV_32FC1,
  /// how surely it is known there.
  cv::Mat add_carried(cv::Mat& frame, int t) const;

  std::span<const KeyFlow> flows_;
  std::vector<KeyAlignment> alignments_;
  std::unique_ptr<EditModel> model_;
  std::vector<cv::Mat> residuals_;    ///< CV_32FC3, edited minus what the model explains
  std::vector<cv::Mat> predictions_;  ///< CV_8UC3, what the model explains
  std::vector<cv::Mat> misfits_;      ///< CV_32FC1, local mean square of the residuals
  std::unique_ptr<ScreenLayers> screen_;
  std::vector<ObjectLayers> layers_;
  std::vector<float> shown_;  ///< of each colour cell, how well the keys show it, 0..1
  double explained_ = 1;
};

}  // namespace ditto::stages
