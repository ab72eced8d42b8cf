#pragma once

#include <cstdint>

namespace ditto::nn {

/// A product of few rows: y[m][n] = bias[n] + sum_k x[m][k] w[n][k].
struct FewRows {
  const float* x;     ///< [rows, inner]
  const float* w;     ///< [outer, inner]
  const float* bias;  ///< [outer], or null
  float* y;           ///< [rows, outer]
  std::int64_t rows, inner, outer;
};

/// Computes the columns from `first` to before `last`. Each sum is eight sums, of the k that leave
/// the same rest when divided by eight, with fused multiply-adds in the order of k; these are added
/// by halves, and the bias at the end. So whatever the instruction set and the number of rows.
void multiply_few_rows(const FewRows& product, std::int64_t first, std::int64_t last);

}  // namespace ditto::nn
