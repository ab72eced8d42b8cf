#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ditto::models {

/// Pictures of another size by Lanczos' windowed sinc over 3 lobes, equal to Pillow 13 for 8 bits a
/// channel: one axis, then the other, each rounded to 8 bits, with fixed-point weights. When
/// shrinking, the window grows with the ratio. Rows come first, but columns where the height loses
/// more than twice the pixels that the width does (earlier versions of Pillow: rows always).
/// u8 [N, H, W, C] -> [N, height, width, C], on the CPU.
at::Tensor resample_lanczos(const at::Tensor& pictures, std::int64_t height, std::int64_t width);

}  // namespace ditto::models
