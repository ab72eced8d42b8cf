#include "ditto/nn/leaves.h"

namespace ditto::nn {

Linear::Linear(const Scope& scope, std::int64_t in, std::int64_t out, bool with_bias)
    : weight(scope.parameter("weight", {out, in})) {
  if (with_bias) bias = scope.parameter("bias", {out});
}

at::Tensor Linear::operator()(const at::Tensor& x) const { return at::linear(x, weight, bias); }

Embedding::Embedding(const Scope& scope, std::int64_t count, std::int64_t dim)
    : weight(scope.parameter("weight", {count, dim})) {}

at::Tensor Embedding::operator()(const at::Tensor& ids) const { return at::embedding(weight, ids); }

Conv2d::Conv2d(const Scope& scope, std::int64_t in, std::int64_t out,
               std::array<std::int64_t, 2> kernel, const ConvOptions<2>& conv_options)
    : weight(scope.parameter("weight", {out, in / conv_options.groups, kernel[0], kernel[1]},
                             conv_options.channels_last ? at::MemoryFormat::ChannelsLast
                                                        : at::MemoryFormat::Contiguous)),
      options(conv_options) {
  if (options.bias) bias = scope.parameter("bias", {out});
}

at::Tensor Conv2d::operator()(const at::Tensor& x) const {
  return at::conv2d(x, weight, bias, options.stride, options.padding, 1, options.groups);
}

Conv3d::Conv3d(const Scope& scope, std::int64_t in, std::int64_t out,
               std::array<std::int64_t, 3> kernel, const ConvOptions<3>& conv_options)
    : weight(scope.parameter("weight",
                             {out, in / conv_options.groups, kernel[0], kernel[1], kernel[2]},
                             conv_options.channels_last ? at::MemoryFormat::ChannelsLast3d
                                                        : at::MemoryFormat::Contiguous)),
      options(conv_options) {
  if (options.bias) bias = scope.parameter("bias", {out});
}

at::Tensor Conv3d::operator()(const at::Tensor& x) const {
  return at::conv3d(x, weight, bias, options.stride, options.padding, 1, options.groups);
}

LayerNorm::LayerNorm(const Scope& scope, std::int64_t size, double eps, bool affine)
    : dim(size), epsilon(eps) {
  if (!affine) return;
  weight = scope.parameter("weight", {dim});
  bias = scope.parameter("bias", {dim});
}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {dim}, weight, bias, epsilon);
}

RmsNorm::RmsNorm(const Scope& scope, std::int64_t dim, double eps)
    : weight(scope.parameter("weight", {dim})), epsilon(eps) {}

at::Tensor RmsNorm::operator()(const at::Tensor& x) const {
  const at::Tensor wide = x.to(c10::promoteTypes(x.scalar_type(), at::kFloat));
  const at::Tensor scale = wide.square().mean(-1, true).add_(epsilon).rsqrt_();
  return wide.mul(scale).mul_(weight).to(weight.scalar_type());
}

GroupNorm::GroupNorm(const Scope& scope, std::int64_t count, std::int64_t channels, double eps)
    : weight(scope.parameter("weight", {channels})),
      bias(scope.parameter("bias", {channels})),
      groups(count),
      epsilon(eps) {}

at::Tensor GroupNorm::operator()(const at::Tensor& x) const {
  return at::group_norm(x, groups, weight, bias, epsilon);
}

}  // namespace ditto::nn
