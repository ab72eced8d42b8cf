#include "stages/native/vision_language.h"

#include "ditto/models/checkpoints.h"
#include "stages/native/config_fault.h"

namespace ditto::stages {

StageModel open_vision_language_model(const std::string& stage, const std::string& weights,
                                      const std::string& device, const std::string& dtype) {
  const std::string key = stage + ".weights";
  if (weights.empty()) {
    throw Error(ErrorKind::kUsage, key +
                                       ": the native backend needs the directory of a Qwen2.5-VL "
                                       "checkpoint, or its name in the Hugging Face cache");
  }
  return as_config_fault(key, [&] {
    StageModel opened;
    opened.model = models::VisionLanguageModel::shared(
        {.weights = models::find_checkpoint(weights), .device = device, .dtype = dtype});
    opened.digest = opened.model->digest();
    return opened;
  });
}

}  // namespace ditto::stages
