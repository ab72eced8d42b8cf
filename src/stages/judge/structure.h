#pragma once

#include "ditto/config/config.h"
#include "ditto/stages/judge.h"
#include "stages/judge/findings.h"
#include "stages/judge/series.h"

namespace ditto::stages::measure {

/// What is judged, at the measuring size.
struct Sample {
  Series source;
  Series edited;
  int key = 0;         ///< the reference frame: the key frame, or the middle when unknown
  cv::Mat edited_key;  ///< CV_8UC3; empty when unknown
  cv::Mat region;  ///< CV_8UC1, 255 where a local edit lies on the key frame; empty: everywhere or
                   ///< unknown
  cv::Mat around;  ///< the region with a margin, outside of which nothing is meant to change
  const Instruction& instruction;

  std::size_t key_index() const { return static_cast<std::size_t>(key); }
};

/// Black or missing frames, a frozen picture, another clip, a shift in time, a shift in space.
std::vector<Finding> compare_structure(const Sample& sample, const config::Judge& limits);

}  // namespace ditto::stages::measure
