#pragma once

#include "ditto/models/checkpoints.h"
#include "ditto/models/vision_language_model.h"

namespace ditto::stages {

/// A section of the config, Instruct or Judge, whose native backend is the tiny Qwen2.5-VL with
/// random weights (tests/reference/agent.py).
template <class Section>
Section with_tiny_agent() {
  Section section;
  section.backend = "native";
  section.weights = DITTO_SOURCE_DIR "/tests/reference/fixtures/qwen2_5_vl-agent";
  section.dtype = "float32";
  section.device = "cpu";
  return section;
}

/// The model that a stage with this section has; the stage must be there.
template <class Section>
std::shared_ptr<const models::VisionLanguageModel> model_of(const Section& section) {
  return models::VisionLanguageModel::shared({.weights = models::find_checkpoint(section.weights),
                                              .device = section.device,
                                              .dtype = section.dtype,
                                              .slots = section.slots});
}

}  // namespace ditto::stages
