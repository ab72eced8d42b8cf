#include "ditto/models/model.h"
#include "models/tokenizer.h"
#include "models/wan/umt5.h"

namespace ditto::models {

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all = {
      {kTokenizerClass, make_tokenizer},
      {"UMT5EncoderModel", wan::make_umt5_encoder},
  };
  return all;
}

}  // namespace ditto::models
