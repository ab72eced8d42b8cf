#pragma once

#include <cstdint>

#include "ditto/config/config.h"
#include "ditto/stages/instruct.h"

/// The configured mix of tasks as whole numbers.
namespace ditto::stages::instructing {

/// How many of each task the first `n` instructions of a run are to hold: the configured fractions
/// by repeated rounding (global or local, style or environment, one local task after another), so
/// that the numbers sum to n, never fall as n grows, and stay within 2 of n times their share.
/// When no local task has a weight, all are global.
std::array<std::int64_t, kTasks> planned(std::int64_t n, const config::Instruct& config);

/// What a clip's instructions are chosen by.
struct Due {
  TaskCounts owed = {};   ///< the clip's own part of the plan and what earlier clips left over
  TaskCounts ahead = {};  ///< what may be given now of later clips' part
};
/// A look or an addition suits almost any clip; the other tasks need something in it to be changed,
/// so one of each is given ahead while a clip offers it, if a later clip's part
/// (InstructRequest::clips_after) has one.
Due due(std::int64_t ordinal, const InstructRequest& request, const config::Instruct& config);

/// Whether the config asks for the task at all.
bool is_wanted(Task task, const config::Instruct& config);

/// The task that the next instruction should have, and those to try in its place: what is owed, or
/// may be given ahead, most comes first.
std::vector<Task> preferences(const Due& due, const config::Instruct& config);

}  // namespace ditto::stages::instructing
