#include "media/ffmpeg.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <new>

#include "ditto/media/media.h"

namespace ditto::media {
namespace ff {
namespace {

// libav prints a line in pieces; what one thread has of it so far.
struct Line {
  std::string text;
  int print_prefix = 1;
};

void log_message(void* context, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_INFO || !spdlog::should_log(spdlog::level::debug)) return;
  thread_local Line line;
  std::array<char, 1024> piece{};
  av_log_format_line2(context, level, format, arguments, piece.data(),
                      static_cast<int>(piece.size()), &line.print_prefix);
  line.text += piece.data();
  if (line.text.empty() || line.text.back() != '\n') return;
  line.text.pop_back();
  spdlog::debug("ffmpeg: {}", line.text);
  line.text.clear();
}

}  // namespace

Frame make_frame() {
  Frame frame(av_frame_alloc());
  if (!frame) throw std::bad_alloc();
  return frame;
}

Packet make_packet() {
  Packet packet(av_packet_alloc());
  if (!packet) throw std::bad_alloc();
  return packet;
}

std::string error_text(int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return text.data();
}

void route_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(log_message); });
}

}  // namespace ff

std::string versions() {
  const auto text = [](const char* name, unsigned version) {
    return fmt::format("{} {}.{}.{}", name, AV_VERSION_MAJOR(version), AV_VERSION_MINOR(version),
                       AV_VERSION_MICRO(version));
  };
  return fmt::format("FFmpeg {} ({}, {}, {}, {}, {})", av_version_info(),
                     text("libavformat", avformat_version()), text("libavcodec", avcodec_version()),
                     text("libavfilter", avfilter_version()), text("libavutil", avutil_version()),
                     text("libswscale", swscale_version()));
}

}  // namespace ditto::media
