#include "ditto/models/model.h"
#include "models/qwen/image_processor.h"
#include "models/qwen/names.h"
#include "models/qwen/network.h"
#include "models/schedulers/schedulers.h"
#include "models/tokenizer.h"
#include "models/wan/autoencoder.h"
#include "models/wan/original_names.h"
#include "models/wan/pipeline.h"
#include "models/wan/transformer.h"
#include "models/wan/transformer_config.h"
#include "models/wan/umt5.h"
#include "models/wan/vace.h"

namespace ditto::models {

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all = {
      {"AutoencoderKLWan", wan::make_autoencoder, {wan::original_autoencoder_layout()}},
      {"FlowMatchEulerDiscreteScheduler", make_scheduler},
      {"Qwen2_5_VLForConditionalGeneration", qwen::make_model, qwen::layouts(), qwen::float8},
      {"Qwen2VLImageProcessor", qwen::make_processor},
      {kTokenizerClass, make_tokenizer},
      {"UMT5EncoderModel", wan::make_umt5_encoder, wan::umt5_layouts(), wan::umt5_float8},
      {"UniPCMultistepScheduler", make_scheduler},
      {"VaceWanModel",
       wan::make_vace_transformer,
       {wan::original_layout()},
       wan::float8,
       wan::diffusers_config},
      {"WanModel",
       wan::make_transformer,
       {wan::original_layout()},
       wan::float8,
       wan::diffusers_config},
      {"WanPipeline", wan::make_pipeline},
      {"WanTransformer3DModel",
       wan::make_transformer,
       {wan::original_layout(), wan::diffusers_layout()},
       wan::float8},
      {"WanVACEPipeline", wan::make_pipeline},
      {"WanVACETransformer3DModel",
       wan::make_vace_transformer,
       {wan::original_layout(), wan::diffusers_layout(), wan::vace_module_layout()},
       wan::float8},
  };
  return all;
}

const Architecture* find_architecture(std::string_view class_name) {
  for (const Architecture& one : architectures()) {
    if (one.class_name == class_name) return &one;
  }
  return nullptr;
}

}  // namespace ditto::models
