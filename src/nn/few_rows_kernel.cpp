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
constexpr std::int64_t kBlock = 4;

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

/// kBlock rows of the weight by `Rows` rows of x, from row m on. Meanwhile the rows `ahead` .. of
/// the weight are asked for.
template <int Rows>
void tile(const FewRows& p, std::int64_t n, std::int64_t m, const float* ahead) {
  const float* const w0 = p.w + n * p.inner;
  const float* const w1 = w0 + p.inner;
  const float* const w2 = w1 + p.inner;
  const float* const w3 = w2 + p.inner;
  const float* const x0 = p.x + m * p.inner;
  const float* const x1 = Rows > 1 ? x0 + p.inner : x0;
  const float* const x2 = Rows > 2 ? x1 + p.inner : x0;
  __m256 a0 = _mm256_setzero_ps(), a1 = a0, a2 = a0, a3 = a0;
  __m256 b0 = a0, b1 = a0, b2 = a0, b3 = a0;
  __m256 c0 = a0, c1 = a0, c2 = a0, c3 = a0;
  const auto add = [&](auto load, std::int64_t k) {
    const __m256 u0 = load(w0 + k), u1 = load(w1 + k), u2 = load(w2 + k), u3 = load(w3 + k);
    __m256 v = load(x0 + k);
    a0 = _mm256_fmadd_ps(u0, v, a0);
    a1 = _mm256_fmadd_ps(u1, v, a1);
    a2 = _mm256_fmadd_ps(u2, v, a2);
    a3 = _mm256_fmadd_ps(u3, v, a3);
    if constexpr (Rows > 1) {
      v = load(x1 + k);
      b0 = _mm256_fmadd_ps(u0, v, b0);
      b1 = _mm256_fmadd_ps(u1, v, b1);
      b2 = _mm256_fmadd_ps(u2, v, b2);
      b3 = _mm256_fmadd_ps(u3, v, b3);
    }
    if constexpr (Rows > 2) {
      v = load(x2 + k);
      c0 = _mm256_fmadd_ps(u0, v, c0);
      c1 = _mm256_fmadd_ps(u1, v, c1);
      c2 = _mm256_fmadd_ps(u2, v, c2);
      c3 = _mm256_fmadd_ps(u3, v, c3);
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
  const auto put_row = [&](std::int64_t row, __m256 s0, __m256 s1, __m256 s2, __m256 s3) {
    put(p, row, n, sum_of(s0));
    put(p, row, n + 1, sum_of(s1));
    put(p, row, n + 2, sum_of(s2));
    put(p, row, n + 3, sum_of(s3));
  };
  put_row(m, a0, a1, a2, a3);
  if constexpr (Rows > 1) put_row(m + 1, b0, b1, b2, b3);
  if constexpr (Rows > 2) put_row(m + 2, c0, c1, c2, c3);
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
