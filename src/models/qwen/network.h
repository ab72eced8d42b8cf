#pragma once

#include "ditto/models/model.h"
#include "models/qwen/language_model.h"
#include "models/qwen/positions.h"

/// Qwen2.5-VL as a whole: vision tower, language model and head.
namespace ditto::models::qwen {

class Network {
 public:
  Network(const nn::Scope& scope, const Config& config);

  const Config& config() const { return config_; }
  const VisionTower& visual() const { return visual_; }
  const LanguageModel& language_model() const { return model_; }
  /// [..., hidden_size] -> [..., vocab_size]
  at::Tensor logits(const at::Tensor& hidden) const;

  at::ScalarType dtype() const { return head_.scalar_type(); }
  at::Device device() const { return head_.device(); }

  /// Through the vision tower; undefined where the pixels are.
  at::Tensor see(const at::Tensor& pixels, const std::vector<Grid>& grids) const;
  /// ids [N] i64 on the device -> [N, hidden_size]; tokens that stand for images and videos become
  /// those of the vision tower. Undefined ones leave them as they are. Throws Error(kInput) when
  /// there are more or fewer of them than in the ids.
  at::Tensor embed(const at::Tensor& ids, const at::Tensor& image_tokens,
                   const at::Tensor& video_tokens) const;

 private:
  Config config_;
  VisionTower visual_;
  LanguageModel model_;
  at::Tensor head_;  ///< [vocab_size, hidden_size]; the embedding's where they are tied
};

/// The matrices of the language model's layers.
bool float8(const std::string& parameter);

Model make_model(const Source& source, const nn::Placement& placement);

/// The network with its weights, for the stages and for pipelines that it is a part of. Throws
/// Error(kInput), also for a source of another class.
std::shared_ptr<const Network> load_network(const Source& source, const nn::Placement& placement,
                                            const nn::LoadOptions& options = {});

}  // namespace ditto::models::qwen
