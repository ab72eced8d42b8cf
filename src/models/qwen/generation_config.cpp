#include "models/qwen/generation_config.h"

#include <filesystem>

namespace ditto::models::qwen {
namespace {

/// Ids outside of the vocabulary are those of another one: they never come up.
std::vector<std::int64_t> read_ids(const ModelConfig& config, const std::string& key) {
  if (!config.has(key)) return {};
  const bool list = config.values().at(key).is_array();
  return list ? config.integers(key) : std::vector<std::int64_t>{config.integer(key, {}, 0)};
}

}  // namespace

GenerationConfig read_generation_config(const Source& source) {
  GenerationConfig generation;
  const std::filesystem::path file = source.path / "generation_config.json";
  std::error_code ignored;
  const bool own = std::filesystem::exists(file, ignored);
  const ModelConfig config = own ? ModelConfig::read(file) : source.config;
  const auto find = [&](const std::string& key) {
    std::vector<std::int64_t> ids = read_ids(config, key);
    if (ids.empty() && !own && config.has("text_config")) {
      ids = read_ids(config.part("text_config"), key);
    }
    return ids;
  };
  generation.end = find("eos_token_id");
  std::vector<std::int64_t> pad = find("pad_token_id");
  if (pad.empty()) pad = generation.end;
  generation.has_pad = !pad.empty();
  if (generation.has_pad) generation.pad = pad.front();
  if (!own) return generation;
  generation.repetition_penalty = config.number("repetition_penalty", 1);
  generation.max_new_tokens = config.integer("max_new_tokens", generation.max_new_tokens);
  return generation;
}

}  // namespace ditto::models::qwen
