#pragma once

#include "ditto/nn/leaves.h"

namespace ditto::nn {

/// Up to so many rows are few.
inline constexpr std::int64_t kFewRows = 16;

/// x [rows, in], weight [out, in], bias [out] or undefined -> [rows, out], as at::linear has it. On
/// the CPU in float32, few rows are multiplied by a kernel of our own that reads the weight once
/// and copies nothing: general matrix products rearrange the weight first, which takes longer than
/// such a product itself. There, a row's sums are the same bits however many rows there are,
/// whatever the CPU and the number of threads.
at::Tensor linear_of_few(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

inline at::Tensor linear_of_few(const at::Tensor& x, const Linear& linear) {
  return linear_of_few(x, linear.weight, linear.bias);
}

}  // namespace ditto::nn
