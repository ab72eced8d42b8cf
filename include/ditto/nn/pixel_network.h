#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// A small network from a pixel's features to its colour: a multilayer perceptron F-H-H-3 with ReLU
/// whose output is added to a base colour. It is fitted anew to each image pair, in float32, on the
/// CPU or another device. Neither fitting nor applying depends on the number of threads.
///
/// Fitting is one code of LibTorch's tensors for all devices. Applying is another on the CPU, since
/// tensors are slower there: 400,000 pixels through 42-96-96-3 take 0.12 s of a core in pieces of
/// 4,000, 0.29 s in pieces of 100,000, and 0.055 s in the tiles of pixel_network_kernel.h. The same
/// samples and options give the same batches everywhere, and up to the order of sums the same
/// numbers: networks after 100 steps on the CPU by either code differ by less than 1e-6, which
/// training then spreads, so that fully fitted ones are only as good as each other.
namespace ditto::nn {

/// On the CPU a batch is split into these parts, whose gradients are added in their order.
inline constexpr int kBatchParts = 2;

struct PixelNetworkOptions {
  int hidden = 64;       ///< units in each hidden layer; rounded up to a multiple of 4
  int iterations = 700;  ///< optimiser steps
  int batch = 4096;      ///< pixels per step: a window, at a random place, of the shuffled samples
  double rate = 4e-3;    ///< Adam's step size after the warm-up, before the cosine decay
  std::uint64_t seed = 0;  ///< of the initial weights and the draws
  int threads = 1;         ///< never changes the result; more than kBatchParts are of no use
  /// Where tensors compute it all, as at::Device names it ("cuda:0"); empty: the code for the CPU.
  std::string device{};
};

/// Training pixels, row-major: features [count, inputs], base and target [count, 3].
struct PixelSamples {
  std::size_t count = 0;
  int inputs = 0;
  std::vector<float> features;
  std::vector<float> base;
  std::vector<float> target;
};

class PixelNetwork {
 public:
  /// Standardisation is taken from the samples: inputs are centred, scaled to unit variance and
  /// clamped at 4 deviations. The last layer starts from zero, so that the untrained network is the
  /// base colour.
  PixelNetwork(const PixelSamples& samples, const PixelNetworkOptions& options);

  /// Minimises the mean absolute error over `samples` with Adam, a short warm-up and a cosine
  /// decay. The samples are taken by value: they are standardised and shuffled in place. Called
  /// again it goes on from the present weights with the moments reset. Throws
  /// Error(kInput) when the sizes of `samples` don't fit together, Error(kInterrupted) when a stop
  /// is asked for, and as apply() does.
  void fit(PixelSamples samples, const PixelNetworkOptions& options);

  /// Colours of `count` pixels. Everything is planar: feature k is `features + k * stride`, channel
  /// c is `colour + c * stride`, read as the base and replaced by the result. On a device all
  /// pixels are computed at once, in about 4 (2 inputs + 3 hidden) bytes each. Throws
  /// Error(kTransient) when its memory is short, Error(kInput) when it fails otherwise.
  void apply(const float* features, float* colour, std::size_t stride, std::size_t count) const;

  /// Mean absolute error over all samples and its gradient with respect to parameters(), in their
  /// order. For checks: fit() takes the same path in batches.
  double loss_and_gradient(PixelSamples samples, std::vector<float>* gradient) const;

  /// Whether the constructor's options, which count for apply() and later fit() too, have a device.
  bool on_device() const { return !device_.empty(); }
  int inputs() const { return inputs_; }
  int hidden() const { return hidden_; }
  /// Weights input-major then biases of each layer in turn: W1 b1 W2 b2 W3 b3.
  std::span<float> parameters() { return parameters_; }

 private:
  /// Features standardised and clamped, target turned into target minus base.
  void standardise(PixelSamples& samples) const;
  std::string place() const { return "pixel network on " + device_; }
  void apply_in_tiles(const float* features, float* colour, std::size_t stride,
                      std::size_t count) const;
  void apply_on_device(const float* features, float* colour, std::size_t stride,
                       std::size_t count) const;

  int inputs_ = 0;
  int hidden_ = 0;
  std::string device_;
  std::vector<float> parameters_;
  std::vector<float> mean_;   ///< of each input
  std::vector<float> scale_;  ///< 1 / deviation of each input
};

}  // namespace ditto::nn
