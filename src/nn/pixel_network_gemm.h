#pragma once

#include <cstddef>

namespace ditto::nn {

/// What the matrices of multiply_add() are padded to.
inline constexpr int kRowStep = 4;
inline constexpr int kColumnStep = 16;

/// C += A B for small matrices that fit the cache. A's element (m, k) is
/// `a[m * a_row + k * a_column]`, so that a transposed matrix needs no copy; B is [inner, columns]
/// and C is [rows, columns], row-major and dense. `rows` is a multiple of kRowStep, `columns` of
/// kColumnStep. Each element of C is one chain of fused multiply-adds over k in order, whatever the
/// instruction set, so that results agree between CPUs.
void multiply_add(const float* a, std::size_t a_row, std::size_t a_column, const float* b, float* c,
                  int rows, int inner, int columns);

}  // namespace ditto::nn
