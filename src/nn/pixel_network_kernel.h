#pragma once

#include <cstddef>

namespace ditto::nn {

/// Pixels that the kernel works on at once: planes of this length stay in the first-level cache.
inline constexpr std::size_t kPixelTile = 96;

/// One dense layer on a tile of kPixelTile pixels, planar: out[j] = bias[j] + sum_k w[k * units +
/// j]
/// * in[k], then ReLU if `relu`. Sums run over k in order with fused multiply-adds, whatever the
/// instruction set, so that results agree between CPUs. `units` is a multiple of 4.
void dense_tile(const float* in, int inputs, const float* weights, const float* bias, int units,
                bool relu, float* out);

}  // namespace ditto::nn
