#pragma once

#include "dataset/merge_plan.h"

namespace ditto::dataset {

/// Refuses an output that holds something else than an earlier merge of the same directories;
/// throws Error(kUsage) telling what it found. Writes OUT/joined.json. For merges that are not in
/// place.
void claim_output(const MergePlan& plan);

/// The files that come along when the output is another directory: clips.jsonl,
/// clips.dropped.jsonl and run.json. With `only_compare`, nothing is written and the answer is
/// whether everything is in place; else always true. Throws Error(kFatal) when two directories have
/// different clips under one id.
bool bring_along(const MergePlan& plan, bool only_compare);

}  // namespace ditto::dataset
