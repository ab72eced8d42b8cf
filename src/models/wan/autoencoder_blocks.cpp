#include "models/wan/autoencoder_blocks.h"

#include <cmath>

#include "ditto/nn/attention.h"

namespace ditto::models::wan {
namespace {

/// What a causal convolution over time remembers: a kernel of three frames looks back on two.
constexpr std::int64_t kRemembered = 2;

at::ScalarType at_least_float(const at::Tensor& x) {
  return c10::promoteTypes(x.scalar_type(), at::kFloat);
}

at::Tensor channels_last(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast3d);
}

/// The last two of the frames seen so far.
at::Tensor remembered(const at::Tensor& with_history) {
  const std::int64_t frames = with_history.size(2);
  return channels_last(with_history.narrow(2, frames - kRemembered, kRemembered).clone());
}

/// [B, C, T, H, W] <-> frames as images [B * T, C, H, W], without copying.
at::Tensor as_images(const at::Tensor& x) { return x.transpose(1, 2).flatten(0, 1); }
at::Tensor as_video(const at::Tensor& images, std::int64_t batch) {
  return images.unflatten(0, {batch, -1}).transpose(1, 2);
}

template <std::size_t N>
nn::ConvOptions<N> conv_options(std::array<std::int64_t, N> stride,
                                std::array<std::int64_t, N> padding) {
  return {.stride = stride, .padding = padding, .channels_last = true};
}

}  // namespace

CausalConv3d::CausalConv3d(const nn::Scope& scope, std::int64_t in, std::int64_t out,
                           std::int64_t frames, std::int64_t pixels)
    : conv(scope, in, out, {frames, pixels, pixels},
           conv_options<3>({1, 1, 1}, {0, (pixels - 1) / 2, (pixels - 1) / 2})) {}

at::Tensor CausalConv3d::operator()(at::Tensor x, FeatureCache& cache) const {
  at::Tensor& slot = cache.next();
  if (!slot.defined()) {
    // Before frame 0 everything is zero: only the kernel's last frame meets anything else.
    slot = remembered(at::cat({at::zeros_like(x), x}, 2));
    const at::Tensor last = conv.weight.narrow(2, conv.weight.size(2) - 1, 1);
    return at::conv3d(x, last, conv.bias, conv.options.stride, conv.options.padding);
  }
  const at::Tensor with_history = at::cat({slot, x}, 2);
  x.reset();
  slot = remembered(with_history);
  return conv(with_history);
}

ChannelNorm::ChannelNorm(const nn::Scope& scope, std::int64_t channels, bool images)
    : gamma(images ? scope.parameter("gamma", {channels, 1, 1})
                   : scope.parameter("gamma", {channels, 1, 1, 1})) {}

at::Tensor ChannelNorm::wide(at::Tensor x) const {
  constexpr double kLeastLength = 1e-12;  // torch.nn.functional.normalize
  at::Tensor wide = x.to(at_least_float(x));
  const bool own = !wide.is_same(x);
  x.reset();
  const at::Tensor length = at::linalg_vector_norm(wide, 2, {-1}, true).clamp_min_(kLeastLength);
  const double scale = std::sqrt(static_cast<double>(gamma.size(0)));
  wide = own ? wide.div_(length) : wide.div(length);
  return wide.mul_(gamma.flatten().to(wide.scalar_type()).mul(scale));
}

at::Tensor ChannelNorm::operator()(const at::Tensor& x) const {
  return wide(x).to(gamma.scalar_type());
}

at::Tensor ChannelNorm::activated(at::Tensor x) const {
  at::Tensor last = x.movedim(1, -1);
  x.reset();
  at::Tensor normed = wide(std::move(last));
  return at::silu_(normed).to(gamma.scalar_type()).movedim(-1, 1);
}

AutoencoderResnet::AutoencoderResnet(const nn::Scope& scope, std::int64_t in, std::int64_t out)
    : norm1(scope / "norm1", in),
      conv1(scope / "conv1", in, out, 3, 3),
      norm2(scope / "norm2", out),
      conv2(scope / "conv2", out, out, 3, 3) {
  if (in != out) conv_shortcut.emplace(scope / "conv_shortcut", in, out, 1, 1);
}

at::Tensor AutoencoderResnet::operator()(const at::Tensor& x, FeatureCache& cache) const {
  at::Tensor inner = conv1(norm1.activated(x), cache);
  at::Tensor result = conv2(norm2.activated(std::move(inner)), cache);
  const at::ScalarType dtype = result.scalar_type();
  result = result.to(at_least_float(result));
  return result.add_(conv_shortcut ? (*conv_shortcut)(x.to(dtype)) : x);
}

AutoencoderAttention::AutoencoderAttention(const nn::Scope& scope, std::int64_t dim)
    : norm(scope / "norm", dim, true),
      to_qkv(scope / "to_qkv", dim, dim * 3, {1, 1}),
      proj(scope / "proj", dim, dim, {1, 1}) {}

at::Tensor AutoencoderAttention::operator()(const at::Tensor& x) const {
  const at::Tensor images = as_images(x);
  const at::Tensor pixels = images.flatten(2).transpose(1, 2);  // [B * T, H * W, C]
  const at::Tensor qkv = at::linear(norm(pixels), to_qkv.weight.flatten(1), to_qkv.bias);
  const std::vector<at::Tensor> parts = qkv.unsqueeze(1).chunk(3, -1);
  nn::AttentionOptions options;
  options.widened = true;
  const at::Tensor attended = nn::attention(parts[0], parts[1], parts[2], options).squeeze(1);
  at::Tensor result = at::linear(attended, proj.weight.flatten(1), proj.bias);
  result = result.to(at_least_float(result)).add_(pixels);
  return as_video(result.transpose(1, 2).view_as(images), x.size(0));
}

AutoencoderMiddle::AutoencoderMiddle(const nn::Scope& scope, std::int64_t dim)
    : before(scope / "resnets.0", dim, dim),
      attention(scope / "attentions.0", dim),
      after(scope / "resnets.1", dim, dim) {}

at::Tensor AutoencoderMiddle::operator()(const at::Tensor& x, FeatureCache& cache) const {
  return after(attention(before(x, cache)), cache);
}

AutoencoderDownsample::AutoencoderDownsample(const nn::Scope& scope, std::int64_t dim,
                                             bool temporal)
    : resample(scope / "resample.1", dim, dim, {3, 3}, conv_options<2>({2, 2}, {0, 0})) {
  if (!temporal) return;
  time_conv.emplace(scope / "time_conv", dim, dim, std::array<std::int64_t, 3>{3, 1, 1},
                    conv_options<3>({2, 1, 1}, {0, 0, 0}));
}

at::Tensor AutoencoderDownsample::operator()(const at::Tensor& x, FeatureCache& cache) const {
  // One pixel of zeros on the right and at the bottom.
  const at::Tensor images = as_images(x.to(resample.weight.scalar_type()));
  const at::Tensor smaller =
      as_video(resample(at::constant_pad_nd(images, {0, 1, 0, 1})), x.size(0));
  if (!time_conv) return smaller;
  at::Tensor& last = cache.next();
  const bool first_chunk = !last.defined();
  const at::Tensor input = first_chunk ? smaller : at::cat({last, smaller}, 2);
  last = channels_last(smaller.narrow(2, smaller.size(2) - 1, 1).clone());
  return first_chunk ? smaller : (*time_conv)(input);
}

AutoencoderUpsample::AutoencoderUpsample(const nn::Scope& scope, std::int64_t in, std::int64_t out,
                                         bool temporal)
    : resample(scope / "resample.1", in, out, {3, 3}, conv_options<2>({1, 1}, {1, 1})) {
  if (temporal) time_conv.emplace(scope / "time_conv", in, in * 2, 3, 1);
}

at::Tensor AutoencoderUpsample::operator()(at::Tensor x, FeatureCache& cache) const {
  x = x.to(resample.weight.scalar_type());
  at::Tensor frames = x;
  if (time_conv) {
    at::Tensor& slot = cache.next();
    if (!slot.defined()) {
      // Frame 0 isn't doubled, and the frames after it don't see it.
      slot = channels_last(at::zeros_like(x)).repeat({1, 1, kRemembered, 1, 1});
    } else {
      const at::Tensor with_history = at::cat({slot, x}, 2);
      slot = remembered(with_history);
      // Each frame gives two, one in each half of the channels: [B, 2, C, T, H, W].
      frames = time_conv->conv(with_history).unflatten(1, {2, -1}).permute({0, 2, 3, 1, 4, 5});
      frames = channels_last(frames.flatten(2, 3));
    }
  }
  const std::int64_t batch = x.size(0);
  x.reset();
  at::Tensor images = as_images(frames);
  frames.reset();
  images = at::_upsample_nearest_exact2d(images, {2 * images.size(2), 2 * images.size(3)});
  return as_video(resample(images), batch);
}

AutoencoderResidualDown::AutoencoderResidualDown(const nn::Scope& scope, std::int64_t in,
                                                 std::int64_t out_channels, std::int64_t blocks,
                                                 bool step, bool temporal)
    : frames(temporal ? 2 : 1), pixels(step ? 2 : 1), out(out_channels) {
  for (std::int64_t i = 0; i < blocks; ++i) {
    resnets.emplace_back(scope / "resnets" / i, i == 0 ? in : out, out);
  }
  if (step) downsampler.emplace(scope / "downsampler", out, temporal);
}

at::Tensor AutoencoderResidualDown::operator()(const at::Tensor& x, FeatureCache& cache) const {
  at::Tensor inner = x;
  for (const AutoencoderResnet& resnet : resnets) inner = resnet(inner, cache);
  if (downsampler) inner = (*downsampler)(inner, cache);
  // A frame that stays alone is preceded by a black one.
  const std::int64_t missing = (frames - x.size(2) % frames) % frames;
  const at::Tensor cells = at::constant_pad_nd(x, {0, 0, 0, 0, missing, 0})
                               .unflatten(4, {-1, pixels})
                               .unflatten(3, {-1, pixels})
                               .unflatten(2, {-1, frames});  // [B, C, T, ft, H, fh, W, fw]
  const at::Tensor around =
      cells.permute({0, 1, 3, 5, 7, 2, 4, 6}).flatten(1, 4).unflatten(1, {out, -1}).mean(2);
  return inner.to(at_least_float(inner)).add_(around);
}

at::Tensor AutoencoderRepeat::operator()(const at::Tensor& x, bool first_chunk) const {
  const std::int64_t copies = out * frames * pixels * pixels / x.size(1);
  const at::Tensor parts = x.repeat_interleave(copies, 1)
                               .unflatten(1, {out, frames, pixels, pixels})
                               .permute({0, 1, 5, 2, 6, 3, 7, 4});  // [B, C, T, ft, H, fh, W, fw]
  const at::Tensor all = parts.flatten(6, 7).flatten(4, 5).flatten(2, 3);
  return first_chunk ? all.narrow(2, frames - 1, all.size(2) - frames + 1) : all;
}

}  // namespace ditto::models::wan
