#include "models/qwen/names.h"

#include <algorithm>

#include "ditto/core/files.h"

namespace ditto::models::qwen {
namespace {

constexpr std::string_view kTheirVisual = "model.visual.";
constexpr std::string_view kTheirText = "model.language_model.";
constexpr std::string_view kVisual = "visual.";
constexpr std::string_view kText = "model.";

/// Of all published sizes.
constexpr std::int64_t kHead = 128;
constexpr std::int64_t kVisionHead = 80;

bool has_module_names(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.starts_with(kTheirVisual) || name.starts_with(kTheirText);
  });
}

bool has_published_names(const std::vector<std::string>& names) {
  const auto has = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  return has("visual.patch_embed.proj.weight") && has("model.embed_tokens.weight") &&
         has("model.layers.0.self_attn.q_proj.weight");
}

std::string replaced(const std::string& name, std::string_view from, std::string_view to) {
  return std::string(to).append(name.substr(from.size()));
}

std::string from_module_name(const std::string& name) {
  if (name.starts_with(kTheirVisual)) return replaced(name, kTheirVisual, kVisual);
  if (name.starts_with(kTheirText)) return replaced(name, kTheirText, kText);
  return name;
}

std::string to_module_name(const std::string& name) {
  if (name.starts_with(kVisual)) return replaced(name, kVisual, kTheirVisual);
  if (name.starts_with(kText)) return replaced(name, kText, kTheirText);
  return name;
}

std::string same_name(const std::string& name) { return name; }

/// Sizes from a checkpoint's shapes.
class Shapes {
 public:
  Shapes(const nn::Checkpoint& checkpoint, std::string visual, std::string text)
      : checkpoint_(checkpoint), visual_(std::move(visual)), text_(std::move(text)) {}

  nlohmann::json config() const {
    const std::int64_t hidden = text("embed_tokens.weight", 1);
    const std::int64_t keys = text("layers.0.self_attn.k_proj.weight", 0);
    const std::int64_t vision_hidden = vision("patch_embed.proj.weight", 0);
    return {{"architectures", {"Qwen2_5_VLForConditionalGeneration"}},
            {"model_type", "qwen2_5_vl"},
            {"vocab_size", text("embed_tokens.weight", 0)},
            {"hidden_size", hidden},
            {"intermediate_size", text("layers.0.mlp.gate_proj.weight", 0)},
            {"num_hidden_layers", count(text_ + "layers.")},
            {"num_attention_heads", heads(hidden, kHead, "model.embed_tokens.weight")},
            {"num_key_value_heads", heads(keys, kHead, "self_attn.k_proj.weight")},
            {"rms_norm_eps", 1e-6},
            {"rope_theta", 1e6},
            {"rope_scaling", {{"type", "mrope"}, {"mrope_section", {16, 24, 24}}}},
            {"tie_word_embeddings", !checkpoint_.contains("lm_head.weight")},
            {"vision_config",
             {{"depth", count(visual_ + "blocks.")},
              {"hidden_size", vision_hidden},
              {"num_heads", heads(vision_hidden, kVisionHead, "visual.patch_embed.proj.weight")},
              {"intermediate_size", vision("blocks.0.mlp.gate_proj.weight", 0)},
              {"out_hidden_size", vision("merger.mlp.2.weight", 0)},
              {"in_channels", vision("patch_embed.proj.weight", 1)},
              {"temporal_patch_size", vision("patch_embed.proj.weight", 2)},
              {"patch_size", vision("patch_embed.proj.weight", 3)},
              {"window_size", 112},
              {"tokens_per_second", 2},
              {"fullatt_block_indexes", {7, 15, 23, 31}}}}};
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kInput, printable(checkpoint_.files().front().path()) + ": " + problem +
                                       "; put its config.json beside it");
  }

  std::int64_t size(const std::string& name, std::size_t axis) const {
    if (!checkpoint_.contains(name)) fail("there is no " + name + " to tell the network's size");
    const auto& shape = checkpoint_.info(name).shape;
    if (axis >= shape.size()) fail(name + " has too few dimensions");
    return shape[axis];
  }
  std::int64_t text(const std::string& name, std::size_t axis) const {
    return size(text_ + name, axis);
  }
  std::int64_t vision(const std::string& name, std::size_t axis) const {
    return size(visual_ + name, axis);
  }

  std::int64_t heads(std::int64_t width, std::int64_t head, const char* name) const {
    if (width % head != 0 || width == 0) {
      fail(std::string(name) + " is " + std::to_string(width) +
           " wide, which isn't a number of heads of " + std::to_string(head) +
           ", as the published networks have them");
    }
    return width / head;
  }

  /// One more than the largest number behind the prefix.
  std::int64_t count(const std::string& prefix) const {
    std::int64_t most = 0;
    for (const std::string& name : checkpoint_.names()) {
      if (!name.starts_with(prefix)) continue;
      std::int64_t number = 0;
      for (std::size_t i = prefix.size(); i < name.size() && std::isdigit(name[i]) != 0; ++i) {
        number = std::min<std::int64_t>(10 * number + (name[i] - '0'), 1 << 20);
      }
      most = std::max(most, number + 1);
    }
    return most;
  }

  const nn::Checkpoint& checkpoint_;
  std::string visual_, text_;
};

nlohmann::json config_of_modules(const nn::Checkpoint& checkpoint) {
  return Shapes(checkpoint, std::string(kTheirVisual), std::string(kTheirText)).config();
}

nlohmann::json config_of_published(const nn::Checkpoint& checkpoint) {
  return Shapes(checkpoint, std::string(kVisual), std::string(kText)).config();
}

}  // namespace

std::vector<Layout> layouts() {
  return {{"transformers modules", has_module_names, from_module_name, config_of_modules,
           to_module_name},
          {"", has_published_names, same_name, config_of_published}};
}

}  // namespace ditto::models::qwen
