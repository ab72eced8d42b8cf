#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>

namespace ditto {

/// An exact ratio, for frame rates and time bases. `den` is positive.
struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;

  double value() const { return static_cast<double>(num) / static_cast<double>(den); }
  Rational reduced() const {
    const std::int64_t g = std::gcd(num, den);
    return g == 0 ? *this : Rational{num / g, den / g};
  }
  friend bool operator==(const Rational& a, const Rational& b) {
    return a.num * b.den == b.num * a.den;
  }
};

/// The frame rate that a decimal stands for: 29.97 is 30000/1001 and 23.976 is 24000/1001, others
/// are exact to three decimals.
inline Rational frame_rate_from(double fps) {
  const double ntsc = fps * 1.001;
  const std::int64_t rounded = std::llround(ntsc);
  const double error = ntsc - static_cast<double>(rounded);
  const double integer_error = fps - static_cast<double>(std::llround(fps));
  if (error < 0.001 && error > -0.001 && (integer_error > 0.001 || integer_error < -0.001)) {
    return Rational{rounded * 1000, 1001};
  }
  return Rational{std::llround(fps * 1000.0), 1000}.reduced();
}

}  // namespace ditto
