#pragma once

#include <ATen/ATen.h>

#include <array>
#include <vector>

#include "ditto/nn/pixel_network.h"

/// What fitting a pixel network is made of, wherever it is computed.
namespace ditto::nn {

inline constexpr float kPixelClamp = 4.0f;  ///< deviations that standardised inputs are held within

/// Where the layers lie in the flat parameters.
struct PixelLayout {
  std::int64_t inputs, hidden;
  std::int64_t w1() const { return 0; }
  std::int64_t b1() const { return inputs * hidden; }
  std::int64_t w2() const { return b1() + hidden; }
  std::int64_t b2() const { return w2() + hidden * hidden; }
  std::int64_t w3() const { return b2() + hidden; }
  std::int64_t b3() const { return w3() + 3 * hidden; }
  std::int64_t size() const { return b3() + 3; }

  /// W1 [inputs, hidden], b1, W2 [hidden, hidden], b2, W3 [hidden, 3], b3: views of `flat`.
  std::array<at::Tensor, 6> views(const at::Tensor& flat) const;
};

/// A tensor over values that stay where they are, for as long as they do.
at::Tensor tensor_over(std::vector<float>& values, at::IntArrayRef shape);

/// Draws that depend on the seed and the counter alone (the mixing of SplitMix64).
std::uint64_t pixel_draw(std::uint64_t seed, std::uint64_t counter);

/// A step of the optimiser.
struct PixelStep {
  std::int64_t begin = 0;  ///< the batch's first sample
  float rate = 0;          ///< the step size, and what corrects the first moment's bias
  float correction = 1;    ///< of the second moment's bias
};

/// Samples in the order that they are seen in, and what each step does: the same on every device.
class PixelTraining {
 public:
  /// `samples` standardised, target minus base; they are shuffled once, so that a batch is a window
  /// that is read where it lies: fetching each of its pixels from memory by itself costs as much as
  /// the arithmetic.
  PixelTraining(PixelSamples samples, const PixelNetworkOptions& options);

  PixelStep next();
  int iterations() const { return iterations_; }
  std::int64_t batch() const { return batch_; }
  /// By which the sum of absolute errors becomes their mean over a batch.
  float share() const { return 1.0f / static_cast<float>(3 * batch_); }
  /// [count, inputs] and [count, 3].
  at::Tensor features();
  at::Tensor want();

 private:
  std::size_t below(std::size_t bound);

  PixelSamples samples_;
  std::int64_t batch_;
  int iterations_;
  double rate_;
  std::uint64_t seed_, counter_ = 0;
  int step_ = 0;
  double power1_ = 1, power2_ = 1;  ///< of the betas
};

/// Buffers of a batch, or a part of one, and the passes over it.
class PixelPass {
 public:
  /// `parameters` and `gradient` flat, on the device that computes.
  PixelPass(std::int64_t batch, PixelLayout layout, const at::Tensor& parameters,
            const at::Tensor& gradient);

  /// x [batch, inputs] -> prediction minus `want` [batch, 3], valid until the next call.
  const at::Tensor& forward(const at::Tensor& x, const at::Tensor& want);
  /// Writes the gradient of the sum of absolute errors times `share` over the gradient vector.
  /// After forward() of the same `x`.
  void backward(const at::Tensor& x, float share);

 private:
  at::Tensor h1_, h2_, g1_, g2_, out_;
  std::array<at::Tensor, 6> weights_, gradients_;
};

/// Adam (Kingma and Ba 2015) on flat parameters, in this program's memory: on the CPU, LibTorch's
/// square root isn't rounded as the instruction set's is. With a device, a step's gradient comes
/// from there and the parameters go there, some 60 KB each.
class Adam {
 public:
  explicit Adam(std::vector<float>& parameters);
  /// The gradient is the sum of `gradients`, added in their order.
  void update(const std::vector<std::vector<float>>& gradients, const PixelStep& step);

 private:
  std::vector<float>& parameters_;
  std::vector<float> first_, second_;
};

/// Takes all steps of the training from `parameters` on, and leaves there what comes out. Batches
/// are split into `parts`, whose gradients are added in their order; `threads` of the CPU, at most
/// as many, decide only who computes which. Throws Error(kInterrupted) when a stop is asked for.
void train(PixelTraining& training, PixelLayout layout, at::Device device, int parts, int threads,
           std::vector<float>& parameters);

}  // namespace ditto::nn
