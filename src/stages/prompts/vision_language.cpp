#include "stages/prompts/vision_language.h"

#include "ditto/core/error.h"
#include "ditto/models/checkpoints.h"

namespace ditto::stages {

std::shared_ptr<const models::VisionLanguageModel> open_vision_language_model(
    const std::string& stage, const std::string& weights, const std::string& device,
    const std::string& dtype) {
  if (weights.empty()) {
    throw Error(ErrorKind::kUsage, stage +
                                       ".weights: the native backend needs the directory of a "
                                       "Qwen2.5-VL checkpoint, or its name in the Hugging Face "
                                       "cache");
  }
  try {
    return models::VisionLanguageModel::shared(
        {.weights = models::find_checkpoint(weights), .device = device, .dtype = dtype});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    throw Error(ErrorKind::kUsage, stage + ".weights: " + error.what());
  }
}

}  // namespace ditto::stages
