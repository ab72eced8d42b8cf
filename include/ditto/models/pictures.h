#pragma once

#include <cstdint>
#include <vector>

/// Pictures for those who have no tensors: without LibTorch's headers.
namespace ditto::models {

/// RGB pictures of one size, 8 bits a channel, one after the other.
struct Pictures {
  std::int64_t count = 0, height = 0, width = 0;
  std::vector<std::uint8_t> rgb;  ///< [count, height, width, 3]
};

}  // namespace ditto::models
