#pragma once

#include <optional>

#include "ditto/nn/leaves.h"
#include "models/wan/transformer_config.h"

/// Wan's video transformer. After diffusers 0.42 models/transformers/transformer_wan.py; the module
/// tree has its checkpoint's names. B: batch, L: tokens, C: dim(), S: 1, or L where each token has
/// a time of its own (Wan2.2-TI2V).
///
/// In a network of 16-bit parameters the sum that runs through the blocks, the norms over it and
/// the modulation are float32, as in Wan's own code; diffusers rounds the sum to 16 bits in each
/// block.
namespace ditto::models::wan {

/// RMS norm over all heads together, the product with the weight in float32 too.
struct WanRmsNorm {
  at::Tensor weight;  ///< [C]
  double epsilon;

  WanRmsNorm(const nn::Scope& scope, std::int64_t dim, double epsilon);
  at::Tensor operator()(const at::Tensor& x) const;
};

struct WanAttention {
  nn::Linear to_q, to_k, to_v, to_out;
  std::optional<WanRmsNorm> norm_q, norm_k;
  std::optional<nn::Linear> add_k_proj, add_v_proj;  ///< cross attention to an image
  std::optional<WanRmsNorm> norm_added_k;
  std::int64_t heads;

  WanAttention(const nn::Scope& scope, const TransformerConfig& config, bool to_image);
  /// Self attention: x [B, L, C], rotation [L, 1, D/2] complex.
  at::Tensor over_tokens(const at::Tensor& x, const at::Tensor& rotation) const;
  /// Cross attention: context [B, N, C], its last 512 tokens being the text where the network looks
  /// at an image.
  at::Tensor over_context(const at::Tensor& x, const at::Tensor& context) const;

 private:
  at::Tensor query(const at::Tensor& x) const;
  at::Tensor key(const at::Tensor& x) const;
};

struct WanFeedForward {
  nn::Linear in, out;

  WanFeedForward(const nn::Scope& scope, std::int64_t dim, std::int64_t inner);
  at::Tensor operator()(const at::Tensor& x) const;
};

/// What all blocks of one forward pass look at.
struct WanContext {
  at::Tensor time;      ///< [B, S, 6, C]
  at::Tensor text;      ///< [B, N, C], an image's tokens first
  at::Tensor rotation;  ///< [L, 1, D/2] complex
};

struct WanBlock {
  WanAttention attn1, attn2;
  std::optional<nn::LayerNorm> norm2;
  WanFeedForward ffn;
  at::Tensor scale_shift_table;  ///< [1, 6, C]
  double epsilon;
  at::ScalarType dtype;  ///< of the matrices

  WanBlock(const nn::Scope& scope, const TransformerConfig& config);
  /// x [B, L, C], at least float32, is changed in place.
  void operator()(const at::Tensor& x, const WanContext& context) const;
};

struct WanPatchEmbedding {
  at::Tensor weight;  ///< [C, channels, pt, ph, pw]
  at::Tensor bias;

  WanPatchEmbedding(const nn::Scope& scope, std::int64_t channels, const TransformerConfig& config);
  /// [B, channels, T, H, W] -> [B, L, C]; what doesn't fill a patch at the ends is left out.
  at::Tensor operator()(const at::Tensor& video) const;
};

struct WanImageEmbedding {
  at::Tensor pos_embed;  ///< [1, pos_embed_seq_len, image_dim]; undefined without
  nn::LayerNorm norm1;
  nn::Linear in, out;
  nn::LayerNorm norm2;

  WanImageEmbedding(const nn::Scope& scope, const TransformerConfig& config);
  at::Tensor operator()(const at::Tensor& image) const;
};

struct WanConditionEmbedder {
  nn::Linear time_1, time_2, time_proj, text_1, text_2;
  std::optional<WanImageEmbedding> image_embedder;
  std::int64_t freq_dim;

  WanConditionEmbedder(const nn::Scope& scope, const TransformerConfig& config);
  /// timestep [...] -> [..., C], at least float32
  at::Tensor time(const at::Tensor& timestep) const;
  at::Tensor text(const at::Tensor& states) const;
};

struct WanInputs {
  at::Tensor hidden_states;                ///< [B, in_channels, T, H, W]
  at::Tensor timestep;                     ///< [B], or [B, L]
  at::Tensor encoder_hidden_states;        ///< [B, N, text_dim]
  at::Tensor encoder_hidden_states_image;  ///< [B, M, image_dim] or undefined
};

class WanTransformer {
 public:
  WanTransformer(const nn::Scope& scope, const TransformerConfig& config);

  /// -> sample [B, out_channels, T, H, W], T, H and W rounded down to whole patches
  at::Tensor operator()(const WanInputs& inputs) const;

  /// The steps of a pass, for networks that have more of them.
  struct Pass {
    std::array<std::int64_t, 3> grid;  ///< patches along t, h, w
    at::Tensor x;                      ///< [B, L, C], at least float32
    at::Tensor time;                   ///< [B, S, C]
    WanContext context;
  };
  Pass begin(const WanInputs& inputs) const;
  at::Tensor end(const Pass& pass) const;
  const std::vector<WanBlock>& blocks() const { return blocks_; }

 private:
  TransformerConfig config_;
  at::ScalarType dtype_;
  WanPatchEmbedding patch_embedding_;
  WanConditionEmbedder condition_embedder_;
  std::vector<WanBlock> blocks_;
  nn::Linear proj_out_;
  at::Tensor scale_shift_table_;  ///< [1, 2, C]
};

/// The dtype for what stays out of 16 bits: float32, or float64 in a network of that.
at::ScalarType wide(at::ScalarType dtype);

/// Names of forward()'s tensors, and its inputs checked and cast to `dtype`.
std::vector<std::string> wan_input_names(const TransformerConfig& config);
WanInputs read_wan_inputs(const Inputs& inputs, const TransformerConfig& config,
                          at::ScalarType dtype);

Model make_transformer(const Source& source, const nn::Placement& placement);

}  // namespace ditto::models::wan
