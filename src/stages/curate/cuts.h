#pragma once

#include <vector>

#include "ditto/media/video.h"

namespace ditto::stages::curate {

/// Indices of the frames that begin another shot, found as curation finds them in a source;
/// `threshold` is its curate.shot_threshold. About 2 ms a frame.
std::vector<int> cuts_in(const media::Video& video, double threshold);

}  // namespace ditto::stages::curate
