#include "ditto/nn/pixel_network.h"

#include <array>
#include <barrier>
#include <cmath>
#include <numbers>
#include <thread>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "nn/pixel_network_gemm.h"
#include "nn/pixel_network_kernel.h"
#include "nn/pixel_network_pass.h"

namespace ditto::nn {
namespace {

constexpr float kClamp = 4.0f;         // deviations
constexpr int kParts = 4;              // of a batch; as many threads can work on it
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

/// Parameters between their flat order and the padded one of training.
template <class Copy>
void for_each_row(const Layout& l, const PaddedLayout& p, const Copy& copy) {
  const auto block = [&](std::int64_t from, std::size_t to, std::int64_t rows, std::int64_t columns,
                         std::size_t padded_columns) {
    for (std::int64_t r = 0; r < rows; ++r) {
      copy(static_cast<std::size_t>(from + r * columns),
           to + static_cast<std::size_t>(r) * padded_columns, static_cast<std::size_t>(columns));
    }
  };
  const auto hidden = static_cast<std::size_t>(p.hidden);
  block(l.w1(), p.w1, l.inputs, l.hidden, hidden);
  block(l.b1(), p.b1, 1, l.hidden, hidden);
  block(l.w2(), p.w2, l.hidden, l.hidden, hidden);
  block(l.b2(), p.b2, 1, l.hidden, hidden);
  block(l.w3(), p.w3, l.hidden, 3, kColumnStep);
  block(l.b3(), p.b3, 1, 3, kColumnStep);
}

std::vector<float> to_padded(const std::vector<float>& flat, const Layout& l,
                             const PaddedLayout& p) {
  std::vector<float> padded(p.size, 0.0f);
  for_each_row(l, p, [&](std::size_t from, std::size_t to, std::size_t count) {
    std::copy_n(flat.data() + from, count, padded.data() + to);
  });
  return padded;
}

std::vector<float> to_flat(const std::vector<float>& padded, const Layout& l,
                           const PaddedLayout& p) {
  std::vector<float> flat(static_cast<std::size_t>(l.size()));
  for_each_row(l, p, [&](std::size_t to, std::size_t from, std::size_t count) {
    std::copy_n(padded.data() + from, count, flat.data() + to);
  });
  return flat;
}

/// Adam (Kingma and Ba 2015) with a short warm-up and a cosine decay.
class Adam {
 public:
  Adam(std::size_t size, const PixelNetworkOptions& options)
      : options_(options), first_(size, 0.0f), second_(size, 0.0f) {}

  void begin_step(int step) {
    const double warm_up = std::max(1.0, kWarmUpShare * options_.iterations);
    const double progress = step / static_cast<double>(options_.iterations);
    const double rate = options_.rate * std::min(1.0, (step + 1) / warm_up) * 0.5 *
                        (1 + std::cos(std::numbers::pi * progress));
    power1_ *= kBeta1;
    power2_ *= kBeta2;
    scaled_ = static_cast<float>(rate / (1 - power1_));
    correction_ = static_cast<float>(1 / (1 - power2_));
  }

  void update(float* parameters, const float* gradient, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const float g = gradient[i];
      first_[i] = kBeta1 * first_[i] + (1 - kBeta1) * g;
      second_[i] = kBeta2 * second_[i] + (1 - kBeta2) * g * g;
      parameters[i] -= scaled_ * first_[i] / (std::sqrt(second_[i] * correction_) + 1e-8f);
    }
  }

 private:
  static constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f;
  PixelNetworkOptions options_;
  std::vector<float> first_, second_;
  double power1_ = 1, power2_ = 1;
  float scaled_ = 0, correction_ = 0;
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

std::vector<float> PixelNetwork::standardised(const PixelSamples& samples) const {
  const auto f = static_cast<std::size_t>(inputs_);
  const auto padded = static_cast<std::size_t>(PaddedLayout(inputs_, hidden_).inputs);
  std::vector<float> rows(samples.count * padded, 0.0f);
  for (std::size_t i = 0; i < samples.count; ++i) {
    for (std::size_t k = 0; k < f; ++k) {
      rows[i * padded + k] =
          std::clamp((samples.features[i * f + k] - mean_[k]) * scale_[k], -kClamp, kClamp);
    }
  }
  return rows;
}

void PixelNetwork::fit(PixelSamples samples, const PixelNetworkOptions& options) {
  check(samples);
  const Layout layout{inputs_, hidden_};
  const PaddedLayout padded(inputs_, hidden_);
  const auto f = static_cast<std::size_t>(padded.inputs);
  std::vector<float> rows = standardised(samples);
  std::vector<float>().swap(samples.features);
  std::vector<float>& want = samples.target;
  for (std::size_t i = 0; i < want.size(); ++i) want[i] -= samples.base[i];
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
    std::swap_ranges(&rows[i * f], &rows[i * f] + f, &rows[j * f]);
    std::swap_ranges(&want[3 * i], &want[3 * i] + 3, &want[3 * j]);
  }
  const std::size_t batch =
      std::min(samples.count, static_cast<std::size_t>(std::max(1, options.batch)));

  // The batch is always split into the same parts, whose gradients are added in their order: the
  // threads decide only who computes what.
  std::vector<float> parameters = to_padded(parameters_, layout, padded);
  std::vector<PixelPass> passes(kParts, PixelPass(padded));
  Adam adam(padded.size, options);
  const auto threads = static_cast<std::size_t>(std::clamp(options.threads, 1, kParts));
  std::size_t begin = 0;
  bool stopped = false;
  const auto prepare = [&](int step) {
    begin = below(samples.count - batch + 1);
    stopped = stop_requested();
    adam.begin_step(step);
  };
  int next = 0;
  prepare(next);
  std::barrier gradients_known(static_cast<std::ptrdiff_t>(threads));
  std::barrier step_done(static_cast<std::ptrdiff_t>(threads), [&]() noexcept {
    if (++next < options.iterations) prepare(next);
  });
  const auto work = [&](std::size_t thread) {
    std::vector<float> gradient(padded.size);
    const std::size_t share = (padded.size + threads - 1) / threads;
    const std::size_t first = std::min(padded.size, thread * share),
                      last = std::min(padded.size, first + share);
    for (int step = 0; step < options.iterations && !stopped; ++step) {
      for (std::size_t part = thread; part < kParts; part += threads) {
        const std::size_t from = batch * part / kParts, to = batch * (part + 1) / kParts;
        passes[part].run(parameters, &rows[(begin + from) * f], &want[(begin + from) * 3],
                         to - from, 1.0f / static_cast<float>(3 * batch));
      }
      gradients_known.arrive_and_wait();
      std::copy_n(passes[0].gradient().begin() + static_cast<std::ptrdiff_t>(first), last - first,
                  gradient.begin() + static_cast<std::ptrdiff_t>(first));
      for (std::size_t part = 1; part < kParts; ++part) {
        const std::vector<float>& more = passes[part].gradient();
        for (std::size_t i = first; i < last; ++i) gradient[i] += more[i];
      }
      adam.update(parameters.data(), gradient.data(), first, last);
      step_done.arrive_and_wait();
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t t = 1; t < threads; ++t) others.emplace_back(work, t);
    work(0);
  }
  if (stopped) throw_if_stopped();
  parameters_ = to_flat(parameters, layout, padded);
}

double PixelNetwork::loss_and_gradient(PixelSamples samples, std::vector<float>* gradient) const {
  check(samples);
  const Layout layout{inputs_, hidden_};
  const PaddedLayout padded(inputs_, hidden_);
  const std::vector<float> rows = standardised(samples);
  for (std::size_t i = 0; i < samples.target.size(); ++i) samples.target[i] -= samples.base[i];
  PixelPass pass(padded);
  const auto values = static_cast<double>(samples.target.size());
  const double sum = pass.run(to_padded(parameters_, layout, padded), rows.data(),
                              samples.target.data(), samples.count, static_cast<float>(1 / values));
  *gradient = to_flat(pass.gradient(), layout, padded);
  return sum / values;
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
