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

/// The part of the clip with this ordinal when each has `count` instructions.
TaskCounts planned_for_clip(std::int64_t ordinal, int count, const config::Instruct& config);

/// Whether the config asks for the task at all.
bool is_wanted(Task task, const config::Instruct& config);

/// The task that the next instruction should have, and those to try in its place, best first:
/// what is owed most; where that can't be had, another of its kind; then the rest. `owed` as in
/// InstructRequest.
std::vector<Task> preferences(const TaskCounts& owed, const config::Instruct& config);

}  // namespace ditto::stages::instructing
