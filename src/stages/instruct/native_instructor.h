#pragma once

#include <memory>

#include "ditto/stages/instruct.h"

namespace ditto::stages {

/// Qwen2.5-VL in two steps, as the Ditto paper has it: what the clip shows, then instructions given
/// the clip and its caption, each for a task of the mix. What isn't usable is dropped and asked for
/// again. Throws Error(kUsage) naming the key for what can't work.
std::unique_ptr<Instructor> make_native_instructor(const config::Instruct& config);

}  // namespace ditto::stages
