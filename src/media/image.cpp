#include <fmt/format.h>

#include <cmath>

#include "ditto/core/error.h"
#include "ditto/core/hash.h"
#include "ditto/media/media.h"
#include "media/scaler.h"

namespace ditto::media {
namespace {

[[noreturn]] void fail(const std::string& what, const std::string& reason) {
  throw Error(ErrorKind::kFatal, fmt::format("encoding a {}: {}", what, reason));
}

void check(int result, const std::string& what) {
  if (result < 0) fail(what, ff::error_text(result));
}

// A still image is one packet of an image codec, without any container.
std::string encode_image(const AVFrame& picture, const char* codec_name, int jpeg_scale,
                         const std::string& what) {
  ff::route_log();
  const AVCodec* codec = avcodec_find_encoder_by_name(codec_name);
  if (codec == nullptr) fail(what, "this FFmpeg has no such encoder");
  const ff::CodecContext context(avcodec_alloc_context3(codec));
  if (!context) throw std::bad_alloc();
  context->width = picture.width;
  context->height = picture.height;
  context->pix_fmt = static_cast<AVPixelFormat>(picture.format);
  context->time_base = AVRational{1, 25};
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_BITEXACT;
  if (jpeg_scale > 0) {
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = FF_QP2LAMBDA * jpeg_scale;
    context->color_range = AVCOL_RANGE_JPEG;
  }
  check(avcodec_open2(context.get(), codec, nullptr), what);
  check(avcodec_send_frame(context.get(), &picture), what);
  check(avcodec_send_frame(context.get(), nullptr), what);
  const ff::Packet packet = ff::make_packet();
  check(avcodec_receive_packet(context.get(), packet.get()), what);
  return std::string(reinterpret_cast<const char*>(packet->data),
                     static_cast<std::size_t>(packet->size));
}

ff::Frame copy_to_frame(const cv::Mat& image, AVPixelFormat format) {
  ff::Frame frame = make_picture(image.cols, image.rows, format);
  image.copyTo(cv::Mat(image.size(), image.type(), frame->data[0],
                       static_cast<std::size_t>(frame->linesize[0])));
  frame->pts = 0;
  return frame;
}

void hash_pixels(Sha256& hash, const cv::Mat& image) {
  hash.update(fmt::format("{}x{}x{}:{} ", image.cols, image.rows, image.channels(), image.depth()));
  for (int y = 0; y < image.rows; ++y) {
    hash.update(image.ptr(y), static_cast<std::size_t>(image.cols) * image.elemSize());
  }
}

}  // namespace

std::string encode_png(const cv::Mat& image) {
  if (image.empty() ||
      (image.type() != CV_8UC4 && image.type() != CV_8UC3 && image.type() != CV_8UC1)) {
    fail("PNG", "an 8-bit RGB, RGBA or grey image was expected");
  }
  AVPixelFormat format = AV_PIX_FMT_GRAY8;
  if (image.type() == CV_8UC3) format = AV_PIX_FMT_RGB24;
  if (image.type() == CV_8UC4) format = AV_PIX_FMT_RGBA;
  return encode_image(*copy_to_frame(image, format), "png", 0, "PNG");
}

std::string encode_jpeg(const cv::Mat& rgb, int quality) {
  if (rgb.empty() || rgb.type() != CV_8UC3) fail("JPEG", "an 8-bit RGB image was expected");
  if (quality < 1 || quality > 100) {
    fail("JPEG", fmt::format("quality is {}, 1 to 100 was expected", quality));
  }
  // JFIF: bt601, full range, chroma sited between luma samples.
  const ff::Scaler scaler = make_scaler(
      ScalerSide{rgb.cols, rgb.rows, AV_PIX_FMT_RGB24, SWS_CS_ITU601, true, {}},
      ScalerSide{rgb.cols, rgb.rows, AV_PIX_FMT_YUVJ420P, SWS_CS_ITU601, true, Siting{128, 128}},
      "a JPEG");
  const ff::Frame packed = copy_to_frame(rgb, AV_PIX_FMT_RGB24);
  const ff::Frame picture = make_picture(rgb.cols, rgb.rows, AV_PIX_FMT_YUVJ420P);
  run_scaler(*scaler, *packed, *picture, "a JPEG");
  picture->pts = 0;
  picture->color_range = AVCOL_RANGE_JPEG;
  // The encoder's scale runs from 1 (best) to 31.
  const int scale = static_cast<int>(std::lround(1.0 + (100 - quality) * 30.0 / 99.0));
  picture->quality = FF_QP2LAMBDA * scale;
  return encode_image(*picture, "mjpeg", scale, "JPEG");
}

std::string pixel_hash(const cv::Mat& image) {
  Sha256 hash;
  hash_pixels(hash, image);
  return hash.hex();
}

std::string pixel_hash(const Video& video) {
  Sha256 hash;
  const Rational fps = video.fps.reduced();
  hash.update(fmt::format("{} frames at {}/{} ", video.frames.size(), fps.num, fps.den));
  for (const cv::Mat& frame : video.frames) hash_pixels(hash, frame);
  return hash.hex();
}

}  // namespace ditto::media
