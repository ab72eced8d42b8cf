#include "nn/pixel_network_training.h"

#include <ATen/Parallel.h>

#include <barrier>
#include <cmath>
#include <numbers>
#include <thread>

#include "ditto/core/stop.h"

namespace ditto::nn {
namespace {

constexpr double kWarmUpShare = 0.04;  // of the iterations
constexpr float kBeta1 = 0.9f, kBeta2 = 0.999f, kEpsilon = 1e-8f;

/// Of each batch, with its gradient in this program's memory and where it is computed.
struct Part {
  std::int64_t begin, count;
  at::Tensor gradient, computed;
  PixelPass pass;
};

}  // namespace

std::array<at::Tensor, 6> PixelLayout::views(const at::Tensor& flat) const {
  return {
      flat.narrow(0, w1(), inputs * hidden).view({inputs, hidden}), flat.narrow(0, b1(), hidden),
      flat.narrow(0, w2(), hidden * hidden).view({hidden, hidden}), flat.narrow(0, b2(), hidden),
      flat.narrow(0, w3(), 3 * hidden).view({hidden, 3}),           flat.narrow(0, b3(), 3)};
}

at::Tensor tensor_over(std::vector<float>& values, at::IntArrayRef shape) {
  return at::from_blob(values.data(), shape);
}

std::uint64_t pixel_draw(std::uint64_t seed, std::uint64_t counter) {
  std::uint64_t x = seed + 0x9e3779b97f4a7c15ULL * (counter + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

PixelTraining::PixelTraining(PixelSamples samples, const PixelNetworkOptions& options)
    : samples_(std::move(samples)),
      batch_(std::min(static_cast<std::int64_t>(samples_.count),
                      static_cast<std::int64_t>(std::max(1, options.batch)))),
      iterations_(options.iterations),
      rate_(options.rate),
      // Another sequence than the initial weights'.
      seed_(pixel_draw(options.seed, 0x5eed)) {
  const auto f = static_cast<std::size_t>(samples_.inputs);
  for (std::size_t i = samples_.count - 1; i > 0; --i) {
    const std::size_t j = below(i + 1);
    float* const features = samples_.features.data();
    float* const target = samples_.target.data();
    std::swap_ranges(features + i * f, features + (i + 1) * f, features + j * f);
    std::swap_ranges(target + 3 * i, target + 3 * (i + 1), target + 3 * j);
  }
}

std::size_t PixelTraining::below(std::size_t bound) {
  return static_cast<std::size_t>(
      (pixel_draw(seed_, counter_++) >> 32) * static_cast<std::uint64_t>(bound) >> 32);
}

PixelStep PixelTraining::next() {
  PixelStep step{.begin = static_cast<std::int64_t>(
                     below(samples_.count - static_cast<std::size_t>(batch_) + 1))};
  const double warm_up = std::max(1.0, kWarmUpShare * iterations_);
  const double progress = step_ / static_cast<double>(iterations_);
  const double rate = rate_ * std::min(1.0, (step_ + 1) / warm_up) * 0.5 *
                      (1 + std::cos(std::numbers::pi * progress));
  power1_ *= kBeta1;
  power2_ *= kBeta2;
  step.rate = static_cast<float>(rate / (1 - power1_));
  step.correction = static_cast<float>(1 / (1 - power2_));
  ++step_;
  return step;
}

at::Tensor PixelTraining::features() {
  return tensor_over(samples_.features,
                     {static_cast<std::int64_t>(samples_.count), samples_.inputs});
}

at::Tensor PixelTraining::want() {
  return tensor_over(samples_.target, {static_cast<std::int64_t>(samples_.count), 3});
}

PixelPass::PixelPass(std::int64_t batch, PixelLayout layout, const at::Tensor& parameters,
                     const at::Tensor& gradient)
    : h1_(at::empty({batch, layout.hidden}, parameters.options())),
      h2_(at::empty_like(h1_)),
      g1_(at::empty_like(h1_)),
      g2_(at::empty_like(h1_)),
      out_(at::empty({batch, 3}, parameters.options())),
      weights_(layout.views(parameters)),
      gradients_(layout.views(gradient)) {}

const at::Tensor& PixelPass::forward(const at::Tensor& x, const at::Tensor& want) {
  const auto& [w1, b1, w2, b2, w3, b3] = weights_;
  at::addmm_out(h1_, b1, x, w1).relu_();
  at::addmm_out(h2_, b2, h1_, w2).relu_();
  return at::addmm_out(out_, b3, h2_, w3).sub_(want);
}

void PixelPass::backward(const at::Tensor& x, float share) {
  const auto& [w1, b1, w2, b2, w3, b3] = weights_;
  auto& [gw1, gb1, gw2, gb2, gw3, gb3] = gradients_;
  out_.sign_().mul_(share);  // the derivative of an absolute value
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
}

Adam::Adam(std::vector<float>& parameters)
    : parameters_(parameters), first_(parameters.size()), second_(parameters.size()) {}

void Adam::update(const std::vector<std::vector<float>>& gradients, const PixelStep& step) {
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    float g = 0;
    for (const std::vector<float>& gradient : gradients) g += gradient[i];
    first_[i] = kBeta1 * first_[i] + (1 - kBeta1) * g;
    second_[i] = kBeta2 * second_[i] + (1 - kBeta2) * g * g;
    parameters_[i] -= step.rate * first_[i] / (std::sqrt(second_[i] * step.correction) + kEpsilon);
  }
}

void train(PixelTraining& training, PixelLayout layout, at::Device device, int parts, int threads,
           std::vector<float>& parameters) {
  const at::Tensor features = training.features().to(device), want = training.want().to(device);
  // On the CPU, what goes to the device is the same tensor, and copies between the two do nothing.
  const at::Tensor here = tensor_over(parameters, {layout.size()}), there = here.to(device);
  std::vector<std::vector<float>> gradients(static_cast<std::size_t>(parts),
                                            std::vector<float>(parameters.size()));
  std::vector<Part> all;
  for (int i = 0; i < parts; ++i) {
    const std::int64_t begin = training.batch() / parts * i;
    const std::int64_t end = i + 1 == parts ? training.batch() : training.batch() / parts * (i + 1);
    const at::Tensor gradient =
        tensor_over(gradients[static_cast<std::size_t>(i)], {layout.size()});
    const at::Tensor computed = gradient.to(device);
    all.push_back({begin, end - begin, gradient, computed, {end - begin, layout, there, computed}});
  }
  Adam adam(parameters);

  PixelStep step = training.next();
  int done = 0;
  bool stopped = false;
  std::barrier step_done(threads, [&]() noexcept {
    adam.update(gradients, step);
    step = training.next();
    ++done;
    stopped = stop_requested();
  });
  const auto work = [&](int thread) {
    const c10::InferenceMode mode;
    // A new thread's matrix products else take as many threads as there are cores, each of which
    // waits for the others in a loop: most of the time of small networks.
    at::init_num_threads();
    while (done < training.iterations() && !stopped) {
      if (thread == 0) there.copy_(here);
      for (int i = thread; i < parts; i += threads) {
        Part& part = all[static_cast<std::size_t>(i)];
        const at::Tensor x = features.narrow(0, step.begin + part.begin, part.count);
        part.pass.forward(x, want.narrow(0, step.begin + part.begin, part.count));
        part.pass.backward(x, training.share());
        part.gradient.copy_(part.computed);
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

}  // namespace ditto::nn
