#pragma once

#include <cstddef>
#include <vector>

/// The passes of training: everything row-major and padded for multiply_add().
namespace ditto::nn {

/// Where the layers lie in padded parameters: inputs to a multiple of kRowStep, hidden units and
/// outputs to multiples of kColumnStep. What pads is zero and stays zero.
struct PaddedLayout {
  PaddedLayout(int inputs, int hidden);

  int inputs, hidden;  ///< padded
  std::size_t w1, b1, w2, b2, w3, b3, size;
};

/// Loss and gradient of a share of a batch. Owns its buffers, so that shares may run at once.
class PixelPass {
 public:
  explicit PixelPass(PaddedLayout layout);

  /// Sets gradient() to `step` times the gradient of the sum of absolute errors, and returns that
  /// sum. `features` [count, layout.inputs] standardised, `want` [count, 3] target minus base.
  double run(const std::vector<float>& parameters, const float* features, const float* want,
             std::size_t count, float step);

  const std::vector<float>& gradient() const { return gradient_; }

 private:
  double run_tile(const std::vector<float>& parameters, const float* x, const float* want,
                  std::size_t count, float step);

  PaddedLayout layout_;
  std::vector<float> gradient_;
  std::vector<float> x_, h1_, h2_, g1_, g2_, out_;  ///< of a tile
  std::vector<float> w2_turned_, w3_turned_;
};

}  // namespace ditto::nn
