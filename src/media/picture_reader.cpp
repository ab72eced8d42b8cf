#include "media/picture_reader.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "ditto/core/error.h"

namespace ditto::media {
namespace {

const AVCodec* choose_decoder(const Demuxer& demuxer) {
  const AVCodecID id = demuxer.stream().codecpar->codec_id;
  if (demuxer.has_side_alpha()) {
    // FFmpeg's own VP8 and VP9 decoders leave the alpha plane out.
    const char* name = id == AV_CODEC_ID_VP9   ? "libvpx-vp9"
                       : id == AV_CODEC_ID_VP8 ? "libvpx"
                                               : nullptr;
    const AVCodec* codec = name == nullptr ? nullptr : avcodec_find_decoder_by_name(name);
    if (codec != nullptr) return codec;
    spdlog::warn("{}: its alpha is ignored: this FFmpeg has no libvpx", demuxer.name());
  }
  return avcodec_find_decoder(id);
}

}  // namespace

PictureDecoder::PictureDecoder(Demuxer& demuxer) : demuxer_(demuxer) {
  const AVCodecParameters& parameters = *demuxer.stream().codecpar;
  const AVCodec* codec = choose_decoder(demuxer);
  if (codec == nullptr) {
    demuxer.fail(
        fmt::format("no decoder for its codec ({})", avcodec_get_name(parameters.codec_id)));
  }
  codec_.reset(avcodec_alloc_context3(codec));
  if (!codec_) throw std::bad_alloc();
  int result = avcodec_parameters_to_context(codec_.get(), &parameters);
  if (result >= 0) {
    codec_->pkt_timebase = demuxer.stream().time_base;
    codec_->thread_count = 1;
    codec_->max_pixels = kLargestPicture;
    result = avcodec_open2(codec_.get(), codec, nullptr);
  }
  if (result < 0) {
    demuxer.fail(fmt::format("the {} decoder refuses it: {}", codec->name, ff::error_text(result)));
  }
}

ff::Frame PictureDecoder::receive() {
  // While draining there are no packets to wait for: pass over what can't be decoded, but not for
  // ever.
  for (int attempt = 0; attempt < 100; ++attempt) {
    ff::Frame frame = ff::make_frame();
    const int result = avcodec_receive_frame(codec_.get(), frame.get());
    if (result == 0) return frame;
    if (result == AVERROR(ENOMEM)) throw std::bad_alloc();
    if (result == AVERROR_EOF || result == AVERROR(EAGAIN)) return nullptr;
    passed_over(result);
    if (!draining_) return nullptr;
  }
  return nullptr;
}

void PictureDecoder::send(const AVPacket* packet) {
  const int result = avcodec_send_packet(codec_.get(), packet);
  if (result == AVERROR(ENOMEM)) throw std::bad_alloc();
  if (result < 0 && packet != nullptr) passed_over(result);
}

void PictureDecoder::passed_over(int error) {
  complaint_ = ff::error_text(error);
  spdlog::debug("{}: a packet is passed over: {}", demuxer_.name(), complaint_);
}

ff::Frame PictureDecoder::next() {
  for (;;) {
    if (ff::Frame frame = receive()) {
      if (shown_from_ && frame->pts != AV_NOPTS_VALUE && frame->pts < *shown_from_) continue;
      return frame;
    }
    if (draining_) return nullptr;
    if (demuxer_.read(*packet_)) {
      send(packet_.get());
    } else {
      draining_ = true;
      send(nullptr);
    }
  }
}

bool PictureDecoder::seek(std::int64_t timestamp) {
  avcodec_flush_buffers(codec_.get());
  draining_ = false;
  shown_from_.reset();
  if (!demuxer_.seek(timestamp) || !demuxer_.read(*packet_)) return false;
  if ((packet_->flags & AV_PKT_FLAG_KEY) == 0 || packet_->pts == AV_NOPTS_VALUE) return false;
  shown_from_ = packet_->pts;
  send(packet_.get());
  return true;
}

PictureReader::PictureReader(std::filesystem::path path) : path_(std::move(path)) {
  open();
  read_first();
}

PictureReader::PictureReader(std::string_view bytes, std::string name)
    : bytes_(bytes), name_(std::move(name)) {
  open();
  read_first();
}

void PictureReader::open() {
  decoder_.reset();
  demuxer_ =
      path_.empty() ? std::make_unique<Demuxer>(bytes_, name_) : std::make_unique<Demuxer>(path_);
  decoder_ = std::make_unique<PictureDecoder>(*demuxer_);
  clock_.emplace(ff::from(demuxer_->stream().time_base), demuxer_->nominal_rate(),
                 demuxer_->discontinuous());
  deinterlacer_.reset(nullptr);
  timed_.clear();
  pending_.clear();
  ended_ = false;
}

void PictureReader::read_first() {
  if (!decode_one()) {
    const std::string& complaint = decoder_->complaint();
    demuxer_->fail("no picture of it can be decoded" +
                   (complaint.empty() ? complaint : " (" + complaint + ")"));
  }
  first_.reset(av_frame_clone(pending_.front().frame.get()));
  if (!first_) throw std::bad_alloc();
}

void PictureReader::add(ff::Frame frame) {
  if (frame) {
    // Streams without presentation times run at their nominal rate from the first picture on: the
    // decoder's own guess follows the coding order there.
    std::optional<std::int64_t> timestamp;
    if (frame->pts != AV_NOPTS_VALUE) {
      timestamp = frame->pts;
    } else if (!first_ && timed_.empty() && frame->best_effort_timestamp != AV_NOPTS_VALUE) {
      timestamp = frame->best_effort_timestamp;
    }
    if (const auto times = clock_->next(timestamp, ff::duration_of(*frame))) {
      timed_.push_back(Picture{nullptr, times->start, times->stop});
    } else {
      spdlog::warn("{}: ends at a picture that would be shown for more than {} s", demuxer_->name(),
                   PictureClock::kLongestPicture);
      frame.reset();
    }
  }
  ended_ = !frame;
  for (ff::Frame& ready : deinterlacer_.push(std::move(frame))) {
    Picture picture = std::move(timed_.front());
    timed_.pop_front();
    picture.frame = std::move(ready);
    pending_.push_back(std::move(picture));
  }
}

bool PictureReader::decode_one() {
  while (pending_.empty() && !ended_) add(decoder_->next());
  return !pending_.empty();
}

std::optional<Picture> PictureReader::next() {
  if (!decode_one()) return std::nullopt;
  Picture picture = std::move(pending_.front());
  pending_.pop_front();
  return picture;
}

bool PictureReader::seek_to(Rational time, Rational margin) {
  timed_.clear();
  pending_.clear();
  ended_ = false;
  deinterlacer_.reset(nullptr);
  clock_->forget_previous();
  if (!decoder_->seek(clock_->ticks_at(time - margin))) return false;
  ff::Frame frame = decoder_->next();
  if (!frame || !ff::is_key(*frame) || frame->pts == AV_NOPTS_VALUE) return false;
  if (ff::is_interlaced(*frame)) {
    // Only a neighbour of the next one: the picture before it is missing.
    clock_->next(frame->pts, ff::duration_of(*frame));
    deinterlacer_.reset(std::move(frame));
  } else {
    add(std::move(frame));
  }
  return decode_one() && pending_.front().start <= time;
}

void PictureReader::skip_to(Rational time) {
  if (!demuxer_->has_index() || time <= Rational{2, 1}) return;
  // Containers index by decoding time, and what they call a key picture need not be one: earlier
  // points are tried before decoding from the beginning.
  for (const std::int64_t margin : {0, 2, 10}) {
    if (Rational{margin, 1} < time && seek_to(time, Rational{margin, 1})) return;
  }
  spdlog::debug("{}: no index entry serves, decoding from the beginning", demuxer_->name());
  open();
}

}  // namespace ditto::media
