#pragma once

#include <string>

#include "ditto/core/error.h"

namespace ditto::stages {

/// The result of work on a stage's weights. What is wrong with them is a fault of the config and
/// has to come out before any work: an Error(kInput) becomes Error(kUsage) that begins with `key`.
template <class F>
auto as_config_fault(const std::string& key, F&& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    throw Error(ErrorKind::kUsage, key + ": " + error.what());
  }
}

}  // namespace ditto::stages
