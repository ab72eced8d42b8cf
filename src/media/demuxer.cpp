#include "media/demuxer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::media {

// Bytes in memory as a seekable file.
struct Demuxer::MemoryReader {
  std::string_view bytes;
  std::size_t position = 0;
  AVIOContext* io = nullptr;

  static int read(void* opaque, std::uint8_t* buffer, int size) {
    auto& self = *static_cast<MemoryReader*>(opaque);
    const std::size_t count =
        std::min(static_cast<std::size_t>(size), self.bytes.size() - self.position);
    if (count == 0) return AVERROR_EOF;
    std::memcpy(buffer, self.bytes.data() + self.position, count);
    self.position += count;
    return static_cast<int>(count);
  }

  static std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
    auto& self = *static_cast<MemoryReader*>(opaque);
    const auto size = static_cast<std::int64_t>(self.bytes.size());
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return size;
    if (whence == SEEK_CUR) offset += static_cast<std::int64_t>(self.position);
    if (whence == SEEK_END) offset += size;
    if (offset < 0 || offset > size) return AVERROR(EINVAL);
    self.position = static_cast<std::size_t>(offset);
    return offset;
  }
};

void Demuxer::FreeReader::operator()(MemoryReader* reader) const {
  if (reader->io != nullptr) {
    av_freep(&reader->io->buffer);
    avio_context_free(&reader->io);
  }
  delete reader;
}

namespace {

// Formats that open further files, or that take a file by its name alone.
bool reads_more_than_the_file(std::string_view name) {
  for (const std::string_view denied :
       {"concat", "concatf", "hls", "dash", "imf", "sdp", "rtsp", "rtp", "sap", "tty", "image2",
        "vapoursynth", "vobsub", "lavfi", "webm_dash_manifest", "ffmetadata"}) {
    if (name == denied) return true;
  }
  return false;
}

const std::string& allowed_formats() {
  static const std::string list = [] {
    std::string names;
    void* position = nullptr;
    while (const AVInputFormat* format = av_demuxer_iterate(&position)) {
      if (reads_more_than_the_file(format->name)) continue;
      if (!names.empty()) names += ',';
      names += format->name;
    }
    return names;
  }();
  return list;
}

bool is_cover_art(const AVStream& stream) {
  return (stream.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS |
                                AV_DISPOSITION_STILL_IMAGE)) != 0;
}

// The stream a player would show: the default one, then the largest, then the first.
AVStream* main_video(const AVFormatContext& format) {
  AVStream* best = nullptr;
  std::pair<bool, std::int64_t> best_rank;
  for (AVStream* stream : std::span(format.streams, format.nb_streams)) {
    const AVCodecParameters& codec = *stream->codecpar;
    if (codec.codec_type != AVMEDIA_TYPE_VIDEO || is_cover_art(*stream)) continue;
    const std::pair<bool, std::int64_t> rank{(stream->disposition & AV_DISPOSITION_DEFAULT) != 0,
                                             std::int64_t{codec.width} * codec.height};
    if (best == nullptr || rank > best_rank) {
      best = stream;
      best_rank = rank;
    }
  }
  return best;
}

}  // namespace

Demuxer::Demuxer(const std::filesystem::path& path) : name_(printable(path)) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (error) fail(error.message());
  if (!std::filesystem::is_regular_file(status)) fail("is not a regular file");
  open("file:" + path.native());
}

Demuxer::Demuxer(std::string_view bytes, std::string name)
    : name_(std::move(name)), reader_(new MemoryReader{bytes, 0, nullptr}) {
  constexpr int kBuffer = 1 << 16;
  auto* buffer = static_cast<unsigned char*>(av_malloc(kBuffer));
  if (buffer == nullptr) throw std::bad_alloc();
  reader_->io = avio_alloc_context(buffer, kBuffer, 0, reader_.get(), MemoryReader::read, nullptr,
                                   MemoryReader::seek);
  if (reader_->io == nullptr) {
    av_free(buffer);
    throw std::bad_alloc();
  }
  open("");
}

void Demuxer::open(const std::string& url) {
  ff::route_log();
  ff::Options options;
  options.set("protocol_whitelist", "file").set("format_whitelist", allowed_formats());
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) throw std::bad_alloc();
  if (reader_) context->pb = reader_->io;
  // On failure avformat_open_input frees the context itself.
  const int opened = avformat_open_input(&context, url.c_str(), nullptr, options.get());
  if (opened < 0) {
    fail(opened == AVERROR_INVALIDDATA || opened == AVERROR_EOF || opened == AVERROR(EINVAL)
             ? "is not a video file, or its header is missing or damaged"
             : "can't be opened: " + ff::error_text(opened));
  }
  format_.reset(context);

  refuse_huge();
  // Streams are analysed by decoding a little of them: refuse what could not be decoded first.
  std::vector<ff::Options> analysis(format_->nb_streams);
  std::vector<AVDictionary*> dictionaries;
  for (ff::Options& one : analysis) {
    one.set("max_pixels", std::to_string(kLargestPicture)).set("threads", "1");
    dictionaries.push_back(*one.get());
  }
  const int found = avformat_find_stream_info(format_.get(),
                                              dictionaries.empty() ? nullptr : dictionaries.data());
  for (std::size_t i = 0; i < analysis.size(); ++i) *analysis[i].get() = dictionaries[i];
  if (found < 0) fail("its streams can't be read: " + ff::error_text(found));

  refuse_huge();
  stream_ = main_video(*format_);
  if (stream_ == nullptr) fail("has no video stream");
  for (AVStream* stream : std::span(format_->streams, format_->nb_streams)) {
    if (stream != stream_) stream->discard = AVDISCARD_ALL;
  }
}

void Demuxer::refuse_huge() const {
  const AVStream* stream = main_video(*format_);
  if (stream == nullptr) return;
  const AVCodecParameters& codec = *stream->codecpar;
  if (codec.width <= kLargestSide && codec.height <= kLargestSide &&
      std::int64_t{codec.width} * codec.height <= kLargestPicture) {
    return;
  }
  fail(fmt::format("declares pictures of {}x{}; at most {} a side and {} pixels are read",
                   codec.width, codec.height, kLargestSide, kLargestPicture));
}

bool Demuxer::read(AVPacket& packet) {
  for (;;) {
    av_packet_unref(&packet);
    const int result = av_read_frame(format_.get(), &packet);
    if (result < 0) {
      // Damage in the data is the end of it; a device that fails is not to be taken for that.
      const int device = format_->pb != nullptr ? format_->pb->error : 0;
      if (device < 0 && device != AVERROR_EOF && device != AVERROR_INVALIDDATA) {
        fail("reading failed: " + ff::error_text(device));
      }
      if (result != AVERROR_EOF) {
        spdlog::debug("{}: ends early: {}", name_, ff::error_text(result));
      }
      return false;
    }
    if (packet.stream_index != stream_->index) continue;
    // The last packet of a file that was cut off. Broadcast streams flag packets for less.
    if ((packet.flags & AV_PKT_FLAG_CORRUPT) != 0 && !discontinuous()) continue;
    return true;
  }
}

bool Demuxer::seek(std::int64_t timestamp) {
  return av_seek_frame(format_.get(), stream_->index, timestamp, AVSEEK_FLAG_BACKWARD) >= 0;
}

Rational Demuxer::nominal_rate() const {
  const AVRational rate = av_guess_frame_rate(format_.get(), stream_, nullptr);
  return rate.num > 0 && rate.den > 0 ? ff::from(rate) : Rational{0, 1};
}

bool Demuxer::has_index() const {
  const std::string_view format = format_->iformat->name;
  return format.starts_with("mov,") || format.starts_with("matroska,");
}

bool Demuxer::has_side_alpha() const {
  const AVDictionaryEntry* entry = av_dict_get(stream_->metadata, "alpha_mode", nullptr, 0);
  return entry != nullptr && std::string_view(entry->value) == "1";
}

void Demuxer::fail(const std::string& reason) const {
  throw Error(ErrorKind::kInput, name_ + ": " + reason);
}

}  // namespace ditto::media
