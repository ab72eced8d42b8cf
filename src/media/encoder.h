#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "ditto/core/rational.h"
#include "media/ffmpeg.h"
#include "media/memory_file.h"

namespace ditto::media {

/// What to write. `codec_options` and `muxer_options` are libav's "key=value:key=value".
struct Encoding {
  std::string container;
  std::string codec;
  AVPixelFormat pixel_format = AV_PIX_FMT_NONE;
  std::string codec_options;
  std::string muxer_options;
  std::string packet_filter;  ///< a bitstream filter between encoder and muxer, or empty
  std::string rate_tag;       ///< a tag that gets the exact frame rate as "num/den", or empty
  bool bt709 = false;         ///< YUV: converted and tagged as bt709, limited range, sited left
  int threads = 1;
};

/// RGB frames of one size at a constant rate to a file in memory. Nothing about the machine, the
/// time or the versions of the libraries is written. Errors are Error(kFatal).
class Encoder {
 public:
  Encoder(const Encoding& encoding, cv::Size size, Rational fps);
  void write(const cv::Mat& rgb);
  /// Call once, after the last frame.
  std::string finish();

 private:
  void open_codec(const Encoding& encoding, cv::Size size, Rational fps);
  void open_filter(const std::string& name);
  void open_container(const Encoding& encoding);
  void encode(const AVFrame* frame);
  void filter(AVPacket* packet);
  void mux(AVPacket& packet);

  std::string what_;
  MemoryFile file_;
  ff::CodecContext codec_;
  ff::BitstreamFilter filter_;
  ff::OutputFormat format_;
  AVStream* stream_ = nullptr;
  ff::Scaler scaler_;
  ff::Packet packet_ = ff::make_packet();
  std::int64_t frames_ = 0;
};

}  // namespace ditto::media
