#include "media/memory_file.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace ditto::media {

MemoryFile::MemoryFile() : io_(open_view(writer_, true)) {
  if (io_ == nullptr) throw std::bad_alloc();
}

MemoryFile::~MemoryFile() { close_view(io_); }

AVIOContext* MemoryFile::open_view(View& view, bool writing) {
  constexpr int kBuffer = 1 << 16;
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
  if (buffer == nullptr) return nullptr;
  AVIOContext* io = avio_alloc_context(buffer, kBuffer, writing ? 1 : 0, &view,
                                       writing ? nullptr : read, writing ? write : nullptr, seek);
  if (io == nullptr) av_free(buffer);
  return io;
}

void MemoryFile::close_view(AVIOContext*& io) {
  if (io == nullptr) return;
  av_freep(&io->buffer);
  avio_context_free(&io);
}

int MemoryFile::read(void* opaque, std::uint8_t* buffer, int size) {
  auto& view = *static_cast<View*>(opaque);
  const std::string& bytes = view.file->bytes_;
  if (view.position >= bytes.size()) return AVERROR_EOF;
  const std::size_t count = std::min(static_cast<std::size_t>(size), bytes.size() - view.position);
  std::memcpy(buffer, bytes.data() + view.position, count);
  view.position += count;
  return static_cast<int>(count);
}

int MemoryFile::write(void* opaque, ff::WrittenByte* buffer, int size) {
  auto& view = *static_cast<View*>(opaque);
  std::string& bytes = view.file->bytes_;
  const std::size_t end = view.position + static_cast<std::size_t>(size);
  try {
    if (bytes.capacity() < end) bytes.reserve(std::max(end, 2 * bytes.capacity()));
    if (bytes.size() < end) bytes.resize(end);
  } catch (const std::bad_alloc&) {
    return AVERROR(ENOMEM);
  }
  std::memcpy(bytes.data() + view.position, buffer, static_cast<std::size_t>(size));
  view.position = end;
  return size;
}

std::int64_t MemoryFile::seek(void* opaque, std::int64_t offset, int whence) {
  auto& view = *static_cast<View*>(opaque);
  const auto size = static_cast<std::int64_t>(view.file->bytes_.size());
  whence &= ~AVSEEK_FORCE;
  if (whence == AVSEEK_SIZE) return size;
  if (whence == SEEK_CUR) offset += static_cast<std::int64_t>(view.position);
  if (whence == SEEK_END) offset += size;
  if (offset < 0) return AVERROR(EINVAL);
  view.position = static_cast<std::size_t>(offset);
  return offset;
}

int MemoryFile::reopen(AVFormatContext* format, AVIOContext** io, const char* /*url*/, int flags,
                       AVDictionary** /*options*/) {
  if ((flags & AVIO_FLAG_WRITE) != 0) return AVERROR(EINVAL);
  auto& file = *static_cast<MemoryFile*>(format->opaque);
  file.reader_.position = 0;
  *io = open_view(file.reader_, false);
  return *io == nullptr ? AVERROR(ENOMEM) : 0;
}

int MemoryFile::close(AVFormatContext* /*format*/, AVIOContext* io) {
  close_view(io);
  return 0;
}

void MemoryFile::attach(AVFormatContext& format) {
  format.pb = io_;
  format.flags |= AVFMT_FLAG_CUSTOM_IO;
  format.opaque = this;
  format.io_open = reopen;
  format.io_close2 = close;
}

std::string MemoryFile::take() { return std::move(bytes_); }

}  // namespace ditto::media
