#pragma once

#include <optional>

#include "ditto/models/model.h"
#include "ditto/nn/leaves.h"

/// umT5's encoder, the text encoder of Wan. After transformers 5.23
/// models/umt5/modeling_umt5.py; the module tree has its checkpoint's names.
namespace ditto::models::wan {

struct Umt5Config {
  std::int64_t vocab_size, d_model, d_kv, d_ff, num_layers, num_heads;
  std::int64_t num_buckets, max_distance;
  double epsilon;
  bool gated;
  std::string activation;  ///< "gelu_new", "gelu" or "relu"

  explicit Umt5Config(const ModelConfig& config);
};

struct Umt5Attention {
  nn::Linear q, k, v, o;
  nn::Embedding relative_attention_bias;
  std::int64_t heads;

  Umt5Attention(const nn::Scope& scope, const Umt5Config& config);
  /// x [B, L, d_model], buckets [L, L] i64, mask additive [B, 1, 1, L] or undefined.
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& buckets,
                        const at::Tensor& mask) const;
};

struct Umt5FeedForward {
  std::optional<nn::Linear> wi, wi_0, wi_1;  ///< wi, or where gated the other two
  nn::Linear wo;                             ///< float32 in a float16 network
  std::string activation;

  Umt5FeedForward(const nn::Scope& scope, const Umt5Config& config);
  at::Tensor operator()(const at::Tensor& x) const;
};

struct Umt5Block {
  nn::RmsNorm attention_norm;
  Umt5Attention attention;
  nn::RmsNorm feed_forward_norm;
  Umt5FeedForward feed_forward;

  Umt5Block(const nn::Scope& scope, const Umt5Config& config);
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& buckets,
                        const at::Tensor& mask) const;
};

class Umt5Encoder {
 public:
  Umt5Encoder(const nn::Scope& scope, const Umt5Config& config);

  /// input_ids [B, L] i64 or i32; attention_mask [B, L], 0 for padding, or undefined.
  /// -> last_hidden_state [B, L, d_model]
  at::Tensor operator()(const at::Tensor& input_ids, const at::Tensor& attention_mask) const;

 private:
  Umt5Config config_;
  nn::Embedding shared_;
  std::vector<Umt5Block> blocks_;
  nn::RmsNorm final_layer_norm_;
};

/// The names of Wan's own code, and single files that have no config.json.
std::vector<Layout> umt5_layouts();
/// The matrices of attention and feed-forward layers.
bool umt5_float8(const std::string& parameter);

Model make_umt5_encoder(const Source& source, const nn::Placement& placement);

}  // namespace ditto::models::wan
