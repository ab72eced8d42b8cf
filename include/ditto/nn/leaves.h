#pragma once

#include <array>
#include <cstdint>

#include "ditto/nn/module.h"

/// The layers that hold parameters, with the names and shapes of torch.nn's. Inputs and parameters
/// must be of one dtype.
namespace ditto::nn {

/// x [..., in] -> [..., out]
struct Linear {
  at::Tensor weight;  ///< [out, in]
  at::Tensor bias;    ///< [out]; undefined without

  Linear(const Scope& scope, std::int64_t in, std::int64_t out, bool with_bias = true);
  at::Tensor operator()(const at::Tensor& x) const;
};

/// Row `id` of the weight for each id: ids [...] -> [..., dim]
struct Embedding {
  at::Tensor weight;  ///< [count, dim]

  Embedding(const Scope& scope, std::int64_t count, std::int64_t dim);
  at::Tensor operator()(const at::Tensor& ids) const;
};

template <std::size_t N>
struct ConvOptions {
  std::array<std::int64_t, N> stride;
  std::array<std::int64_t, N> padding;
  std::int64_t groups = 1;
  bool bias = true;
  bool channels_last = false;  ///< of the weight in memory; best where the input lies like that
};

/// x [B, in, H, W]
struct Conv2d {
  at::Tensor weight;  ///< [out, in / groups, kh, kw]
  at::Tensor bias;    ///< [out]; undefined without
  ConvOptions<2> options;

  Conv2d(const Scope& scope, std::int64_t in, std::int64_t out, std::array<std::int64_t, 2> kernel,
         const ConvOptions<2>& options = {{1, 1}, {0, 0}});
  at::Tensor operator()(const at::Tensor& x) const;
};

/// x [B, in, T, H, W]
struct Conv3d {
  at::Tensor weight;  ///< [out, in / groups, kt, kh, kw]
  at::Tensor bias;    ///< [out]; undefined without
  ConvOptions<3> options;

  Conv3d(const Scope& scope, std::int64_t in, std::int64_t out, std::array<std::int64_t, 3> kernel,
         const ConvOptions<3>& options = {{1, 1, 1}, {0, 0, 0}});
  at::Tensor operator()(const at::Tensor& x) const;
};

/// Over the last dimension. Without affine it has no parameters.
struct LayerNorm {
  at::Tensor weight;  ///< [dim]; undefined without
  at::Tensor bias;
  std::int64_t dim;
  double epsilon;

  LayerNorm(const Scope& scope, std::int64_t dim, double epsilon, bool affine = true);
  at::Tensor operator()(const at::Tensor& x) const;
};

/// x / sqrt(mean(x^2) + epsilon) * weight over the last dimension, computed in float32 and cast to
/// the weight's dtype at the end.
struct RmsNorm {
  at::Tensor weight;  ///< [dim]
  double epsilon;

  RmsNorm(const Scope& scope, std::int64_t dim, double epsilon);
  at::Tensor operator()(const at::Tensor& x) const;
};

/// x [B, channels, ...]
struct GroupNorm {
  at::Tensor weight;  ///< [channels]
  at::Tensor bias;
  std::int64_t groups;
  double epsilon;

  GroupNorm(const Scope& scope, std::int64_t groups, std::int64_t channels, double epsilon);
  at::Tensor operator()(const at::Tensor& x) const;
};

}  // namespace ditto::nn
