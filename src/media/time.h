#pragma once

#include <cstdint>
#include <optional>

#include "ditto/core/rational.h"

/// Times of pictures in exact arithmetic, and the choice of pictures for a constant rate. No files
/// and no libav types, so that the rules can be tested by themselves. Times are seconds.
namespace ditto::media {

/// -1, 0 or 1; exact for all values.
int compare(Rational a, Rational b);
inline bool operator<(Rational a, Rational b) { return compare(a, b) < 0; }
inline bool operator<=(Rational a, Rational b) { return compare(a, b) <= 0; }
Rational operator+(Rational a, Rational b);
Rational operator-(Rational a, Rational b);

/// a * b / c rounded down or up, without overflow in between; b and c are positive.
std::int64_t scale_down(std::int64_t a, std::int64_t b, std::int64_t c);
std::int64_t scale_up(std::int64_t a, std::int64_t b, std::int64_t c);

/// The output frames [begin, end) at rate `fps` that show a picture presented in [start, stop):
/// those n with start <= n / fps < stop.
struct FrameSpan {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
FrameSpan frames_shown(Rational start, Rational stop, Rational fps);

/// Gives the pictures of a stream, in display order, their time since the first of them.
///
/// - A timestamp that is missing or does not advance is replaced by the previous time plus the
///   nominal interval (so a stream without timestamps runs at its nominal rate).
/// - Where the nominal interval is no whole number of ticks, the muxer must have rounded: a time
///   within a tick or a millisecond of a multiple of the interval stands for that multiple.
///   Otherwise 30 frames a second stored in milliseconds (0 33 67 ...) could not be read back at
///   30 frames a second without repeating and dropping pictures.
/// - A jump forward of more than `kLongestJump` seconds in a container whose clock may be reset
///   (`discontinuous`) continues the previous time; in others, of more than `kLongestPicture`, it
///   is damage and the stream ends.
class PictureClock {
 public:
  static constexpr std::int64_t kLongestJump = 10;
  static constexpr std::int64_t kLongestPicture = 3600;

  struct Times {
    Rational start;
    Rational stop;  ///< by the picture's own duration; the next picture's start takes precedence
  };

  /// `nominal_rate` may be 0/1 when unknown: 25 is then assumed where it is needed.
  PictureClock(Rational time_base, Rational nominal_rate, bool discontinuous);

  /// Timestamp and duration in ticks. Empty when the stream ends here (see above).
  std::optional<Times> next(std::optional<std::int64_t> timestamp, std::int64_t duration);

  /// After a seek: the next picture may have any time, and its timestamp is taken as it is.
  void forget_previous() { previous_.reset(); }
  /// The timestamp in ticks at or before `time`.
  std::int64_t ticks_at(Rational time) const;

 private:
  Rational time_of(std::int64_t timestamp) const;
  Rational stop_of(Rational start, std::int64_t duration) const;

  Rational time_base_;
  Rational interval_;
  bool rounded_ = false;
  Rational tolerance_;
  bool discontinuous_;
  std::optional<std::int64_t> origin_;
  std::optional<Times> previous_;
};

}  // namespace ditto::media
