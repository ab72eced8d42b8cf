#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

/// Rotary position embeddings. cos and sin broadcast against x without its last dimension halved,
/// e.g. x [B, heads, L, D] and [L, D/2]; each is of x's dtype or wider, and the product is
/// computed in the wider one, then cast back to x's.
namespace ditto::nn {

/// Rotates the pairs (x0, x1), (x2, x3), ... by the angles: Wan, Qwen-Image.
at::Tensor rope_interleaved(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

/// The same in place: x [..., D] times `rotation`, cos + i sin, complex64, which broadcasts against
/// x's pairs, e.g. x [B, L, heads, D] and [L, 1, D/2]. The last dimension of x must be dense.
void rotate_pairs(const at::Tensor& x, const at::Tensor& rotation);

/// Rotates the pairs (x_i, x_{i+D/2}): "rotate half", Qwen2.5-VL and other language models.
at::Tensor rope_half(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

/// Angles position * theta^(-2i/dim) for i in 0..dim/2 and positions 0..length: [length, dim/2],
/// float64.
at::Tensor rope_angles(std::int64_t length, std::int64_t dim, double theta);

}  // namespace ditto::nn
