#include "stages/native/vision_language.h"

#include "ditto/core/hash.h"
#include "ditto/models/checkpoints.h"
#include "stages/native/config_fault.h"

namespace ditto::stages {

std::vector<HeldModel> StageModel::held_for(const models::ShownSize& shown) const {
  HeldModel one = held;
  one.cache_bytes = model->cache_bytes(shown);
  return {one};
}

StageModel open_vision_language_model(const std::string& stage, const std::string& weights,
                                      const std::string& device, const std::string& dtype,
                                      int slots) {
  const std::string key = stage + ".weights";
  if (weights.empty()) {
    throw Error(ErrorKind::kUsage, key +
                                       ": the native backend needs the directory of a Qwen2.5-VL "
                                       "checkpoint, or its name in the Hugging Face cache");
  }
  return as_config_fault(key, [&] {
    StageModel opened;
    opened.model = models::VisionLanguageModel::shared({.weights = models::find_checkpoint(weights),
                                                        .device = device,
                                                        .dtype = dtype,
                                                        .slots = slots});
    opened.digest = sha256_hex(opened.model->digest() + " " + std::to_string(slots));
    opened.held = {.weights = weights,
                   .device = device,
                   .dtype = dtype,
                   .on_host = opened.model->on_cpu(),
                   .weight_bytes = opened.model->weight_bytes()};
    return opened;
  });
}

}  // namespace ditto::stages
