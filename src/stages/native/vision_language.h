#pragma once

#include <memory>
#include <string>

#include "ditto/models/vision_language_model.h"

namespace ditto::stages {

/// A stage's model, and the digest of its weights.
struct StageModel {
  std::shared_ptr<const models::VisionLanguageModel> model;
  std::string digest;
};

/// Stages that name the same model have it together. What is wrong with it is a fault of the config
/// and comes out before any work: throws Error(kUsage) naming the stage's key.
StageModel open_vision_language_model(const std::string& stage, const std::string& weights,
                                      const std::string& device, const std::string& dtype);

}  // namespace ditto::stages
