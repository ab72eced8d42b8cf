#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ditto {

/// A counter-based random stream of (run seed, key, stage): the i-th draw is a function of these
/// and of i alone, so that results don't depend on order, threads or time. Cheap to copy.
class Stream {
 public:
  Stream(std::uint64_t run_seed, std::string_view key, std::string_view stage);

  std::uint64_t next();
  /// Uniform in [0, 1) with 53 bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform in 0 .. count-1; count must be positive.
  std::size_t index(std::size_t count);
  /// A seed for a generator of another library.
  std::uint64_t seed() const { return key_; }

 private:
  std::uint64_t key_;
  std::uint64_t counter_ = 0;
};

}  // namespace ditto
