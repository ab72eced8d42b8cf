#include "models/qwen/config.h"

#include <numeric>

namespace ditto::models::qwen {
namespace {

/// The language model's keys: a part of their own, or at the top.
ModelConfig text_part(const ModelConfig& config) {
  return config.has("text_config") ? config.part("text_config") : config;
}

std::string activation(const ModelConfig& config) {
  std::string name = config.text("hidden_act", "silu");
  if (name != "silu" && name != "gelu" && name != "gelu_pytorch_tanh") {
    config.fail("hidden_act", "is \"" + name + "\", which is not supported");
  }
  return name;
}

/// `rope_parameters` is transformers 5's name, `rope_scaling` the older one.
struct Rope {
  double theta;
  std::vector<std::int64_t> section;
};

Rope read_rope(const ModelConfig& config) {
  Rope rope = {config.number("rope_theta", 1e6), {16, 24, 24}};
  for (const char* key : {"rope_parameters", "rope_scaling"}) {
    if (!config.has(key)) continue;
    const ModelConfig part = config.part(key);
    const std::string type = part.text("rope_type", part.text("type", "default"));
    if (type != "default" && type != "mrope") {
      config.fail(key, "has the type \"" + type + "\", which is not supported");
    }
    rope.theta = part.number("rope_theta", rope.theta);
    rope.section = part.integers("mrope_section", rope.section, 0);
    break;
  }
  return rope;
}

/// As many as query heads where the config says null.
std::int64_t key_value_heads(const ModelConfig& config, std::int64_t heads) {
  const bool null = config.values().contains("num_key_value_heads");
  return config.integer("num_key_value_heads", null ? heads : 8);
}

void refuse_sliding_window(const ModelConfig& config, std::int64_t layers) {
  bool slides = config.flag("use_sliding_window", false) && config.has("sliding_window") &&
                config.integer("max_window_layers", 80, 0) < layers;
  if (config.has("layer_types")) {
    const nlohmann::json& types = config.values().at("layer_types");
    slides = !types.is_array() || std::any_of(types.begin(), types.end(), [](const auto& type) {
      return type != "full_attention";
    });
  }
  if (slides) config.fail("use_sliding_window", "is on, which is not supported");
}

}  // namespace

VisionConfig::VisionConfig(const ModelConfig& config)
    : depth(config.layers("depth", 32)),
      hidden_size(config.integer("hidden_size", 3584)),
      intermediate_size(config.integer("intermediate_size", 3420)),
      num_heads(config.integer("num_heads", 16)),
      out_hidden_size(config.integer("out_hidden_size", 3584)),
      in_channels(config.integer("in_channels", 3)),
      patch_size(config.integer("patch_size", 14)),
      temporal_patch_size(config.integer("temporal_patch_size", 2)),
      spatial_merge_size(config.integer("spatial_merge_size", 2)),
      window_size(config.integer("window_size", 112)),
      tokens_per_second(config.integer("tokens_per_second", 4, 0)),
      fullatt_block_indexes(config.integers("fullatt_block_indexes", {{7, 15, 23, 31}})),
      hidden_act(activation(config)),
      rope_theta(10000) {
  if (config.has("rope_parameters")) {
    rope_theta = config.part("rope_parameters").number("rope_theta", rope_theta);
  }
  if (hidden_size % num_heads != 0 || head_dim() % 4 != 0) {
    config.fail("hidden_size", "must give each of num_heads heads a multiple of 4");
  }
  if (window_tokens() < 1) config.fail("window_size", "must hold at least one merged patch");
}

TextConfig::TextConfig(const ModelConfig& config)
    : vocab_size(config.integer("vocab_size", 152064)),
      hidden_size(config.integer("hidden_size", 8192)),
      intermediate_size(config.integer("intermediate_size", 29568)),
      num_hidden_layers(config.layers("num_hidden_layers", 80)),
      num_attention_heads(config.integer("num_attention_heads", 64)),
      num_key_value_heads(key_value_heads(config, num_attention_heads)),
      hidden_act(activation(config)),
      rms_norm_eps(config.number("rms_norm_eps", 1e-5)) {
  Rope rope = read_rope(config);
  rope_theta = rope.theta;
  mrope_section = std::move(rope.section);
  if (hidden_size % num_attention_heads != 0 || head_dim() % 2 != 0) {
    config.fail("hidden_size", "must give each of num_attention_heads heads an even width");
  }
  if (num_attention_heads % num_key_value_heads != 0) {
    config.fail("num_attention_heads", "must be a multiple of num_key_value_heads");
  }
  const std::int64_t angles =
      std::accumulate(mrope_section.begin(), mrope_section.end(), std::int64_t{0});
  if (2 * angles != head_dim()) {
    config.fail("mrope_section",
                "must add up to " + std::to_string(head_dim() / 2) + ", half a head's width");
  }
  refuse_sliding_window(config, num_hidden_layers);
}

Config::Config(const ModelConfig& config)
    : vision(config.part("vision_config")),
      text(text_part(config)),
      image_token_id(config.integer("image_token_id", 151655, 0)),
      video_token_id(config.integer("video_token_id", 151656, 0)),
      tie_word_embeddings(config.flag("tie_word_embeddings", false) ||
                          text_part(config).flag("tie_word_embeddings", false)) {
  if (vision.out_hidden_size != text.hidden_size) {
    config.fail("vision_config", "has an out_hidden_size other than the language model's width");
  }
}

}  // namespace ditto::models::qwen
