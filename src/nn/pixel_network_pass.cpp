#include "nn/pixel_network_pass.h"

#include <algorithm>
#include <cmath>

#include "nn/pixel_network_gemm.h"

namespace ditto::nn {
namespace {

constexpr std::size_t kTile = 64;  // pixels: all that a tile needs stays in the second-level cache
constexpr std::size_t kOutputs = kColumnStep;

int padded(int value, int step) { return (value + step - 1) / step * step; }

void fill_rows(std::vector<float>& out, const float* row, std::size_t width) {
  for (std::size_t i = 0; i < kTile; ++i) std::copy_n(row, width, out.data() + i * width);
}

void relu(std::vector<float>& values) {
  for (float& v : values) v = v > 0 ? v : 0.0f;
}

/// Gradients pass where the unit was on.
void mask(std::vector<float>& gradient, const std::vector<float>& activation) {
  for (std::size_t i = 0; i < gradient.size(); ++i)
    gradient[i] = activation[i] > 0 ? gradient[i] : 0.0f;
}

void add_rows(const std::vector<float>& rows, std::size_t width, float* sum) {
  for (std::size_t i = 0; i < kTile; ++i) {
    const float* row = rows.data() + i * width;
    for (std::size_t j = 0; j < width; ++j) sum[j] += row[j];
  }
}

}  // namespace

PaddedLayout::PaddedLayout(int inputs_, int hidden_)
    : inputs(padded(inputs_, kRowStep)), hidden(padded(hidden_, kColumnStep)) {
  const auto f = static_cast<std::size_t>(inputs), h = static_cast<std::size_t>(hidden);
  w1 = 0;
  b1 = w1 + f * h;
  w2 = b1 + h;
  b2 = w2 + h * h;
  w3 = b2 + h;
  b3 = w3 + h * kOutputs;
  size = b3 + kOutputs;
}

PixelPass::PixelPass(PaddedLayout layout) : layout_(layout), gradient_(layout.size) {
  const auto f = static_cast<std::size_t>(layout.inputs),
             h = static_cast<std::size_t>(layout.hidden);
  x_.resize(kTile * f);
  for (auto* buffer : {&h1_, &h2_, &g1_, &g2_}) buffer->resize(kTile * h);
  out_.resize(kTile * kOutputs);
  w2_turned_.resize(h * h);
  w3_turned_.resize(kOutputs * h);
}

double PixelPass::run(const std::vector<float>& parameters, const float* features,
                      const float* want, std::size_t count, float step) {
  const auto f = static_cast<std::size_t>(layout_.inputs),
             h = static_cast<std::size_t>(layout_.hidden);
  std::fill(gradient_.begin(), gradient_.end(), 0.0f);
  for (std::size_t k = 0; k < h; ++k) {
    for (std::size_t j = 0; j < h; ++j) w2_turned_[j * h + k] = parameters[layout_.w2 + k * h + j];
    for (std::size_t j = 0; j < kOutputs; ++j)
      w3_turned_[j * h + k] = parameters[layout_.w3 + k * kOutputs + j];
  }
  double loss = 0;
  for (std::size_t begin = 0; begin < count; begin += kTile) {
    const std::size_t n = std::min(kTile, count - begin);
    const float* x = features + begin * f;
    if (n < kTile) {
      std::copy_n(x, n * f, x_.begin());
      std::fill(x_.begin() + static_cast<std::ptrdiff_t>(n * f), x_.end(), 0.0f);
      x = x_.data();
    }
    loss += run_tile(parameters, x, want + begin * 3, n, step);
  }
  return loss;
}

double PixelPass::run_tile(const std::vector<float>& parameters, const float* x, const float* want,
                           std::size_t count, float step) {
  const auto f = static_cast<std::size_t>(layout_.inputs),
             h = static_cast<std::size_t>(layout_.hidden);
  constexpr int kRows = static_cast<int>(kTile);
  const float* p = parameters.data();
  float* g = gradient_.data();
  fill_rows(h1_, p + layout_.b1, h);
  multiply_add(x, f, 1, p + layout_.w1, h1_.data(), kRows, layout_.inputs, layout_.hidden);
  relu(h1_);
  fill_rows(h2_, p + layout_.b2, h);
  multiply_add(h1_.data(), h, 1, p + layout_.w2, h2_.data(), kRows, layout_.hidden, layout_.hidden);
  relu(h2_);
  fill_rows(out_, p + layout_.b3, kOutputs);
  multiply_add(h2_.data(), h, 1, p + layout_.w3, out_.data(), kRows, layout_.hidden, kOutputs);

  // Loss and its derivative in one go: the derivative of |out - want| is the sign.
  double loss = 0;
  for (std::size_t i = 0; i < kTile; ++i) {
    for (std::size_t c = 0; c < kOutputs; ++c) {
      float& out = out_[i * kOutputs + c];
      const float d = i < count && c < 3 ? out - want[3 * i + c] : 0.0f;
      loss += std::fabs(d);
      out = d > 0 ? step : (d < 0 ? -step : 0.0f);
    }
  }
  multiply_add(h2_.data(), 1, h, out_.data(), g + layout_.w3, layout_.hidden, kRows, kOutputs);
  add_rows(out_, kOutputs, g + layout_.b3);
  std::fill(g2_.begin(), g2_.end(), 0.0f);
  constexpr int kUsedOutputs = 3;
  multiply_add(out_.data(), kOutputs, 1, w3_turned_.data(), g2_.data(), kRows, kUsedOutputs,
               layout_.hidden);
  mask(g2_, h2_);
  multiply_add(h1_.data(), 1, h, g2_.data(), g + layout_.w2, layout_.hidden, kRows, layout_.hidden);
  add_rows(g2_, h, g + layout_.b2);
  std::fill(g1_.begin(), g1_.end(), 0.0f);
  multiply_add(g2_.data(), h, 1, w2_turned_.data(), g1_.data(), kRows, layout_.hidden,
               layout_.hidden);
  mask(g1_, h1_);
  multiply_add(x, 1, f, g1_.data(), g + layout_.w1, layout_.inputs, kRows, layout_.hidden);
  add_rows(g1_, h, g + layout_.b1);
  return loss;
}

}  // namespace ditto::nn
