#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ditto/dataset/sample.h"

namespace ditto::dataset {

/// Frames of a sample as JPEG data URIs, none wider or higher than 320 pixels.
struct ExampleFrames {
  struct Moment {
    std::string label;  ///< "first", "key", "last" with the frame's number
    std::string source;
    std::string edited;
  };
  std::vector<Moment> moments;
  int width = 0;
  int height = 0;
};

/// Takes the first, the key and the last frame out of the sample's shard. Throws Error when they
/// can't be had.
ExampleFrames example_frames(const std::filesystem::path& out, const SampleRecord& record);

}  // namespace ditto::dataset
