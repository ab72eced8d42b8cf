#pragma once

#include <memory>

#include "ditto/stages/generate.h"

namespace ditto::stages {

/// The edit's own small model, fitted to the key frames, and optical flow that carries the rest
/// (docs/generate.md). Clips are one shot, keys of their size and the prepared ones. Throws
/// Error(kUsage) where the config's device can't compute.
std::unique_ptr<Generator> make_builtin_generator(const config::Generate& config, int threads);

}  // namespace ditto::stages
