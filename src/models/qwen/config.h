#pragma once

#include "ditto/models/config.h"

/// Sizes of Qwen2.5-VL, read from either of its config.json's: that of the published checkpoints
/// (the language model's keys at the top) and that of transformers 5 (text_config). Names and
/// defaults are those of transformers 5.23 models/qwen2_5_vl/configuration_qwen2_5_vl.py.
namespace ditto::models::qwen {

struct VisionConfig {
  std::int64_t depth, hidden_size, intermediate_size, num_heads, out_hidden_size;
  std::int64_t in_channels, patch_size, temporal_patch_size, spatial_merge_size;
  std::int64_t window_size;        ///< px, of the windows in which most blocks attend
  std::int64_t tokens_per_second;  ///< of temporal positions
  std::vector<std::int64_t> fullatt_block_indexes;
  std::string hidden_act;
  double rope_theta;

  explicit VisionConfig(const ModelConfig& config);
  std::int64_t head_dim() const { return hidden_size / num_heads; }
  /// Values of one row of pixel_values: (channel, frame, y, x) of a patch.
  std::int64_t patch_elements() const {
    return in_channels * temporal_patch_size * patch_size * patch_size;
  }
  /// Patches that become one token.
  std::int64_t merge_unit() const { return spatial_merge_size * spatial_merge_size; }
  /// Side of a window in tokens.
  std::int64_t window_tokens() const { return window_size / spatial_merge_size / patch_size; }
};

struct TextConfig {
  std::int64_t vocab_size, hidden_size, intermediate_size, num_hidden_layers;
  std::int64_t num_attention_heads, num_key_value_heads;
  std::string hidden_act;
  double rms_norm_eps, rope_theta;
  /// How many of the head_dim / 2 angles follow each axis; part i follows axis i % 3 of (t, h, w).
  std::vector<std::int64_t> mrope_section;

  explicit TextConfig(const ModelConfig& config);
  std::int64_t head_dim() const { return hidden_size / num_attention_heads; }
};

struct Config {
  VisionConfig vision;
  TextConfig text;
  std::int64_t image_token_id, video_token_id;
  bool tie_word_embeddings;

  /// Throws Error(kInput) naming the key: sizes that don't fit together, or what is not supported
  /// (sliding windows that are in use, RoPE scaled to longer contexts, other activations).
  explicit Config(const ModelConfig& config);
};

}  // namespace ditto::models::qwen
