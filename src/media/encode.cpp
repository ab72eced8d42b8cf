#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "ditto/core/error.h"
#include "ditto/media/media.h"
#include "media/encoder.h"
#include "media/lossless.h"

namespace ditto::media {
namespace {

constexpr const char* kRateTag = "DITTO_FPS";

[[noreturn]] void refuse(const std::string& message) {
  throw Error(ErrorKind::kFatal, "encoding a video: " + message);
}

std::string encode(const Video& video, const Encoding& encoding) {
  Encoder encoder(encoding, video.size(), video.fps);
  for (const cv::Mat& frame : video.frames) encoder.write(frame);
  return encoder.finish();
}

}  // namespace

std::string encode_mp4(const Video& video, const EncodeOptions& options) {
  const cv::Size size = video.size();
  if (video.frames.empty()) refuse("it has no frames");
  if (size.width % 2 != 0 || size.height % 2 != 0) {
    refuse(fmt::format("{}x{} is odd, and mp4 with yuv420p needs an even width and height",
                       size.width, size.height));
  }
  if (options.crf < 0 || options.crf > 51) {
    refuse(fmt::format("crf is {}, 0 to 51 was expected", options.crf));
  }
  const std::vector<std::string_view> presets{"ultrafast", "superfast", "veryfast", "faster",
                                              "fast",      "medium",    "slow",     "slower",
                                              "veryslow",  "placebo"};
  if (std::find(presets.begin(), presets.end(), options.preset) == presets.end()) {
    refuse(fmt::format("preset is \"{}\", one of {} was expected", options.preset,
                       fmt::join(presets, " ")));
  }
  if (options.threads < 1) {
    refuse(fmt::format("{} threads; the number must be fixed, as it changes the bytes",
                       options.threads));
  }
  Encoding encoding;
  encoding.container = "mp4";
  encoding.codec = "libx264";
  encoding.pixel_format = AV_PIX_FMT_YUV420P;
  // cpu-independent: the same choices whatever SIMD the machine has.
  encoding.codec_options =
      fmt::format("crf={}:preset={}:x264-params=cpu-independent=1", options.crf, options.preset);
  encoding.muxer_options = "movflags=+faststart";
  encoding.packet_filter = "filter_units=remove_types=6";  // x264's version and options
  encoding.bt709 = true;
  encoding.threads = options.threads;
  return encode(video, encoding);
}

std::string encode_lossless(const Video& video) {
  if (video.frames.empty()) refuse("it has no frames");
  // MagicYUV takes half the time of x264's lossless mode and is smaller unless nothing moves.
  // (FFmpeg's Ut Video encoder is as fast but truncates pictures that don't compress.)
  Encoding encoding;
  encoding.container = "matroska";
  encoding.codec = "magicyuv";
  encoding.codec_options = "pred=gradient:slices=1";  // slices: never by CPUs
  encoding.pixel_format = AV_PIX_FMT_GBRP;
  encoding.rate_tag = kRateTag;
  return encode(video, encoding);
}

std::optional<Rational> rate_of_lossless(const AVFormatContext& format) {
  const AVDictionaryEntry* entry = av_dict_get(format.metadata, kRateTag, nullptr, 0);
  long long num = 0;
  long long den = 0;
  if (entry == nullptr || std::sscanf(entry->value, "%lld/%lld", &num, &den) != 2) {
    return std::nullopt;
  }
  if (num <= 0 || den <= 0) return std::nullopt;
  return Rational{num, den};
}

}  // namespace ditto::media
