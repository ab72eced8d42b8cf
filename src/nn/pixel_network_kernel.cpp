#include "nn/pixel_network_kernel.h"

#include <cmath>
#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#endif

namespace ditto::nn {
namespace {

#if defined(__AVX2__) && defined(__FMA__)

// Three vectors of pixels by four units: twelve accumulators, and seven loads for twelve fused
// multiply-adds, so that the arithmetic and not the loads set the pace. Written out, because the
// compiler keeps an array of accumulators in memory.
void dense_avx2(const float* in, int inputs, const float* weights, const float* bias, int units,
                float floor, float* out) {
  const __m256 low = _mm256_set1_ps(floor);
  for (std::size_t p = 0; p < kPixelTile; p += 24) {
    for (int j = 0; j < units; j += 4) {
      __m256 a0 = _mm256_broadcast_ss(bias + j), a1 = a0, a2 = a0;
      __m256 b0 = _mm256_broadcast_ss(bias + j + 1), b1 = b0, b2 = b0;
      __m256 c0 = _mm256_broadcast_ss(bias + j + 2), c1 = c0, c2 = c0;
      __m256 d0 = _mm256_broadcast_ss(bias + j + 3), d1 = d0, d2 = d0;
      const float* x = in + p;
      const float* w = weights + j;
      for (int k = 0; k < inputs; ++k, x += kPixelTile, w += units) {
        const __m256 x0 = _mm256_loadu_ps(x), x1 = _mm256_loadu_ps(x + 8),
                     x2 = _mm256_loadu_ps(x + 16);
        __m256 wu = _mm256_broadcast_ss(w);
        a0 = _mm256_fmadd_ps(wu, x0, a0);
        a1 = _mm256_fmadd_ps(wu, x1, a1);
        a2 = _mm256_fmadd_ps(wu, x2, a2);
        wu = _mm256_broadcast_ss(w + 1);
        b0 = _mm256_fmadd_ps(wu, x0, b0);
        b1 = _mm256_fmadd_ps(wu, x1, b1);
        b2 = _mm256_fmadd_ps(wu, x2, b2);
        wu = _mm256_broadcast_ss(w + 2);
        c0 = _mm256_fmadd_ps(wu, x0, c0);
        c1 = _mm256_fmadd_ps(wu, x1, c1);
        c2 = _mm256_fmadd_ps(wu, x2, c2);
        wu = _mm256_broadcast_ss(w + 3);
        d0 = _mm256_fmadd_ps(wu, x0, d0);
        d1 = _mm256_fmadd_ps(wu, x1, d1);
        d2 = _mm256_fmadd_ps(wu, x2, d2);
      }
      float* row = out + static_cast<std::size_t>(j) * kPixelTile + p;
      const auto store = [&](__m256 v0, __m256 v1, __m256 v2) {
        _mm256_storeu_ps(row, _mm256_max_ps(v0, low));
        _mm256_storeu_ps(row + 8, _mm256_max_ps(v1, low));
        _mm256_storeu_ps(row + 16, _mm256_max_ps(v2, low));
        row += kPixelTile;
      };
      store(a0, a1, a2);
      store(b0, b1, b2);
      store(c0, c1, c2);
      store(d0, d1, d2);
    }
  }
}

// The same with twice the width and six vectors of pixels: each pixel's sums run in the same order
// with the same roundings, so the results are the same bits.
__attribute__((target("avx512f"))) void dense_avx512(const float* in, int inputs,
                                                     const float* weights, const float* bias,
                                                     int units, float floor, float* out) {
  const __m512 low = _mm512_set1_ps(floor);
  for (int j = 0; j < units; j += 4) {
    __m512 a0 = _mm512_set1_ps(bias[j]), a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0;
    __m512 b0 = _mm512_set1_ps(bias[j + 1]), b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0;
    __m512 c0 = _mm512_set1_ps(bias[j + 2]), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0;
    __m512 d0 = _mm512_set1_ps(bias[j + 3]), d1 = d0, d2 = d0, d3 = d0, d4 = d0, d5 = d0;
    const float* x = in;
    const float* w = weights + j;
    for (int k = 0; k < inputs; ++k, x += kPixelTile, w += units) {
      const __m512 x0 = _mm512_loadu_ps(x), x1 = _mm512_loadu_ps(x + 16),
                   x2 = _mm512_loadu_ps(x + 32);
      const __m512 x3 = _mm512_loadu_ps(x + 48), x4 = _mm512_loadu_ps(x + 64),
                   x5 = _mm512_loadu_ps(x + 80);
      __m512 wu = _mm512_set1_ps(w[0]);
      a0 = _mm512_fmadd_ps(wu, x0, a0);
      a1 = _mm512_fmadd_ps(wu, x1, a1);
      a2 = _mm512_fmadd_ps(wu, x2, a2);
      a3 = _mm512_fmadd_ps(wu, x3, a3);
      a4 = _mm512_fmadd_ps(wu, x4, a4);
      a5 = _mm512_fmadd_ps(wu, x5, a5);
      wu = _mm512_set1_ps(w[1]);
      b0 = _mm512_fmadd_ps(wu, x0, b0);
      b1 = _mm512_fmadd_ps(wu, x1, b1);
      b2 = _mm512_fmadd_ps(wu, x2, b2);
      b3 = _mm512_fmadd_ps(wu, x3, b3);
      b4 = _mm512_fmadd_ps(wu, x4, b4);
      b5 = _mm512_fmadd_ps(wu, x5, b5);
      wu = _mm512_set1_ps(w[2]);
      c0 = _mm512_fmadd_ps(wu, x0, c0);
      c1 = _mm512_fmadd_ps(wu, x1, c1);
      c2 = _mm512_fmadd_ps(wu, x2, c2);
      c3 = _mm512_fmadd_ps(wu, x3, c3);
      c4 = _mm512_fmadd_ps(wu, x4, c4);
      c5 = _mm512_fmadd_ps(wu, x5, c5);
      wu = _mm512_set1_ps(w[3]);
      d0 = _mm512_fmadd_ps(wu, x0, d0);
      d1 = _mm512_fmadd_ps(wu, x1, d1);
      d2 = _mm512_fmadd_ps(wu, x2, d2);
      d3 = _mm512_fmadd_ps(wu, x3, d3);
      d4 = _mm512_fmadd_ps(wu, x4, d4);
      d5 = _mm512_fmadd_ps(wu, x5, d5);
    }
    float* row = out + static_cast<std::size_t>(j) * kPixelTile;
    const auto store = [&](int at, __m512 v) __attribute__((target("avx512f"))) {
      // The masked form: the plain one's header trips -Wmaybe-uninitialized in GCC 12.
      _mm512_storeu_ps(row + at, _mm512_maskz_max_ps(0xffff, v, low));
    };
    store(0, a0), store(16, a1), store(32, a2), store(48, a3), store(64, a4), store(80, a5);
    row += kPixelTile;
    store(0, b0), store(16, b1), store(32, b2), store(48, b3), store(64, b4), store(80, b5);
    row += kPixelTile;
    store(0, c0), store(16, c1), store(32, c2), store(48, c3), store(64, c4), store(80, c5);
    row += kPixelTile;
    store(0, d0), store(16, d1), store(32, d2), store(48, d3), store(64, d4), store(80, d5);
  }
}

#else

void dense_portable(const float* in, int inputs, const float* weights, const float* bias, int units,
                    float floor, float* out) {
  for (int j = 0; j < units; ++j) {
    float* row = out + static_cast<std::size_t>(j) * kPixelTile;
    for (std::size_t p = 0; p < kPixelTile; ++p) row[p] = bias[j];
    for (int k = 0; k < inputs; ++k) {
      const float* x = in + static_cast<std::size_t>(k) * kPixelTile;
      const float w = weights[k * units + j];
      for (std::size_t p = 0; p < kPixelTile; ++p) row[p] = std::fma(w, x[p], row[p]);
    }
    for (std::size_t p = 0; p < kPixelTile; ++p) row[p] = row[p] > floor ? row[p] : floor;
  }
}

#endif

}  // namespace

void dense_tile(const float* in, int inputs, const float* weights, const float* bias, int units,
                bool relu, float* out) {
  const float floor = relu ? 0.0f : -INFINITY;
#if defined(__AVX2__) && defined(__FMA__)
  static const bool wide = __builtin_cpu_supports("avx512f") != 0;
  (wide ? dense_avx512 : dense_avx2)(in, inputs, weights, bias, units, floor, out);
#else
  dense_portable(in, inputs, weights, bias, units, floor, out);
#endif
}

}  // namespace ditto::nn
