#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string_view>

namespace ditto::nn {

/// Which kernel computes attention. Those of CUDA exist once nn::load_cuda_if_present has
/// succeeded.
enum class AttentionBackend {
  kMath,       ///< two matrix products and a softmax: the specification, on any device
  kFlash,      ///< tiled; on the CPU any floating type, on CUDA 16 bits and no bias
  kEfficient,  ///< CUDA, any floating type
  kCudnn,      ///< CUDA, 16 bits; the fastest on Hopper
};

std::string_view attention_backend_name(AttentionBackend backend);

/// What is best for queries of this kind: kFlash on the CPU; on CUDA kCudnn for 16 bits without
/// bias, else kEfficient.
AttentionBackend best_attention_backend(const at::Tensor& query, bool with_bias);

struct AttentionOptions {
  /// Added to the scores, [B or 1, heads or 1, Lq, Lk]; undefined for none. Keys that nobody may
  /// look at are sliced off by the caller, not masked, wherever they are the same for all queries.
  at::Tensor bias;
  std::optional<double> scale;              ///< of the scores; 1/sqrt(D) by default
  bool causal = false;                      ///< query i sees keys 0..i; needs Lq == Lk
  std::optional<AttentionBackend> backend;  ///< the best one by default
  /// Inputs of 16 bits are widened to float32, and the result is rounded to them: kernels for 16
  /// bits also round the softmax, before it meets the values.
  bool widened = false;
};

/// softmax(q k^T * scale + bias) v. query [B, heads, Lq, D], key [B, heads, Lk, D], value
/// [B, heads, Lk, Dv], of one dtype and device -> [B, heads, Lq, Dv]. The softmax is computed in
/// float32 (or float64 for float64 inputs). Throws Error(kInput) when the back-end can't do what is
/// asked.
at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const AttentionOptions& options = {});

/// [B, L, heads * D] -> [B, heads, L, D] and back.
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads);
at::Tensor join_heads(const at::Tensor& x);

}  // namespace ditto::nn
