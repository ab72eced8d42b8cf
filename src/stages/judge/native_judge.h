#pragma once

#include <memory>

#include "ditto/stages/judge.h"

namespace ditto::stages {

/// Qwen2.5-VL on pairs of frames, as the Ditto paper's rejection sampling has it, for what passes
/// `checks`: each criterion's score is the mean of several answers. The judgement holds the checks'
/// scores and, behind them, the model's. Throws Error(kUsage) naming the key for what can't work.
std::unique_ptr<Judge> make_native_judge(const config::Judge& config,
                                         std::unique_ptr<Judge> checks);

}  // namespace ditto::stages
