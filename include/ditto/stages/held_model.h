#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace ditto::stages {

/// A network that stages hold for as long as they live. Those that name the same weights, device
/// and dtype hold it together.
struct HeldModel {
  std::string weights;  ///< as the config names them
  std::string device, dtype;
  bool on_host = false;          ///< its bytes are this machine's memory, not a device's
  std::size_t weight_bytes = 0;  ///< known from the files
  std::size_t cache_bytes = 0;   ///< keys and values of all slots, pictures seen; from above
};

/// Each network once, with the largest cache that one of the stages wants.
std::vector<HeldModel> together(const std::vector<HeldModel>& held);
/// Of this machine's memory.
std::size_t host_bytes(const std::vector<HeldModel>& held);

}  // namespace ditto::stages
