#pragma once

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

}  // namespace ditto::stages
