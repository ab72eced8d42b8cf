#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "media/ffmpeg.h"

namespace ditto::media {

/// A file in memory that libav writes, seeks in and, for moving an mp4's index to the front, opens
/// a second time for reading.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Makes `format` write here. The file must outlive it.
  void attach(AVFormatContext& format);
  /// What was written; leaves nothing behind.
  std::string take();

 private:
  struct View {
    MemoryFile* file;
    std::size_t position = 0;
  };
  static int read(void* opaque, std::uint8_t* buffer, int size);
  static int write(void* opaque, ff::WrittenByte* buffer, int size);
  static std::int64_t seek(void* opaque, std::int64_t offset, int whence);
  static int reopen(AVFormatContext* format, AVIOContext** io, const char* url, int flags,
                    AVDictionary** options);
  static int close(AVFormatContext* format, AVIOContext* io);
  static AVIOContext* open_view(View& view, bool writing);
  static void close_view(AVIOContext*& io);

  std::string bytes_;
  View writer_{this};
  View reader_{this};
  AVIOContext* io_ = nullptr;
};

}  // namespace ditto::media
