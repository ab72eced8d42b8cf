#pragma once

#include <optional>
#include <vector>

#include "models/qwen/kv_cache.h"
#include "models/qwen/vision.h"

/// Qwen2.5-VL's language model. After transformers 5.23 models/qwen2_5_vl/modeling_qwen2_5_vl.py;
/// the module tree has the published checkpoints' names.
namespace ditto::models::qwen {

/// A run of new tokens of one sequence.
struct Segment {
  std::int64_t row = 0;    ///< of the cache
  std::int64_t count = 0;  ///< tokens
  std::int64_t past = 0;   ///< tokens of the row that are in the cache already
  /// Which of its own tokens may be looked at, [count] bool; undefined for all. A token that can't
  /// see any attends to nothing (zeros). Only without a past.
  at::Tensor visible = {};
};

/// Tokens of some sequences, one segment after the other: N in all.
struct TextInputs {
  at::Tensor embeddings;  ///< [N, hidden_size]
  at::Tensor positions;   ///< [3, N] i64: time, height, width
  std::vector<Segment> segments;
  /// Segment i is one token of the cache's row i, and all are computed together. There may be more
  /// tokens behind those of the segments: nothing looks at them, and what is computed for them
  /// means nothing.
  bool one_each = false;
};

/// What a segment's tokens may look at, where that isn't just all that is before them.
struct SegmentMask {
  at::Tensor bias;   ///< added to the scores, [1, 1, count, past + count]
  at::Tensor blind;  ///< [count, 1] bool: tokens that see nothing; undefined where there are none
};

/// What every layer of one pass shares.
struct TextPass {
  at::Tensor cos, sin;  ///< [N, 1, head_dim / 2] float32
  std::vector<Segment> segments;
  std::vector<SegmentMask> masks;  ///< of each segment; undefined where none is needed
  bool one_each = false;           ///< as in TextInputs
  at::Tensor rows, slots;          ///< one_each: where the keys go, [segments] i64
  std::int64_t longest =
      0;                   ///< one_each: keys of the longest row; on the CPU, of all of them, or 0
  at::Tensor shared_bias;  ///< one_each, not on the CPU: [segments, 1, 1, longest]
};

struct TextAttention {
  nn::Linear q_proj, k_proj, v_proj, o_proj;
  std::int64_t heads, kv_heads;

  TextAttention(const nn::Scope& scope, const TextConfig& config);
  /// x [N, hidden_size]. Keys and values go into `cache`, if there is one.
  at::Tensor operator()(const at::Tensor& x, const TextPass& pass, LayerCache* cache) const;
};

struct DecoderLayer {
  nn::RmsNorm input_layernorm, post_attention_layernorm;
  TextAttention self_attn;
  GatedMlp mlp;

  DecoderLayer(const nn::Scope& scope, const TextConfig& config);
};

class LanguageModel {
 public:
  LanguageModel(const nn::Scope& scope, const TextConfig& config);

  /// ids [...] i64 -> [..., hidden_size]
  at::Tensor embed(const at::Tensor& ids) const { return embed_tokens_(ids); }
  const at::Tensor& embedding_weight() const { return embed_tokens_.weight; }

  /// -> [N, hidden_size], after the final norm. With a cache, the new tokens are written behind
  /// each row's past, which must be there; the cache must have room for them.
  at::Tensor operator()(const TextInputs& inputs, KvCache* cache = nullptr) const;

 private:
  TextPass begin(const TextInputs& inputs, const KvCache* cache) const;

  TextConfig config_;
  nn::Embedding embed_tokens_;
  std::vector<DecoderLayer> layers_;
  nn::RmsNorm norm_;
};

}  // namespace ditto::models::qwen
