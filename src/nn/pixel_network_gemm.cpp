#include "nn/pixel_network_gemm.h"

#include <cmath>
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace ditto::nn {
namespace {

#if defined(__AVX2__) && defined(__FMA__)

// A block of C is four rows by kVectors vectors, held in registers while k runs: per step kVectors
// loads and four broadcasts for four times kVectors multiply-adds, so that arithmetic sets the
// pace.
template <int kVectors>
void block_avx2(const float* a, std::size_t a_row, std::size_t a_column, const float* b, float* c,
                int inner, std::size_t columns) {
  __m256 sum[kRowStep][kVectors];
#pragma GCC unroll 4
  for (int m = 0; m < kRowStep; ++m) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v)
      sum[m][v] = _mm256_loadu_ps(c + static_cast<std::size_t>(m) * columns + 8 * v);
  }
  for (int k = 0; k < inner; ++k, a += a_column, b += columns) {
    __m256 row[kVectors];
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) row[v] = _mm256_loadu_ps(b + 8 * v);
#pragma GCC unroll 4
    for (int m = 0; m < kRowStep; ++m) {
      const __m256 factor = _mm256_broadcast_ss(a + static_cast<std::size_t>(m) * a_row);
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) sum[m][v] = _mm256_fmadd_ps(factor, row[v], sum[m][v]);
    }
  }
#pragma GCC unroll 4
  for (int m = 0; m < kRowStep; ++m) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v)
      _mm256_storeu_ps(c + static_cast<std::size_t>(m) * columns + 8 * v, sum[m][v]);
  }
}

void multiply_add_avx2(const float* a, std::size_t a_row, std::size_t a_column, const float* b,
                       float* c, int rows, int inner, int columns) {
  const auto width = static_cast<std::size_t>(columns);
  for (std::size_t m = 0; m < static_cast<std::size_t>(rows); m += kRowStep) {
    std::size_t n = 0;
    for (; n + 24 <= width; n += 24)
      block_avx2<3>(a + m * a_row, a_row, a_column, b + n, c + m * width + n, inner, width);
    if (n + 16 <= width) {
      block_avx2<2>(a + m * a_row, a_row, a_column, b + n, c + m * width + n, inner, width);
    } else if (n < width) {
      block_avx2<1>(a + m * a_row, a_row, a_column, b + n, c + m * width + n, inner, width);
    }
  }
}

template <int kVectors>
__attribute__((target("avx512f"))) void block_avx512(const float* a, std::size_t a_row,
                                                     std::size_t a_column, const float* b, float* c,
                                                     int inner, std::size_t columns) {
  __m512 sum[kRowStep][kVectors];
#pragma GCC unroll 4
  for (int m = 0; m < kRowStep; ++m) {
#pragma GCC unroll 6
    for (int v = 0; v < kVectors; ++v)
      sum[m][v] = _mm512_loadu_ps(c + static_cast<std::size_t>(m) * columns + 16 * v);
  }
  for (int k = 0; k < inner; ++k, a += a_column, b += columns) {
    __m512 row[kVectors];
#pragma GCC unroll 6
    for (int v = 0; v < kVectors; ++v) row[v] = _mm512_loadu_ps(b + 16 * v);
#pragma GCC unroll 4
    for (int m = 0; m < kRowStep; ++m) {
      const __m512 factor = _mm512_set1_ps(a[static_cast<std::size_t>(m) * a_row]);
#pragma GCC unroll 6
      for (int v = 0; v < kVectors; ++v) sum[m][v] = _mm512_fmadd_ps(factor, row[v], sum[m][v]);
    }
  }
#pragma GCC unroll 4
  for (int m = 0; m < kRowStep; ++m) {
#pragma GCC unroll 6
    for (int v = 0; v < kVectors; ++v)
      _mm512_storeu_ps(c + static_cast<std::size_t>(m) * columns + 16 * v, sum[m][v]);
  }
}

__attribute__((target("avx512f"))) void multiply_add_avx512(const float* a, std::size_t a_row,
                                                            std::size_t a_column, const float* b,
                                                            float* c, int rows, int inner,
                                                            int columns) {
  const auto width = static_cast<std::size_t>(columns);
  for (std::size_t n = 0; n < width;) {
    const std::size_t left = (width - n) / 16;
    const auto run = [&](auto block, std::size_t vectors) {
      for (std::size_t m = 0; m < static_cast<std::size_t>(rows); m += kRowStep)
        block(a + m * a_row, a_row, a_column, b + n, c + m * width + n, inner, width);
      n += 16 * vectors;
    };
    if (left >= 6) {
      run(block_avx512<6>, 6);
    } else if (left >= 4) {
      run(block_avx512<4>, 4);
    } else if (left >= 2) {
      run(block_avx512<2>, 2);
    } else {
      run(block_avx512<1>, 1);
    }
  }
}

#else

void multiply_add_portable(const float* a, std::size_t a_row, std::size_t a_column, const float* b,
                           float* c, int rows, int inner, int columns) {
  const auto width = static_cast<std::size_t>(columns);
  for (std::size_t m = 0; m < static_cast<std::size_t>(rows); ++m) {
    for (std::size_t k = 0; k < static_cast<std::size_t>(inner); ++k) {
      const float factor = a[m * a_row + k * a_column];
      for (std::size_t n = 0; n < width; ++n)
        c[m * width + n] = std::fma(factor, b[k * width + n], c[m * width + n]);
    }
  }
}

#endif

}  // namespace

void multiply_add(const float* a, std::size_t a_row, std::size_t a_column, const float* b, float* c,
                  int rows, int inner, int columns) {
#if defined(__AVX2__) && defined(__FMA__)
  static const bool wide = __builtin_cpu_supports("avx512f") != 0;
  (wide ? multiply_add_avx512 : multiply_add_avx2)(a, a_row, a_column, b, c, rows, inner, columns);
#else
  multiply_add_portable(a, a_row, a_column, b, c, rows, inner, columns);
#endif
}

}  // namespace ditto::nn
