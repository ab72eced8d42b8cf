#include "ditto/core/random.h"

#include <cassert>

#include "ditto/core/hash.h"

namespace ditto {
namespace {

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection with good avalanche.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

Stream::Stream(std::uint64_t run_seed, std::string_view key, std::string_view stage) {
  const std::string digest =
      sha256_hex(fmt::format("{}\n{}\n{}", run_seed, std::string(key), std::string(stage)));
  key_ = std::stoull(digest.substr(0, 16), nullptr, 16);
}

std::uint64_t Stream::next() { return mix(key_ + 0x9e3779b97f4a7c15ULL * ++counter_); }

double Stream::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::size_t Stream::index(std::size_t count) {
  assert(count > 0);
  return static_cast<std::size_t>(uniform() * static_cast<double>(count));
}

}  // namespace ditto
