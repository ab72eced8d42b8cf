#include "media/encoder.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "ditto/core/error.h"
#include "media/scaler.h"

namespace ditto::media {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& reason) {
  throw Error(ErrorKind::kFatal, fmt::format("encoding {}: {}", what, reason));
}

void check(int result, const std::string& what, const char* step) {
  if (result < 0) fail(what, fmt::format("{}: {}", step, ff::error_text(result)));
}

void parse(ff::Options& options, const std::string& text, const std::string& what) {
  check(av_dict_parse_string(options.get(), text.c_str(), "=", ":", 0), what, text.c_str());
}

// Options that nobody took: a misspelt one, or one this build of the library lacks.
void check_all_taken(ff::Options& options, const std::string& what) {
  if (const AVDictionaryEntry* left =
          av_dict_get(*options.get(), "", nullptr, AV_DICT_IGNORE_SUFFIX)) {
    fail(what, fmt::format("this FFmpeg doesn't know the option {}={}", left->key, left->value));
  }
}

}  // namespace

Encoder::Encoder(const Encoding& encoding, cv::Size size, Rational fps)
    : what_(fmt::format("{}x{} {} in {}", size.width, size.height, encoding.codec,
                        encoding.container)) {
  ff::route_log();
  constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
  fps = fps.den > 0 ? fps.reduced() : fps;
  if (fps.num <= 0 || fps.den <= 0 || fps.num > kLargest || fps.den > kLargest) {
    fail(what_, fmt::format("{}/{} is not a frame rate", fps.num, fps.den));
  }
  open_codec(encoding, size, fps);
  if (!encoding.packet_filter.empty()) open_filter(encoding.packet_filter);
  open_container(encoding);
  scaler_ =
      make_scaler(ScalerSide{size.width, size.height, AV_PIX_FMT_RGB24, SWS_CS_ITU709, true, {}},
                  ScalerSide{size.width, size.height, encoding.pixel_format, SWS_CS_ITU709, false,
                             encoding.bt709 ? Siting{0, 128} : Siting{}},
                  what_);
}

void Encoder::open_codec(const Encoding& encoding, cv::Size size, Rational fps) {
  const AVCodec* codec = avcodec_find_encoder_by_name(encoding.codec.c_str());
  if (codec == nullptr) fail(what_, "this FFmpeg has no such encoder");
  codec_.reset(avcodec_alloc_context3(codec));
  if (!codec_) throw std::bad_alloc();
  codec_->width = size.width;
  codec_->height = size.height;
  codec_->pix_fmt = encoding.pixel_format;
  codec_->framerate = AVRational{static_cast<int>(fps.num), static_cast<int>(fps.den)};
  codec_->time_base = av_inv_q(codec_->framerate);
  codec_->sample_aspect_ratio = AVRational{1, 1};
  codec_->thread_count = encoding.threads;
  codec_->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
  if (encoding.bt709) {
    codec_->colorspace = AVCOL_SPC_BT709;
    codec_->color_primaries = AVCOL_PRI_BT709;
    codec_->color_trc = AVCOL_TRC_BT709;
    codec_->color_range = AVCOL_RANGE_MPEG;
    codec_->chroma_sample_location = AVCHROMA_LOC_LEFT;
  }
  ff::Options options;
  parse(options, encoding.codec_options, what_);
  check(avcodec_open2(codec_.get(), codec, options.get()), what_, "opening the encoder");
  check_all_taken(options, what_);
}

void Encoder::open_filter(const std::string& name) {
  AVBSFContext* filter = nullptr;
  check(av_bsf_list_parse_str(name.c_str(), &filter), what_, name.c_str());
  filter_.reset(filter);
  check(avcodec_parameters_from_context(filter_->par_in, codec_.get()), what_, name.c_str());
  filter_->time_base_in = codec_->time_base;
  check(av_bsf_init(filter_.get()), what_, name.c_str());
}

void Encoder::open_container(const Encoding& encoding) {
  AVFormatContext* context = nullptr;
  check(avformat_alloc_output_context2(&context, nullptr, encoding.container.c_str(), "memory"),
        what_, "opening the container");
  format_.reset(context);
  format_->flags |= AVFMT_FLAG_BITEXACT;
  file_.attach(*format_);
  stream_ = avformat_new_stream(format_.get(), nullptr);
  if (stream_ == nullptr) throw std::bad_alloc();
  check(filter_ ? avcodec_parameters_copy(stream_->codecpar, filter_->par_out)
                : avcodec_parameters_from_context(stream_->codecpar, codec_.get()),
        what_, "describing the stream");
  stream_->time_base = codec_->time_base;
  stream_->avg_frame_rate = codec_->framerate;
  stream_->r_frame_rate = codec_->framerate;
  stream_->sample_aspect_ratio = codec_->sample_aspect_ratio;
  if (!encoding.rate_tag.empty()) {
    av_dict_set(&format_->metadata, encoding.rate_tag.c_str(),
                fmt::format("{}/{}", codec_->framerate.num, codec_->framerate.den).c_str(), 0);
  }
  ff::Options options;
  parse(options, encoding.muxer_options, what_);
  check(avformat_write_header(format_.get(), options.get()), what_, "writing the header");
  check_all_taken(options, what_);
}

void Encoder::write(const cv::Mat& rgb) {
  if (rgb.type() != CV_8UC3 || rgb.cols != codec_->width || rgb.rows != codec_->height) {
    fail(what_, fmt::format("frame {} is {}x{} of type {}, 8-bit RGB of that size was expected",
                            frames_, rgb.cols, rgb.rows, rgb.type()));
  }
  // The scaler's SIMD code may read past the end of a row; the frame's rows are padded.
  const ff::Frame packed = make_picture(rgb.cols, rgb.rows, AV_PIX_FMT_RGB24);
  rgb.copyTo(
      cv::Mat(rgb.size(), CV_8UC3, packed->data[0], static_cast<std::size_t>(packed->linesize[0])));
  const ff::Frame frame = make_picture(rgb.cols, rgb.rows, codec_->pix_fmt);
  run_scaler(*scaler_, *packed, *frame, what_);
  frame->pts = frames_++;
  frame->colorspace = codec_->colorspace;
  frame->color_range = codec_->color_range;
  frame->color_primaries = codec_->color_primaries;
  frame->color_trc = codec_->color_trc;
  frame->chroma_location = codec_->chroma_sample_location;
  frame->sample_aspect_ratio = codec_->sample_aspect_ratio;
  encode(frame.get());
}

void Encoder::encode(const AVFrame* frame) {
  check(avcodec_send_frame(codec_.get(), frame), what_, "encoding");
  for (;;) {
    const int result = avcodec_receive_packet(codec_.get(), packet_.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
    check(result, what_, "encoding");
    packet_->duration = 1;
    filter(packet_.get());
  }
}

void Encoder::filter(AVPacket* packet) {
  if (!filter_) {
    if (packet != nullptr) mux(*packet);
    return;
  }
  check(av_bsf_send_packet(filter_.get(), packet), what_, "filtering");
  for (;;) {
    const int result = av_bsf_receive_packet(filter_.get(), packet_.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
    check(result, what_, "filtering");
    mux(*packet_);
  }
}

void Encoder::mux(AVPacket& packet) {
  packet.stream_index = stream_->index;
  av_packet_rescale_ts(&packet, codec_->time_base, stream_->time_base);
  check(av_interleaved_write_frame(format_.get(), &packet), what_, "writing");
}

std::string Encoder::finish() {
  encode(nullptr);
  filter(nullptr);
  check(av_write_trailer(format_.get()), what_, "writing the trailer");
  avio_flush(format_->pb);
  return file_.take();
}

}  // namespace ditto::media
