#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/stages/instruct.h"
#include "stages/instruct/mix.h"

namespace ditto::stages::instructing {

/// Asks for one instruction of each of these tasks. `taken`: what there is already. Returns as many
/// instructions, in the order of the tasks.
using Proposer = std::function<std::vector<Instruction>(const std::vector<Task>& tasks,
                                                        const std::vector<Instruction>& taken)>;

/// Asks in rounds until there are `request.count` instructions that pass quality control. The tasks
/// are what is due. One that yields nothing usable in config.attempts rounds is given to another
/// and owed on. What doesn't pass is in `drops`.
Instructions collect(const std::string& caption, const InstructRequest& request, const Due& due,
                     const config::Instruct& config, const Proposer& propose);

}  // namespace ditto::stages::instructing
