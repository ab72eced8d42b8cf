#pragma once

#include <string>

#include "media/ffmpeg.h"

namespace ditto::media {

/// Where chroma samples lie, in 1/256 of a luma sample (libswscale's unit); -513: unknown.
struct Siting {
  int horizontal = -513;
  int vertical = -513;
};
/// Unspecified 4:2:0 and 4:2:2 is sited left, as MPEG-2 and everything after it.
Siting chroma_siting(const AVPixFmtDescriptor& format, int chroma_location);

struct ScalerSide {
  int width = 0;
  int height = 0;
  int format = -1;
  int matrix = 0;  ///< SWS_CS_*
  bool full_range = false;
  Siting siting;
};

/// A conversion with correct rounding, no dither, and C and SIMD paths that agree. `name` is for
/// Error(kInput).
ff::Scaler make_scaler(const ScalerSide& from, const ScalerSide& to, const std::string& name);
void run_scaler(SwsContext& scaler, const AVFrame& from, AVFrame& to, const std::string& name);

/// A frame with room for a picture. Rows are padded, so that SIMD code may write past their end.
ff::Frame make_picture(int width, int height, int format);

}  // namespace ditto::media
