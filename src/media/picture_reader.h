#pragma once

#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "media/deinterlacer.h"
#include "media/demuxer.h"
#include "media/time.h"

namespace ditto::media {

/// A decoded picture in display order. `start` counts from the stream's first picture.
struct Picture {
  ff::Frame frame;
  Rational start;
  Rational stop;  ///< by its own duration; the next picture's start takes precedence
};

/// Packets of one stream to frames, on one thread. Damaged packets are passed over.
class PictureDecoder {
 public:
  explicit PictureDecoder(Demuxer& demuxer);
  /// The next frame in display order; null at the end.
  ff::Frame next();
  /// Continues at the random access point at or before `timestamp`. Frames displayed before that
  /// point are passed over: they may refer to pictures that were not decoded. False: can't be had.
  bool seek(std::int64_t timestamp);
  /// What the decoder said last about a packet it could not use; empty when it used them all.
  const std::string& complaint() const { return complaint_; }

 private:
  ff::Frame receive();
  void passed_over(int error);
  void send(const AVPacket* packet);

  Demuxer& demuxer_;
  ff::CodecContext codec_;
  ff::Packet packet_ = ff::make_packet();
  bool draining_ = false;
  std::optional<std::int64_t> shown_from_;
  std::string complaint_;
};

/// The pictures of a file with their times, deinterlaced where they are flagged as interlaced.
class PictureReader {
 public:
  /// Decodes the first picture. Throws Error(kInput) when there is none.
  explicit PictureReader(std::filesystem::path path);
  /// `bytes` must outlive the reader.
  PictureReader(std::string_view bytes, std::string name);

  const Demuxer& demuxer() const { return *demuxer_; }
  /// The stream's first picture: it starts the clock and tells the display size.
  const AVFrame& first() const { return *first_; }

  std::optional<Picture> next();
  /// For use before the first next(): passes over pictures that end before `time`, where the
  /// container's index saves decoding them; those after are the same as without it.
  void skip_to(Rational time);

 private:
  void open();
  void read_first();
  bool seek_to(Rational time, Rational margin);
  bool decode_one();
  void add(ff::Frame frame);

  std::filesystem::path path_;
  std::string_view bytes_;
  std::string name_;
  std::unique_ptr<Demuxer> demuxer_;
  std::unique_ptr<PictureDecoder> decoder_;
  std::optional<PictureClock> clock_;
  Deinterlacer deinterlacer_;
  std::deque<Picture> timed_;    ///< inside the deinterlacer: times without frames
  std::deque<Picture> pending_;  ///< ready
  ff::Frame first_;
  bool ended_ = false;
};

}  // namespace ditto::media
