#include "media/time.h"

#include <algorithm>

namespace ditto::media {
namespace {

__extension__ using Wide = __int128;

// Sums are brought down to 64 bits by reducing; the inputs' denominators are small enough for it.
Rational narrow(Wide num, Wide den) {
  Wide a = num < 0 ? -num : num;
  Wide b = den;
  while (b != 0) {
    const Wide remainder = a % b;
    a = b;
    b = remainder;
  }
  if (a == 0) return Rational{0, 1};
  return Rational{static_cast<std::int64_t>(num / a), static_cast<std::int64_t>(den / a)};
}

// Timestamps beyond this come from damaged files; arithmetic on them would overflow.
constexpr std::int64_t kLargestTimestamp = std::int64_t{1} << 52;

}  // namespace

int compare(Rational a, Rational b) {
  const Wide left = static_cast<Wide>(a.num) * b.den;
  const Wide right = static_cast<Wide>(b.num) * a.den;
  return left < right ? -1 : (left > right ? 1 : 0);
}

Rational operator+(Rational a, Rational b) {
  return narrow(static_cast<Wide>(a.num) * b.den + static_cast<Wide>(b.num) * a.den,
                static_cast<Wide>(a.den) * b.den);
}

Rational operator-(Rational a, Rational b) { return a + Rational{-b.num, b.den}; }

std::int64_t scale_down(std::int64_t a, std::int64_t b, std::int64_t c) {
  const Wide product = static_cast<Wide>(a) * b;
  Wide quotient = product / c;
  if (product % c < 0) --quotient;
  return static_cast<std::int64_t>(quotient);
}

std::int64_t scale_up(std::int64_t a, std::int64_t b, std::int64_t c) {
  return -scale_down(-a, b, c);
}

FrameSpan frames_shown(Rational start, Rational stop, Rational fps) {
  const auto first_at_or_after = [&](Rational time) {
    return scale_up(time.num, fps.num, time.den * fps.den);
  };
  return FrameSpan{first_at_or_after(start), first_at_or_after(stop)};
}

PictureClock::PictureClock(Rational time_base, Rational nominal_rate, bool discontinuous)
    : time_base_(time_base.reduced()), discontinuous_(discontinuous) {
  const bool known = nominal_rate.num > 0 && nominal_rate.den > 0;
  interval_ = known ? Rational{nominal_rate.den, nominal_rate.num}.reduced() : Rational{1, 25};
  if (!known) return;
  const Rational ticks = narrow(static_cast<Wide>(interval_.num) * time_base_.den,
                                static_cast<Wide>(interval_.den) * time_base_.num);
  rounded_ = ticks.den != 1;
  tolerance_ = Rational{1, 1000};
  if (tolerance_ < time_base_) tolerance_ = time_base_;
  // A clock that is coarse beside the interval says nothing about multiples of it.
  if (Rational{interval_.num, interval_.den * 4} < tolerance_) rounded_ = false;
}

Rational PictureClock::time_of(std::int64_t timestamp) const {
  const Rational time =
      narrow(static_cast<Wide>(timestamp - *origin_) * time_base_.num, time_base_.den);
  if (!rounded_) return time;
  const std::int64_t multiple = scale_down(time.num, interval_.den, time.den * interval_.num);
  for (const std::int64_t k : {multiple, multiple + 1}) {
    const Rational exact = narrow(static_cast<Wide>(k) * interval_.num, interval_.den);
    const Rational error = exact < time ? time - exact : exact - time;
    if (error <= tolerance_) return exact;
  }
  return time;
}

Rational PictureClock::stop_of(Rational start, std::int64_t duration) const {
  if (duration <= 0 || duration > kLargestTimestamp) return start + interval_;
  Rational length = narrow(static_cast<Wide>(duration) * time_base_.num, time_base_.den);
  const Rational error = length < interval_ ? interval_ - length : length - interval_;
  if (rounded_ && error <= tolerance_) length = interval_;
  return start + (length <= Rational{kLongestPicture, 1} ? length : interval_);
}

std::optional<PictureClock::Times> PictureClock::next(std::optional<std::int64_t> timestamp,
                                                      std::int64_t duration) {
  if (timestamp && (*timestamp > kLargestTimestamp || *timestamp < -kLargestTimestamp)) {
    timestamp.reset();
  }
  if (!origin_) origin_ = timestamp.value_or(0);
  const std::int64_t ticks = timestamp.value_or(*origin_);
  Rational start;
  if (timestamp) start = time_of(ticks);
  if (previous_) {
    const Rational expected = previous_->start + interval_;
    if (!timestamp || start <= previous_->start) {
      // A clock that was set back far starts anew from here; a small step back is one bad
      // timestamp.
      if (timestamp && discontinuous_ && start + Rational{kLongestJump, 1} < previous_->start) {
        *origin_ += ticks - ticks_at(expected);
      }
      start = expected;
    } else if (discontinuous_ && previous_->start + Rational{kLongestJump, 1} < start) {
      *origin_ += ticks - ticks_at(expected);
      start = expected;
    } else if (previous_->start + Rational{kLongestPicture, 1} < start) {
      return std::nullopt;
    }
  }
  previous_ = Times{start, stop_of(start, duration)};
  return previous_;
}

std::int64_t PictureClock::ticks_at(Rational time) const {
  return origin_.value_or(0) + scale_down(time.num, time_base_.den, time.den * time_base_.num);
}

}  // namespace ditto::media
