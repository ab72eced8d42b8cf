#pragma once

#include "ditto/models/model.h"

namespace ditto::models::qwen {

/// What transformers' generate() takes from generation_config.json, or, where there is none, from
/// config.json.
struct GenerationConfig {
  std::vector<std::int64_t> end;  ///< eos_token_id: one or several
  std::int64_t pad = 0;           ///< fills up the rows that end early
  bool has_pad = false;
  double repetition_penalty = 1;
  std::int64_t max_new_tokens = 20;  ///< GenerationMixin's default
};

GenerationConfig read_generation_config(const Source& source);

}  // namespace ditto::models::qwen
