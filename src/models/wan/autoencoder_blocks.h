#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "ditto/nn/leaves.h"

/// The parts of Wan's causal video autoencoder, which Qwen-Image's shares. After diffusers 0.42
/// models/autoencoders/autoencoder_kl_wan.py; named as its checkpoint.
///
/// A video goes through frame 0 first, then in chunks of frames. Tensors are [B, C, T, H, W] with
/// channels last in memory. Every convolution over time sees the frames before its chunk through
/// the cache, so that the result is that of the whole video at once.
///
/// In a network of 16-bit parameters the sum that runs through residual blocks and attention is
/// float32; each takes it, or what a convolution gave, and gives it. diffusers rounds it each time.
namespace ditto::models::wan {

/// What the layers keep from the chunks before, in the order in which they are called.
class FeatureCache {
 public:
  /// To be called before each chunk.
  void rewind() {
    next_ = 0;
    ++chunks_;
  }
  bool in_first_chunk() const { return chunks_ == 1; }
  /// The calling layer's slot: undefined in the first chunk.
  at::Tensor& next() {
    if (next_ == slots_.size()) slots_.emplace_back();
    return slots_[next_++];
  }

 private:
  std::deque<at::Tensor> slots_;
  std::size_t next_ = 0;
  std::size_t chunks_ = 0;
};

/// Convolution that looks back in time only: a kernel of k frames is preceded by k - 1 frames,
/// which are zero before the video begins. Keeps the frame size.
struct CausalConv3d {
  nn::Conv3d conv;

  /// Kernel: frames, and pixels in height and width.
  CausalConv3d(const nn::Scope& scope, std::int64_t in, std::int64_t out, std::int64_t frames,
               std::int64_t pixels);
  /// The first chunk must be one frame. Lets go of x as soon as it can.
  at::Tensor operator()(at::Tensor x, FeatureCache& cache) const;
  /// For kernels of one frame, which need no cache.
  at::Tensor operator()(const at::Tensor& x) const { return conv(x); }
};

/// x / |x| * sqrt(channels) * gamma, where |x| is the length over the channels of a pixel. Computed
/// in float32 at least, and rounded to gamma's dtype once.
struct ChannelNorm {
  at::Tensor gamma;  ///< [C, 1, 1, 1], or [C, 1, 1] for images

  ChannelNorm(const nn::Scope& scope, std::int64_t channels, bool images = false);
  /// x [..., C]
  at::Tensor operator()(const at::Tensor& x) const;
  /// silu of it, for x [B, C, T, H, W]. Lets go of x as soon as it can.
  at::Tensor activated(at::Tensor x) const;

 private:
  at::Tensor wide(at::Tensor x) const;
};

struct AutoencoderResnet {
  ChannelNorm norm1;
  CausalConv3d conv1;
  ChannelNorm norm2;
  CausalConv3d conv2;
  std::optional<CausalConv3d> conv_shortcut;

  AutoencoderResnet(const nn::Scope& scope, std::int64_t in, std::int64_t out);
  at::Tensor operator()(const at::Tensor& x, FeatureCache& cache) const;
};

/// Attention among the pixels of each frame, one head.
struct AutoencoderAttention {
  ChannelNorm norm;
  nn::Conv2d to_qkv;  ///< 1x1
  nn::Conv2d proj;    ///< 1x1

  AutoencoderAttention(const nn::Scope& scope, std::int64_t dim);
  at::Tensor operator()(const at::Tensor& x) const;
};

struct AutoencoderMiddle {
  AutoencoderResnet before;
  AutoencoderAttention attention;
  AutoencoderResnet after;

  AutoencoderMiddle(const nn::Scope& scope, std::int64_t dim);
  at::Tensor operator()(const at::Tensor& x, FeatureCache& cache) const;
};

/// Halves height and width, and the frames too when `temporal` (but frame 0 stays a frame).
struct AutoencoderDownsample {
  nn::Conv2d resample;
  std::optional<nn::Conv3d> time_conv;

  AutoencoderDownsample(const nn::Scope& scope, std::int64_t dim, bool temporal);
  at::Tensor operator()(const at::Tensor& x, FeatureCache& cache) const;
};

/// Doubles height and width; doubles the frames too when `temporal` (but frame 0 stays a frame).
struct AutoencoderUpsample {
  nn::Conv2d resample;
  std::optional<CausalConv3d> time_conv;

  AutoencoderUpsample(const nn::Scope& scope, std::int64_t in, std::int64_t out, bool temporal);
  /// Lets go of x as soon as it can.
  at::Tensor operator()(at::Tensor x, FeatureCache& cache) const;
};

/// A level of Wan2.2's encoder: residual blocks and a step down, around which goes a mean over
/// neighbours in time, space and channels. The last level has no step.
struct AutoencoderResidualDown {
  std::vector<AutoencoderResnet> resnets;
  std::optional<AutoencoderDownsample> downsampler;
  std::int64_t frames, pixels;  ///< that become one
  std::int64_t out;             ///< channels

  AutoencoderResidualDown(const nn::Scope& scope, std::int64_t in, std::int64_t out,
                          std::int64_t blocks, bool step, bool temporal);
  at::Tensor operator()(const at::Tensor& x, FeatureCache& cache) const;
};

/// What goes around a level of Wan2.2's decoder: each pixel repeated in time and space, each copy
/// taking another of the channels where there are more than needed.
struct AutoencoderRepeat {
  std::int64_t out;             ///< channels
  std::int64_t frames, pixels;  ///< that one becomes

  /// Of the first chunk only the last of each `frames` is kept.
  at::Tensor operator()(const at::Tensor& x, bool first_chunk) const;
};

}  // namespace ditto::models::wan
