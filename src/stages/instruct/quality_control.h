#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ditto/stages/instruct.h"

namespace ditto::stages::instructing {

struct Fault {
  std::string name;    ///< as InstructionDrop::fault
  std::string detail;  ///< a sentence that a person can check
};

/// What is wrong with an instruction that a model wrote for a clip with this caption, beside what
/// was asked for already. It looks at words alone: English, and no synonyms but for people. The
/// first fault that it finds, in the order of InstructionDrop's list; none where there is none.
std::optional<Fault> fault_of(const Instruction& instruction, const std::string& caption,
                              const std::vector<Instruction>& taken);

}  // namespace ditto::stages::instructing
