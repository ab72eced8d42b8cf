#include "ditto/nn/pixel_network.h"

#include <array>
#include <cmath>

#include "ditto/core/error.h"
#include "ditto/nn/translated.h"
#include "nn/pixel_network_kernel.h"
#include "nn/pixel_network_training.h"

namespace ditto::nn {
namespace {

void check(const PixelSamples& samples) {
  if (samples.count == 0 || samples.inputs <= 0 ||
      samples.features.size() != samples.count * static_cast<std::size_t>(samples.inputs) ||
      samples.base.size() != samples.count * 3 || samples.target.size() != samples.count * 3) {
    throw Error(
        ErrorKind::kInput,
        "pixel network: features must be [count, inputs] and base and target [count, 3], got " +
            std::to_string(samples.features.size()) + ", " + std::to_string(samples.base.size()) +
            " and " + std::to_string(samples.target.size()) + " values for count " +
            std::to_string(samples.count) + ", inputs " + std::to_string(samples.inputs));
  }
}

}  // namespace

PixelNetwork::PixelNetwork(const PixelSamples& samples, const PixelNetworkOptions& options)
    : inputs_(samples.inputs),
      hidden_((std::max(options.hidden, 4) + 3) / 4 * 4),
      device_(options.device) {
  check(samples);
  const auto f = static_cast<std::size_t>(inputs_);
  mean_.assign(f, 0);
  scale_.assign(f, 0);
  std::vector<double> sum(f, 0), squares(f, 0);
  for (std::size_t i = 0; i < samples.count; ++i) {
    for (std::size_t k = 0; k < f; ++k) {
      const double v = samples.features[i * f + k];
      sum[k] += v;
      squares[k] += v * v;
    }
  }
  const auto n = static_cast<double>(samples.count);
  for (std::size_t k = 0; k < f; ++k) {
    const double mean = sum[k] / n;
    const double variance = std::max(0.0, squares[k] / n - mean * mean);
    mean_[k] = static_cast<float>(mean);
    // A constant input carries nothing: its scale of 1 keeps later changes of it small.
    scale_[k] = variance > 1e-10 ? static_cast<float>(1.0 / std::sqrt(variance)) : 1.0f;
  }
  const PixelLayout layout{inputs_, hidden_};
  parameters_.assign(static_cast<std::size_t>(layout.size()), 0.0f);
  // Uniform with the variance that keeps ReLU activations' scale (He et al. 2015).
  std::uint64_t counter = 0;
  const auto fill = [&](std::int64_t begin, std::int64_t count, std::int64_t fan_in) {
    const double bound = std::sqrt(6.0 / static_cast<double>(fan_in));
    for (std::int64_t i = 0; i < count; ++i) {
      const double u = static_cast<double>(pixel_draw(options.seed, counter++) >> 11) * 0x1.0p-53;
      parameters_[static_cast<std::size_t>(begin + i)] = static_cast<float>((2 * u - 1) * bound);
    }
  };
  fill(layout.w1(), layout.inputs * layout.hidden, layout.inputs);
  fill(layout.w2(), layout.hidden * layout.hidden, layout.hidden);
}

void PixelNetwork::standardise(PixelSamples& samples) const {
  const auto f = static_cast<std::size_t>(inputs_);
  for (std::size_t i = 0; i < samples.count; ++i) {
    for (std::size_t k = 0; k < f; ++k) {
      float& v = samples.features[i * f + k];
      v = std::clamp((v - mean_[k]) * scale_[k], -kPixelClamp, kPixelClamp);
    }
  }
  for (std::size_t i = 0; i < samples.target.size(); ++i) samples.target[i] -= samples.base[i];
}

void PixelNetwork::fit(PixelSamples samples, const PixelNetworkOptions& options) {
  check(samples);
  const c10::InferenceMode inference;
  standardise(samples);
  PixelTraining training(std::move(samples), options);
  const PixelLayout layout{inputs_, hidden_};
  if (on_device()) {
    translated(place(), [&] { train(training, layout, at::Device(device_), 1, 1, parameters_); });
  } else {
    const int threads = std::clamp(options.threads, 1, kBatchParts);
    train(training, layout, at::kCPU, kBatchParts, threads, parameters_);
  }
}

double PixelNetwork::loss_and_gradient(PixelSamples samples, std::vector<float>* gradient) const {
  check(samples);
  const c10::InferenceMode inference;
  standardise(samples);
  std::vector<float> parameters = parameters_;
  gradient->assign(parameters_.size(), 0.0f);
  const PixelLayout layout{inputs_, hidden_};
  const auto count = static_cast<std::int64_t>(samples.count);
  PixelPass pass(count, layout, tensor_over(parameters, {layout.size()}),
                 tensor_over(*gradient, {layout.size()}));
  const at::Tensor x = tensor_over(samples.features, {count, inputs_});
  const at::Tensor error = pass.forward(x, tensor_over(samples.target, {count, 3}));
  const double loss = error.abs().mean(at::kDouble).item<double>();
  pass.backward(x, 1.0f / static_cast<float>(samples.target.size()));
  return loss;
}

void PixelNetwork::apply(const float* features, float* colour, std::size_t stride,
                         std::size_t count) const {
  if (on_device()) {
    translated(place(), [&] { apply_on_device(features, colour, stride, count); });
  } else {
    apply_in_tiles(features, colour, stride, count);
  }
}

void PixelNetwork::apply_on_device(const float* features, float* colour, std::size_t stride,
                                   std::size_t count) const {
  const c10::InferenceMode inference;
  const at::Device device(device_);
  // from_blob asks for mutable pointers to what is only read.
  const auto on_device = [&](const std::vector<float>& values) {
    return tensor_over(const_cast<std::vector<float>&>(values),
                       {static_cast<std::int64_t>(values.size())})
        .to(device);
  };
  const auto pixels = static_cast<std::int64_t>(count), step = static_cast<std::int64_t>(stride);
  const std::array<std::int64_t, 2> strides{step, 1};
  at::Tensor h = at::from_blob(const_cast<float*>(features), {inputs_, pixels}, strides)
                     .to(device, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  h.sub_(on_device(mean_).unsqueeze(1)).mul_(on_device(scale_).unsqueeze(1));
  h.clamp_(-kPixelClamp, kPixelClamp);
  const PixelLayout layout{inputs_, hidden_};
  const auto [w1, b1, w2, b2, w3, b3] = layout.views(on_device(parameters_));
  h = at::addmm(b1.unsqueeze(1), w1.t(), h).relu_();
  h = at::addmm(b2.unsqueeze(1), w2.t(), h).relu_();
  h = at::addmm(b3.unsqueeze(1), w3.t(), h);
  at::from_blob(colour, {3, pixels}, strides).add_(h.cpu());
}

void PixelNetwork::apply_in_tiles(const float* features, float* colour, std::size_t stride,
                                  std::size_t count) const {
  const PixelLayout l{inputs_, hidden_};
  const float* p = parameters_.data();
  // Weights of the last layer, padded to the kernel's four units.
  std::vector<float> w3(static_cast<std::size_t>(hidden_) * 4, 0.0f);
  std::array<float, 4> b3{p[l.b3()], p[l.b3() + 1], p[l.b3() + 2], 0.0f};
  for (int k = 0; k < hidden_; ++k) {
    for (int c = 0; c < 3; ++c) w3[static_cast<std::size_t>(4 * k + c)] = p[l.w3() + 3 * k + c];
  }
  std::vector<float> x(static_cast<std::size_t>(inputs_) * kPixelTile);
  std::vector<float> h1(static_cast<std::size_t>(hidden_) * kPixelTile), h2(h1.size());
  std::array<float, 4 * kPixelTile> out{};
  std::array<float, kPixelTile> edge{};
  for (std::size_t begin = 0; begin < count; begin += kPixelTile) {
    const std::size_t n = std::min(kPixelTile, count - begin);
    for (std::size_t k = 0; k < static_cast<std::size_t>(inputs_); ++k) {
      const float* source = features + k * stride + begin;
      if (n < kPixelTile) {
        std::copy_n(source, n, edge.begin());
        source = edge.data();
      }
      // Whole tiles always: a loop of known length is one that the compiler vectorises.
      float* tile = x.data() + k * kPixelTile;
      const float mean = mean_[k], scale = scale_[k];
      for (std::size_t i = 0; i < kPixelTile; ++i) {
        const float v = (source[i] - mean) * scale;
        const float low = v < -kPixelClamp ? -kPixelClamp : v;
        tile[i] = low > kPixelClamp ? kPixelClamp : low;
      }
    }
    dense_tile(x.data(), inputs_, p + l.w1(), p + l.b1(), hidden_, true, h1.data());
    dense_tile(h1.data(), hidden_, p + l.w2(), p + l.b2(), hidden_, true, h2.data());
    dense_tile(h2.data(), hidden_, w3.data(), b3.data(), 4, false, out.data());
    for (std::size_t c = 0; c < 3; ++c) {
      float* target = colour + c * stride + begin;
      const float* add = out.data() + c * kPixelTile;
      for (std::size_t i = 0; i < n; ++i) target[i] += add[i];
    }
  }
}

}  // namespace ditto::nn
