#pragma once

#include <array>

#include "ditto/models/model.h"

namespace ditto::models::wan {

/// Sizes of Wan's transformer, plain or with VACE's control branch, in the words of diffusers'
/// config.json.
struct TransformerConfig {
  std::array<std::int64_t, 3> patch_size;  ///< t, h, w
  std::int64_t num_attention_heads, attention_head_dim;
  std::int64_t in_channels, out_channels;
  std::int64_t text_dim, freq_dim, ffn_dim, num_layers;
  bool cross_attn_norm;
  bool qk_norm;
  double eps;
  std::int64_t rope_max_seq_len;  ///< positions along each axis
  /// Image-to-video models of Wan2.1 only; 0 without.
  std::int64_t image_dim = 0, added_kv_proj_dim = 0, pos_embed_seq_len = 0;
  /// VACE only: the blocks after which a hint is added, ascending, the first of them 0.
  std::vector<std::int64_t> vace_layers;
  std::int64_t vace_in_channels = 0;

  /// From diffusers' config (WanTransformer3DModel, WanVACETransformer3DModel) or that of the
  /// original checkpoints (WanModel, VaceWanModel).
  explicit TransformerConfig(const Source& source);

  std::int64_t dim() const { return num_attention_heads * attention_head_dim; }
  std::int64_t patch_elements() const { return patch_size[0] * patch_size[1] * patch_size[2]; }
  /// Channels that rotate with time, height and width; each is even.
  std::array<std::int64_t, 3> rope_dims() const;

 private:
  void read_diffusers(const ModelConfig& config);
  void read_original(const Source& source);
  void read_patch_size(const ModelConfig& config);
  void read_vace_layers(const ModelConfig& config, std::vector<std::int64_t> otherwise);
};

/// diffusers' config.json of the same network. Throws Error(kInput) for what it can't say.
nlohmann::json diffusers_config(const Source& source);

/// Whether float8 will do for a parameter: the matrices of self attention and of the feed-forward
/// layers. Embeddings, head, norms, modulation, VACE's projections and cross attention stay finer.
bool float8(const std::string& parameter);

}  // namespace ditto::models::wan
