#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

/// What VACE is conditioned on, from pictures to what its control branch reads. After diffusers
/// 0.42 pipelines/wan/pipeline_wan_vace.py (preprocess_conditions, prepare_masks).
namespace ditto::models::wan {

struct FrameSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const FrameSize&) const = default;
};

/// How the autoencoder and the transformer divide frames.
struct Divisions {
  std::int64_t pixels = 8;  ///< of a latent pixel's side
  std::int64_t frames = 4;  ///< of a latent frame after the first
  std::int64_t patch = 2;   ///< latent pixels of a patch's side

  /// Of frames that are whole patches.
  std::int64_t base() const { return pixels * patch; }
};

/// The size at which a video is used where at most `most` was asked for: shrunk to fit when its
/// area is larger, then both rounded down to multiples of base(). May be 0.
FrameSize video_size(FrameSize video, FrameSize most, const Divisions& divisions);

/// u8 [T, H, W, C] -> [1, C, T, size] f32 in [-1, 1]
at::Tensor video_of(const at::Tensor& frames, FrameSize size);
/// u8 [T, H, W] -> [1, 1, T, size] f32 in [0, 1]
at::Tensor mask_of(const at::Tensor& frames, FrameSize size);
/// A reference picture, u8 [H, W, 3], in the middle of a white frame: [1, 3, 1, size] f32 in
/// [-1, 1]. Undefined when it is too small or too narrow to be used.
at::Tensor reference_of(const at::Tensor& picture, FrameSize size, const Divisions& divisions);

/// The mask as the control branch reads it, not made binary: [1, 1, T, H, W] ->
/// [1, pixels^2, T', H / pixels, W / pixels], zero in the frames of `references`, which come first.
/// H and W are multiples of base().
at::Tensor mask_channels(const at::Tensor& mask, std::int64_t references,
                         const Divisions& divisions);

}  // namespace ditto::models::wan
