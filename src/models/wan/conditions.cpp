#include "models/wan/conditions.h"

#include <algorithm>

#include "models/resample.h"

namespace ditto::models::wan {
namespace {

std::int64_t whole(std::int64_t length, std::int64_t part) { return length / part * part; }

std::int64_t scaled(std::int64_t length, double scale) {
  return static_cast<std::int64_t>(static_cast<double>(length) * scale);
}

/// The factor by which `from` fits into `into`.
double fitting(FrameSize from, FrameSize into) {
  return std::min(static_cast<double>(into.height) / static_cast<double>(from.height),
                  static_cast<double>(into.width) / static_cast<double>(from.width));
}

/// u8 -> f32 in [0, 1]
at::Tensor unit(const at::Tensor& pictures) { return pictures.to(at::kFloat) / 255.0; }

}  // namespace

FrameSize video_size(FrameSize video, FrameSize most, const Divisions& divisions) {
  FrameSize size = {whole(video.height, divisions.pixels), whole(video.width, divisions.pixels)};
  if (size.height * size.width > most.height * most.width) {
    const double scale = fitting(size, most);
    size = {scaled(size.height, scale), scaled(size.width, scale)};
  }
  return {whole(size.height, divisions.base()), whole(size.width, divisions.base())};
}

at::Tensor video_of(const at::Tensor& frames, FrameSize size) {
  const at::Tensor video = unit(resample_lanczos(frames, size.height, size.width)) * 2.0 - 1.0;
  return video.permute({3, 0, 1, 2}).unsqueeze(0);
}

at::Tensor mask_of(const at::Tensor& frames, FrameSize size) {
  // The way to [-1, 1] and back is the reference's, and moves the last digit.
  return ((video_of(frames.unsqueeze(-1), size) + 1.0) / 2.0).clamp(0, 1);
}

at::Tensor reference_of(const at::Tensor& picture, FrameSize size, const Divisions& divisions) {
  const FrameSize own = {whole(picture.size(0), divisions.pixels),
                         whole(picture.size(1), divisions.pixels)};
  if (own.height == 0 || own.width == 0) return {};
  const double scale = fitting(own, size);
  const FrameSize fitted = {scaled(own.height, scale), scaled(own.width, scale)};
  if (fitted.height == 0 || fitted.width == 0) return {};
  const at::Tensor image = video_of(picture.unsqueeze(0), own).squeeze(2);
  const at::Tensor canvas = at::ones({1, 3, 1, size.height, size.width});
  canvas.squeeze(2)
      .narrow(2, (size.height - fitted.height) / 2, fitted.height)
      .narrow(3, (size.width - fitted.width) / 2, fitted.width)
      .copy_(at::upsample_bilinear2d(image, {fitted.height, fitted.width}, false));
  return canvas;
}

at::Tensor mask_channels(const at::Tensor& mask, std::int64_t references,
                         const Divisions& divisions) {
  const std::int64_t cell = divisions.pixels;
  const std::int64_t frames = (mask.size(2) + divisions.frames - 1) / divisions.frames;
  const std::int64_t height = mask.size(3) / cell, width = mask.size(4) / cell;
  // A latent pixel's channels are the mask's pixels in its cell, row by row.
  const at::Tensor cells = mask.reshape({mask.size(2), height, cell, width, cell})
                               .permute({2, 4, 0, 1, 3})
                               .flatten(0, 1)
                               .unsqueeze(0);
  const at::Tensor channels = at::_upsample_nearest_exact3d(cells, {frames, height, width});
  return at::constant_pad_nd(channels, {0, 0, 0, 0, references, 0});
}

}  // namespace ditto::models::wan
