#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

#include "ditto/core/rational.h"

/// What the rest of the layer needs to use libav* safely: owners, error texts, and the differences
/// between FFmpeg releases, all of them here. Written for 5.1; 6 and 7 build as well.
namespace ditto::media::ff {

template <auto function>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    function(&pointer);
  }
};
template <auto function>
struct FreeByValue {
  template <class T>
  void operator()(T* pointer) const {
    function(pointer);
  }
};

using Frame = std::unique_ptr<AVFrame, Free<av_frame_free>>;
using Packet = std::unique_ptr<AVPacket, Free<av_packet_free>>;
using CodecContext = std::unique_ptr<AVCodecContext, Free<avcodec_free_context>>;
using InputFormat = std::unique_ptr<AVFormatContext, Free<avformat_close_input>>;
using OutputFormat = std::unique_ptr<AVFormatContext, FreeByValue<avformat_free_context>>;
using FilterGraph = std::unique_ptr<AVFilterGraph, Free<avfilter_graph_free>>;
using BitstreamFilter = std::unique_ptr<AVBSFContext, Free<av_bsf_free>>;
using Scaler = std::unique_ptr<SwsContext, FreeByValue<sws_freeContext>>;

/// A dictionary that libav consumes and refills.
class Options {
 public:
  Options() = default;
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;
  ~Options() { av_dict_free(&entries_); }
  Options& set(const char* key, const std::string& value) {
    av_dict_set(&entries_, key, value.c_str(), 0);
    return *this;
  }
  AVDictionary** get() { return &entries_; }

 private:
  AVDictionary* entries_ = nullptr;
};

/// Never null: throws std::bad_alloc.
Frame make_frame();
Packet make_packet();

/// libav's text for an error code.
std::string error_text(int code);
/// Sends libav's messages to the log at debug level. Called before anything else is done with it.
void route_log();

inline Rational from(AVRational r) { return Rational{r.num, r.den}; }

/// The nominal length of a picture in the stream's time base, 0 when unknown.
inline std::int64_t duration_of(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  return frame.duration;
#else
  return frame.pkt_duration;
#endif
}

inline bool is_key(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_KEY) != 0;
#else
  return frame.key_frame != 0;
#endif
}

inline bool is_interlaced(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
  return (frame.flags & AV_FRAME_FLAG_INTERLACED) != 0;
#else
  return frame.interlaced_frame != 0;
#endif
}

/// The stream's display matrix (nine fixed-point numbers), or null.
inline const std::int32_t* display_matrix(const AVStream& stream) {
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(60, 30, 101)
  const AVPacketSideData* side =
      av_packet_side_data_get(stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data,
                              AV_PKT_DATA_DISPLAYMATRIX);
  return side != nullptr && side->size >= 36 ? reinterpret_cast<const std::int32_t*>(side->data)
                                             : nullptr;
#else
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return size >= 36 ? reinterpret_cast<const std::int32_t*>(data) : nullptr;
#endif
}

/// The type of the bytes a custom writer is given became const in FFmpeg 7.
#if LIBAVFORMAT_VERSION_MAJOR >= 61
using WrittenByte = const std::uint8_t;
#else
using WrittenByte = std::uint8_t;
#endif

}  // namespace ditto::media::ff
