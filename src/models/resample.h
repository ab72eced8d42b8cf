#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ditto::models {

/// Pictures of another size by Lanczos' windowed sinc over 3 lobes, with Pillow's arithmetic for 8
/// bits a channel: rows first, then columns, each rounded to 8 bits, with fixed-point weights. When
/// shrinking, the window grows with the ratio. Pillow 13 takes columns first for some sizes that
/// shrink both ways, and then differs by rounding and clamping in between. u8 [N, H, W, C] ->
/// [N, height, width, C], on the CPU.
at::Tensor resample_lanczos(const at::Tensor& pictures, std::int64_t height, std::int64_t width);

}  // namespace ditto::models
