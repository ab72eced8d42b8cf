#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "media/ffmpeg.h"

namespace ditto::media {

/// Declared sizes beyond these are refused before anything is allocated for them.
constexpr int kLargestSide = 16384;
constexpr std::int64_t kLargestPicture = 100'000'000;  // pixels

/// A container opened for its one main video stream. Errors are Error(kInput) naming the file.
/// Only regular files are opened, through the "file" protocol alone, and no format that reads
/// other files (playlists, image sequences).
class Demuxer {
 public:
  explicit Demuxer(const std::filesystem::path& path);
  /// `bytes` must outlive the demuxer; `name` is for messages.
  Demuxer(std::string_view bytes, std::string name);
  Demuxer(const Demuxer&) = delete;
  Demuxer& operator=(const Demuxer&) = delete;

  /// The next packet of the video stream; false at the end. A damaged container ends where nothing
  /// more can be read; a failing disk throws.
  bool read(AVPacket& packet);
  /// Goes to the last random access point at or before `timestamp` (ticks) that the index knows.
  bool seek(std::int64_t timestamp);

  const AVStream& stream() const { return *stream_; }
  const AVFormatContext& format() const { return *format_; }
  const std::string& name() const { return name_; }
  /// Frames a second as declared or guessed; 0/1 when nothing is known.
  Rational nominal_rate() const;
  /// The container indexes its pictures by presentation time.
  bool has_index() const;
  /// The container's clock may be reset in the middle.
  bool discontinuous() const { return (format_->iformat->flags & AVFMT_TS_DISCONT) != 0; }
  /// VP8 and VP9 in Matroska keep their alpha beside the picture.
  bool has_side_alpha() const;

  [[noreturn]] void fail(const std::string& reason) const;

 private:
  struct MemoryReader;
  struct FreeReader {
    void operator()(MemoryReader* reader) const;
  };

  void open(const std::string& url);
  void refuse_huge() const;

  std::string name_;
  std::unique_ptr<MemoryReader, FreeReader> reader_;
  ff::InputFormat format_;
  AVStream* stream_ = nullptr;
};

}  // namespace ditto::media
