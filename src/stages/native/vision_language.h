#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ditto/models/vision_language_model.h"
#include "ditto/stages/held_model.h"

namespace ditto::stages {

/// A stage's model, and the digest of its weights and of what else changes its answers.
struct StageModel {
  std::shared_ptr<const models::VisionLanguageModel> model;
  std::string digest;
  HeldModel held;  ///< but for the cache

  std::vector<HeldModel> held_for(const models::ShownSize& shown) const;
};

/// Stages that name the same model have it together. What is wrong with it is a fault of the config
/// and comes out before any work: throws Error(kUsage) naming the stage's key.
StageModel open_vision_language_model(const std::string& stage, const std::string& weights,
                                      const std::string& device, const std::string& dtype,
                                      int slots);
template <class Section>
StageModel open_vision_language_model(const std::string& stage, const Section& c) {
  return open_vision_language_model(stage, c.weights, c.device, c.dtype, c.slots);
}

}  // namespace ditto::stages
