#pragma once

#include <optional>

#include "media/ffmpeg.h"

namespace ditto::media {

/// The exact frame rate that encode_lossless() wrote beside the video, whose own timestamps are in
/// milliseconds; empty for other files.
std::optional<Rational> rate_of_lossless(const AVFormatContext& format);

}  // namespace ditto::media
