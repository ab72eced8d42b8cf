#include "stages/enhance/block_transform.h"

#include <algorithm>
#include <cstring>

namespace ditto::stages {
namespace {

constexpr int kBlock = 8;
constexpr int kStep = 4;
constexpr float kOverlaps = (kBlock / kStep) * (kBlock / kStep);  // blocks over each pixel

/// Eight floats that the compiler keeps in one register where there is one of that width.
using Row = float __attribute__((vector_size(kBlock * sizeof(float))));

/// The orthonormal cosine transform: basis[k] is the k-th function over 8 samples.
struct Basis {
  float value[kBlock][kBlock];
  Row row[kBlock];     ///< value[k]
  Row column[kBlock];  ///< value[..][n]

  Basis() {
    for (int k = 0; k < kBlock; ++k) {
      for (int n = 0; n < kBlock; ++n) {
        const double scale = k == 0 ? std::sqrt(0.125) : 0.5;
        value[k][n] = static_cast<float>(scale * std::cos((2 * n + 1) * k * CV_PI / 16));
        row[k][n] = value[k][n];
        column[n][k] = value[k][n];
      }
    }
  }
};

/// out = matrix * in, or its transpose * in: rows are combined with constant factors.
template <bool kTransposed>
void combine_rows(const float (&matrix)[kBlock][kBlock], const Row (&in)[kBlock],
                  Row (&out)[kBlock]) {
  for (int i = 0; i < kBlock; ++i) {
    Row sum = in[0] * (kTransposed ? matrix[0][i] : matrix[i][0]);
    for (int j = 1; j < kBlock; ++j) sum += in[j] * (kTransposed ? matrix[j][i] : matrix[i][j]);
    out[i] = sum;
  }
}

/// out = in * matrix, whose rows are given.
void combine_columns(const Row (&in)[kBlock], const Row (&matrix)[kBlock], Row (&out)[kBlock]) {
  for (int i = 0; i < kBlock; ++i) {
    Row sum = matrix[0] * in[i][0];
    for (int j = 1; j < kBlock; ++j) sum += matrix[j] * in[i][j];
    out[i] = sum;
  }
}

/// Sum of each element and its neighbours at both sides, the outermost ones repeated.
Row with_neighbours(const Row& row) {
  static_assert(kBlock == 8);
  return row + __builtin_shufflevector(row, row, 0, 0, 1, 2, 3, 4, 5, 6) +
         __builtin_shufflevector(row, row, 1, 2, 3, 4, 5, 6, 7, 7);
}

/// Multiplies each coefficient by the share that `noise` leaves of the power around it.
void shrink(Row (&coefficients)[kBlock], float noise) {
  constexpr float kNeighbours = 9;
  const Row none{}, one = none + 1.0f, least = none + 1e-12f;
  Row power[kBlock];
  for (int i = 0; i < kBlock; ++i) power[i] = with_neighbours(coefficients[i] * coefficients[i]);
  for (int i = 0; i < kBlock; ++i) {
    const Row around = power[std::max(i - 1, 0)] + power[i] + power[std::min(i + 1, kBlock - 1)];
    const Row keep = one - kNeighbours * noise / (around > least ? around : least);
    coefficients[i] *= keep > none ? keep : none;
  }
}

}  // namespace

cv::Mat shrink_coefficients(const cv::Mat& plane, float noise) {
  CV_Assert(plane.type() == CV_32FC1 && !plane.empty());
  static const Basis basis;
  // Blocks begin half a block before the plane, so that each pixel is under four of them.
  const int columns = (plane.cols + kBlock - 1) / kStep, rows = (plane.rows + kBlock - 1) / kStep;
  cv::Mat padded;
  cv::copyMakeBorder(plane, padded, kStep, (rows + 1) * kStep - kStep - plane.rows, kStep,
                     (columns + 1) * kStep - kStep - plane.cols, cv::BORDER_REFLECT);
  cv::Mat sum = cv::Mat::zeros(padded.size(), CV_32FC1);
  Row block[kBlock], half[kBlock], coefficients[kBlock];
  for (int y = 0; y + kBlock <= padded.rows; y += kStep) {
    for (int x = 0; x + kBlock <= padded.cols; x += kStep) {
      for (int i = 0; i < kBlock; ++i)
        std::memcpy(&block[i], padded.ptr<float>(y + i) + x, sizeof(Row));
      combine_rows<false>(basis.value, block, half);
      combine_columns(half, basis.column, coefficients);
      shrink(coefficients, noise);
      combine_rows<true>(basis.value, coefficients, half);
      combine_columns(half, basis.row, block);
      for (int i = 0; i < kBlock; ++i) {
        float* to = sum.ptr<float>(y + i) + x;
        Row old;
        std::memcpy(&old, to, sizeof(Row));
        old += block[i];
        std::memcpy(to, &old, sizeof(Row));
      }
    }
  }
  return sum(cv::Rect({kStep, kStep}, plane.size())) / kOverlaps;
}

}  // namespace ditto::stages
