#include "ditto/stages/held_model.h"

#include <algorithm>

namespace ditto::stages {

std::vector<HeldModel> together(const std::vector<HeldModel>& held) {
  std::vector<HeldModel> out;
  for (const HeldModel& one : held) {
    const auto known = std::find_if(out.begin(), out.end(), [&](const HeldModel& other) {
      return other.weights == one.weights && other.device == one.device && other.dtype == one.dtype;
    });
    if (known == out.end()) {
      out.push_back(one);
    } else {
      known->cache_bytes = std::max(known->cache_bytes, one.cache_bytes);
    }
  }
  return out;
}

std::size_t host_bytes(const std::vector<HeldModel>& held) {
  std::size_t sum = 0;
  for (const HeldModel& one : held) {
    if (one.on_host) sum += one.weight_bytes + one.cache_bytes;
  }
  return sum;
}

}  // namespace ditto::stages
