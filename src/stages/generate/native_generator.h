#pragma once

#include <memory>

#include "ditto/stages/generate.h"

namespace ditto::stages {

/// Wan's VACE, as the Ditto paper has it: the edited key frame is the reference for the
/// appearance, a control video made from the clip gives structure and motion, and the instruction
/// is the prompt. All frames are generated, the key frame too. Calls wait for each other: one set
/// of networks serves all. Clips are one shot, and keys of their size. Throws Error(kUsage) naming
/// the key for what can't work.
std::unique_ptr<Generator> make_native_generator(const config::Generate& config);

}  // namespace ditto::stages
