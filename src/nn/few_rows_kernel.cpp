#include "nn/few_rows_kernel.h"

#include <algorithm>
#include <array>
#include <cmath>
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace ditto::nn {
namespace {

constexpr std::int64_t kLanes = 8;
/// Rows of the weight that are worked on at once: they stay in the caches while all of x passes.
constexpr int kBlock = 4;

void put(const FewRows& p, std::int64_t m, std::int64_t n, float sum) {
  p.y[m * p.outer + n] = p.bias != nullptr ? sum + p.bias[n] : sum;
}

#if defined(__AVX2__) && defined(__FMA__)

float sum_of(__m256 v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/// Of the last k that don't fill a vector.
__m256i mask_of(std::int64_t rest) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(rest)), lane);
}

/// kBlock rows of the weight by `Rows` rows of x, from row m on. Meanwhile the row `ahead` of the
/// weight is asked for. The loops over both are unrolled so that the sums stay in registers.
template <int Rows>
void tile(const FewRows& p, std::int64_t n, std::int64_t m, const float* ahead) {
  const float* const w = p.w + n * p.inner;
  const float* const x = p.x + m * p.inner;
  __m256 sums[Rows][kBlock];
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int i = 0; i < kBlock; ++i) sums[r][i] = _mm256_setzero_ps();
  }
  const auto add = [&](auto load, std::int64_t k) {
    __m256 u[kBlock];
#pragma GCC unroll 4
    for (int i = 0; i < kBlock; ++i) u[i] = load(w + i * p.inner + k);
#pragma GCC unroll 4
    for (int r = 0; r < Rows; ++r) {
      const __m256 v = load(x + r * p.inner + k);
#pragma GCC unroll 4
      for (int i = 0; i < kBlock; ++i) sums[r][i] = _mm256_fmadd_ps(u[i], v, sums[r][i]);
    }
  };
  const auto whole = [](const float* from) { return _mm256_loadu_ps(from); };
  std::int64_t k = 0;
  for (; k + 2 * kLanes <= p.inner; k += 2 * kLanes) {
    // A line of the cache is two vectors.
    _mm_prefetch(reinterpret_cast<const char*>(ahead + k), _MM_HINT_T0);
    add(whole, k);
    add(whole, k + kLanes);
  }
  if (k + kLanes <= p.inner) {
    add(whole, k);
    k += kLanes;
  }
  if (k < p.inner) {
    const __m256i mask = mask_of(p.inner - k);
    add([mask](const float* from) { return _mm256_maskload_ps(from, mask); }, k);
  }
#pragma GCC unroll 4
  for (int r = 0; r < Rows; ++r) {
#pragma GCC unroll 4
    for (int i = 0; i < kBlock; ++i) put(p, m + r, n + i, sum_of(sums[r][i]));
  }
}

void block(const FewRows& p, std::int64_t n, std::int64_t last) {
  std::int64_t part = 0;
  for (std::int64_t m = 0; m < p.rows; ++part) {
    // Each pass over this block asks for one row of the next.
    const std::int64_t next = std::min(n + kBlock + part % kBlock, last - 1);
    const float* const ahead = p.w + next * p.inner;
    const std::int64_t left = p.rows - m;
    if (left >= 3) {
      tile<3>(p, n, m, ahead);
      m += 3;
    } else if (left == 2) {
      tile<2>(p, n, m, ahead);
      m += 2;
    } else {
      tile<1>(p, n, m, ahead);
      m += 1;
    }
  }
}

#endif

float sum_of_products(const float* x, const float* w, std::int64_t inner) {
  std::array<float, kLanes> sums = {};
  for (std::int64_t k = 0; k < inner; ++k) {
    float& sum = sums[static_cast<std::size_t>(k % kLanes)];
    sum = std::fma(w[k], x[k], sum);
  }
  for (std::size_t half = kLanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

void column(const FewRows& p, std::int64_t n) {
  for (std::int64_t m = 0; m < p.rows; ++m) {
    put(p, m, n, sum_of_products(p.x + m * p.inner, p.w + n * p.inner, p.inner));
  }
}

}  // namespace

void multiply_few_rows(const FewRows& product, std::int64_t first, std::int64_t last) {
  std::int64_t n = first;
#if defined(__AVX2__) && defined(__FMA__)
  for (; n + kBlock <= last; n += kBlock) block(product, n, last);
#endif
  for (; n < last; ++n) column(product, n);
}

}  // namespace ditto::nn
