#include "ditto/nn/rope.h"

namespace ditto::nn {
namespace {

struct Pair {
  at::Tensor first;
  at::Tensor second;
};

Pair rotated(const at::Tensor& first, const at::Tensor& second, const at::Tensor& cos,
             const at::Tensor& sin) {
  return {first * cos - second * sin, first * sin + second * cos};
}

}  // namespace

at::Tensor rope_interleaved(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const at::Tensor pairs = x.unflatten(-1, {-1, 2});
  const Pair result = rotated(pairs.select(-1, 0), pairs.select(-1, 1), cos, sin);
  return at::stack({result.first, result.second}, -1).flatten(-2).to(x.scalar_type());
}

void rotate_pairs(const at::Tensor& x, const at::Tensor& rotation) {
  const bool narrow = c10::elementSize(x.scalar_type()) < sizeof(float);
  const at::Tensor pairs = (narrow ? x.to(at::kFloat) : x).unflatten(-1, {-1, 2});
  at::view_as_complex(pairs).mul_(rotation);
  if (narrow) x.copy_(pairs.flatten(-2));
}

at::Tensor rope_half(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const std::int64_t half = x.size(-1) / 2;
  const Pair result = rotated(x.narrow(-1, 0, half), x.narrow(-1, half, half), cos, sin);
  return at::cat({result.first, result.second}, -1).to(x.scalar_type());
}

at::Tensor rope_angles(std::int64_t length, std::int64_t dim, double theta) {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor exponents = at::arange(0, dim, 2, options) / static_cast<double>(dim);
  const at::Tensor frequencies = at::pow(theta, exponents).reciprocal();
  return at::outer(at::arange(length, options), frequencies);
}

}  // namespace ditto::nn
