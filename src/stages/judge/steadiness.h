#pragma once

#include "stages/judge/structure.h"

namespace ditto::stages::measure {

/// Areas of a global look that come and go: places whose colour changes over some frames in a way
/// that the source's own colour at the same place doesn't explain. A look that maps colours, hard
/// thresholds included, changes with its source; what its propagation gets wrong doesn't. Measured
/// where the source hardly changes, in place: under a moving camera nothing is found.
Finding find_unsteady_areas(const Sample& sample);

}  // namespace ditto::stages::measure
