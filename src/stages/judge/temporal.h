#pragma once

#include "stages/judge/structure.h"

namespace ditto::stages::measure {

/// What is seen when the edit is followed along the source's motion: how strong it is at each
/// frame, flicker beyond the source's, texture that boils, and a local edit outside its region.
std::vector<Finding> follow_edit(const Sample& sample, const config::Judge& limits);

}  // namespace ditto::stages::measure
