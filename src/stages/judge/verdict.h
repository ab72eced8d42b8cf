#pragma once

#include "ditto/config/config.h"
#include "ditto/stages/judge.h"
#include "stages/judge/findings.h"

namespace ditto::stages::measure {

/// The judgement of a sample whose frames don't even fit the source's: a fault word and a sentence.
Judgement rejected_by_rule(const std::string& fault, const std::string& sentence);

/// Scores by criterion, and the reasons in the order of cause: a fault comes before those that are
/// its effects, and otherwise the worst first. `instruction_assessed`: whether something was
/// measured that tells what the edit should be.
Judgement judgement_from(const std::vector<Finding>& findings, bool instruction_assessed,
                         const std::vector<float>& confidence, const config::Judge& limits);

}  // namespace ditto::stages::measure
