#include "ditto/nn/pixel_network.h"

#include <ATen/Parallel.h>

#include <array>
#include <barrier>
#include <cmath>
#include <numbers>
#include <thread>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "nn/pixel_network_kernel.h"

namespace ditto::nn {
namespace {

constexpr float kClamp = 4.0f;         // deviations
constexpr double kWarmUpShare = 0.04;  // of the iterations

/// Where the layers lie in the flat parameters.
struct Layout {
  std::int64_t inputs, hidden;
  std::int64_t w1() const { return 0; }
  std::int64_t b1() const { return inputs * hidden; }
  std::int64_t w2() const { return b1() + hidden; }
  std::int64_t b2() const { return w2() + hidden * hidden; }
  std::int64_t w3() const { return b2() + hidden; }
  std::int64_t b3() const { return w3() + 3 * hidden; }
  std::int64_t size() const { return b3() + 3; }
};

// Draws that depend on the seed and the counter alone (the mixing of SplitMix64).
std::uint64_t draw(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t x = seed + 0x9e3779b97f4a7c15ULL * (counter + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

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

/// Buffers of a part of a batch and the passes over it. Parameters and gradient are views of flat
/// vectors.
class Pass {
 public:
  Pass(std::int64_t batch, Layout layout, float* parameters, float* gradient)
      : batch_(batch),
        layout_(layout),
        h1_(at::empty({batch, layout.hidden})),
        h2_(at::empty({batch, layout.hidden})),
        g1_(at::empty({batch, layout.hidden})),
        g2_(at::empty({batch, layout.hidden})),
        out_(at::empty({batch, 3})),
        weights_(views(parameters, layout)),
        gradients_(views(gradient, layout)) {}

  /// Sum of absolute errors times `step`; its gradient is written over the gradient vector.
  /// `features` [batch, inputs] standardised, `want` [batch, 3] target minus base.
  double run(const float* features, const float* want, float step) {
    // from_blob asks for a mutable pointer; the batch is only read.
    const at::Tensor x = at::from_blob(const_cast<float*>(features), {batch_, layout_.inputs});
    auto& [w1, b1, w2, b2, w3, b3] = weights_;
    auto& [gw1, gb1, gw2, gb2, gw3, gb3] = gradients_;
    at::addmm_out(h1_, b1, x, w1).relu_();
    at::addmm_out(h2_, b2, h1_, w2).relu_();
    at::addmm_out(out_, b3, h2_, w3);
    // Loss and its derivative in one go: the derivative of |out - offset| is the sign.
    float* out = out_.data_ptr<float>();
    const std::int64_t n = out_.numel();
    double loss = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const float d = out[i] - want[i];
      loss += std::fabs(d);
      out[i] = d > 0 ? step : (d < 0 ? -step : 0.0f);
    }
    at::mm_out(gw3, h2_.t(), out_);
    at::sum_out(gb3, out_, 0);
    at::mm_out(g2_, out_, w3.t());
    at::threshold_backward_out(g2_, g2_, h2_, 0);
    at::mm_out(gw2, h1_.t(), g2_);
    at::sum_out(gb2, g2_, 0);
    at::mm_out(g1_, g2_, w2.t());
    at::threshold_backward_out(g1_, g1_, h1_, 0);
    at::mm_out(gw1, x.t(), g1_);
    at::sum_out(gb1, g1_, 0);
    return loss * static_cast<double>(step);
  }

 private:
  using Views = std::array<at::Tensor, 6>;
  static Views views(float* data, Layout l) {
    return {at::from_blob(data + l.w1(), {l.inputs, l.hidden}),
            at::from_blob(data + l.b1(), {l.hidden}),
            at::from_blob(data + l.w2(), {l.hidden, l.hidden}),
            at::from_blob(data + l.b2(), {l.hidden}),
            at::from_blob(data + l.w3(), {l.hidden, 3}),
            at::from_blob(data + l.b3(), {3})};
  }
  std::int64_t batch_;
  Layout layout_;
  at::Tensor h1_, h2_, g1_, g2_, out_;
  Views weights_, gradients_;
};

}  // namespace

PixelNetwork::PixelNetwork(const PixelSamples& samples, const PixelNetworkOptions& options)
    : inputs_(samples.inputs), hidden_((std::max(options.hidden, 4) + 3) / 4 * 4) {
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
  const Layout layout{inputs_, hidden_};
  parameters_.assign(static_cast<std::size_t>(layout.size()), 0.0f);
  // Uniform with the variance that keeps ReLU activations' scale (He et al. 2015).
  std::uint64_t counter = 0;
  const auto fill = [&](std::int64_t begin, std::int64_t count, std::int64_t fan_in) {
    const double bound = std::sqrt(6.0 / static_cast<double>(fan_in));
    for (std::int64_t i = 0; i < count; ++i) {
      const double u = static_cast<double>(draw(options.seed, counter++) >> 11) * 0x1.0p-53;
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
      v = std::clamp((v - mean_[k]) * scale_[k], -kClamp, kClamp);
    }
  }
  for (std::size_t i = 0; i < samples.target.size(); ++i) samples.target[i] -= samples.base[i];
}

void PixelNetwork::fit(PixelSamples samples, const PixelNetworkOptions& options) {
  check(samples);
  const c10::InferenceMode inference;
  const auto f = static_cast<std::size_t>(inputs_);
  standardise(samples);
  // Shuffled once; a batch is then a window at a random place, read where it lies. Fetching each
  // pixel of a batch from memory by itself costs as much as the arithmetic.
  // Another sequence than the initial weights'.
  const std::uint64_t seed = draw(options.seed, 0x5eed);
  std::uint64_t counter = 0;
  const auto below = [&](std::size_t bound) {
    return static_cast<std::size_t>(
        (draw(seed, counter++) >> 32) * static_cast<std::uint64_t>(bound) >> 32);
  };
  for (std::size_t i = samples.count - 1; i > 0; --i) {
    const std::size_t j = below(i + 1);
    std::swap_ranges(&samples.features[i * f], &samples.features[i * f] + f,
                     &samples.features[j * f]);
    std::swap_ranges(&samples.target[3 * i], &samples.target[3 * i] + 3, &samples.target[3 * j]);
  }
  const std::size_t batch =
      std::min(samples.count, static_cast<std::size_t>(std::max(1, options.batch)));
  const Layout layout{inputs_, hidden_};
  const std::size_t split = batch / kBatchParts;
  std::vector<std::vector<float>> gradients;
  for (int part = 0; part < kBatchParts; ++part) gradients.emplace_back(parameters_.size(), 0.0f);
  std::vector<float> first(parameters_.size()), second(parameters_.size());
  constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f;
  double power1 = 1, power2 = 1;
  const double warm_up = std::max(1.0, kWarmUpShare * options.iterations);
  const auto update = [&](int step) {
    const double progress = step / static_cast<double>(options.iterations);
    const double rate = options.rate * std::min(1.0, (step + 1) / warm_up) * 0.5 *
                        (1 + std::cos(std::numbers::pi * progress));
    power1 *= kBeta1;
    power2 *= kBeta2;
    const auto scaled = static_cast<float>(rate / (1 - power1));
    const auto correction = static_cast<float>(1 / (1 - power2));
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      float g = 0;
      for (const std::vector<float>& gradient : gradients) g += gradient[i];
      first[i] = kBeta1 * first[i] + (1 - kBeta1) * g;
      second[i] = kBeta2 * second[i] + (1 - kBeta2) * g * g;
      parameters_[i] -= scaled * first[i] / (std::sqrt(second[i] * correction) + 1e-8f);
    }
  };

  // The threads decide only who computes which part.
  const int threads = std::clamp(options.threads, 1, kBatchParts);
  std::size_t begin = below(samples.count - batch + 1);
  int step = 0;
  bool stopped = false;
  std::barrier step_done(threads, [&]() noexcept {
    update(step++);
    begin = below(samples.count - batch + 1);
    stopped = stop_requested();
  });
  const float share = 1.0f / static_cast<float>(3 * batch);
  std::vector<Pass> passes;
  for (std::size_t part = 0; part < kBatchParts; ++part) {
    const std::size_t count = part + 1 == kBatchParts ? batch - part * split : split;
    passes.emplace_back(static_cast<std::int64_t>(count), layout, parameters_.data(),
                        gradients[part].data());
  }
  const auto work = [&](int thread) {
    const c10::InferenceMode mode;
    // A new thread's matrix products else take as many threads as there are cores, each of which
    // waits for the others in a loop: most of the time of small networks.
    at::init_num_threads();
    while (step < options.iterations && !stopped) {
      for (int part = thread; part < kBatchParts; part += threads) {
        const auto p = static_cast<std::size_t>(part);
        const std::size_t at = begin + p * split;
        passes[p].run(&samples.features[at * f], &samples.target[at * 3], share);
      }
      step_done.arrive_and_wait();
    }
  };
  std::vector<std::jthread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(work, thread);
  work(0);
  others.clear();
  throw_if_stopped();
}

double PixelNetwork::loss_and_gradient(PixelSamples samples, std::vector<float>* gradient) const {
  check(samples);
  const c10::InferenceMode inference;
  standardise(samples);
  std::vector<float> parameters = parameters_;
  gradient->assign(parameters_.size(), 0.0f);
  Pass pass(static_cast<std::int64_t>(samples.count), {inputs_, hidden_}, parameters.data(),
            gradient->data());
  return pass.run(samples.features.data(), samples.target.data(),
                  1.0f / static_cast<float>(samples.target.size()));
}

void PixelNetwork::apply(const float* features, float* colour, std::size_t stride,
                         std::size_t count) const {
  const Layout l{inputs_, hidden_};
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
        const float low = v < -kClamp ? -kClamp : v;
        tile[i] = low > kClamp ? kClamp : low;
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
