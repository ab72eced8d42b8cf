#include "models/wan/transformer_config.h"

#include <algorithm>

namespace ditto::models::wan {
namespace {

constexpr std::int64_t kClipDim = 1280;    // of the image encoder of Wan2.1's image-to-video models
constexpr std::int64_t kClipTokens = 257;  // of one image

/// Wan2.1's image-to-video models have an image embedder, Wan2.2's don't, and their configs say the
/// same: the checkpoint tells.
bool has_image_embedder(const Source& source) {
  std::error_code ignored;
  if (std::filesystem::is_directory(source.path, ignored) && !nn::Checkpoint::exists(source.path)) {
    return true;
  }
  const std::vector<std::string> names = nn::Checkpoint(source.path).names();
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find("img_emb.") != std::string::npos ||
           name.find("image_embedder.") != std::string::npos;
  });
}

}  // namespace

TransformerConfig::TransformerConfig(const Source& source) {
  const ModelConfig& config = source.config;
  const std::string name = config.class_name();
  const bool original = name == "WanModel" || name == "VaceWanModel";
  read_patch_size(config);
  if (original) {
    read_original(source);
  } else {
    read_diffusers(config);
  }
  if (name == "WanVACETransformer3DModel") {
    read_vace_layers(config, {0, 5, 10, 15, 20, 25, 30, 35});
    vace_in_channels = config.integer("vace_in_channels", 96);
  } else if (name == "VaceWanModel") {
    std::vector<std::int64_t> every_other;
    for (std::int64_t i = 0; i < num_layers; i += 2) every_other.push_back(i);
    read_vace_layers(config, every_other);
    vace_in_channels = config.integer("vace_in_dim", in_channels);
  }
  if (attention_head_dim % 2 != 0) {
    config.fail(original ? "dim" : "attention_head_dim", "must give heads of even width");
  }
}

void TransformerConfig::read_diffusers(const ModelConfig& config) {
  num_attention_heads = config.integer("num_attention_heads", 40);
  attention_head_dim = config.integer("attention_head_dim", 128);
  in_channels = config.integer("in_channels", 16);
  out_channels = config.integer("out_channels", in_channels);
  text_dim = config.integer("text_dim", 4096);
  freq_dim = config.integer("freq_dim", 256, 2);
  ffn_dim = config.integer("ffn_dim", 13824);
  num_layers = config.layers("num_layers", 40);
  cross_attn_norm = config.flag("cross_attn_norm", true);
  qk_norm = true;  // diffusers makes these norms whatever its qk_norm says
  eps = config.number("eps", 1e-6);
  rope_max_seq_len = config.integer("rope_max_seq_len", 1024);
  image_dim = config.integer("image_dim", 0, 0);
  added_kv_proj_dim = config.integer("added_kv_proj_dim", 0, 0);
  pos_embed_seq_len = config.integer("pos_embed_seq_len", 0, 0);
}

void TransformerConfig::read_original(const Source& source) {
  const ModelConfig& config = source.config;
  const std::int64_t width = config.integer("dim", 2048);
  num_attention_heads = config.integer("num_heads", 16);
  if (width % num_attention_heads != 0) config.fail("dim", "must be a multiple of num_heads");
  attention_head_dim = width / num_attention_heads;
  in_channels = config.integer("in_dim", 16);
  out_channels = config.integer("out_dim", 16);
  text_dim = config.integer("text_dim", 4096);
  freq_dim = config.integer("freq_dim", 256, 2);
  ffn_dim = config.integer("ffn_dim", 8192);
  num_layers = config.layers("num_layers", 32);
  cross_attn_norm = config.flag("cross_attn_norm", true);
  qk_norm = config.flag("qk_norm", true);
  eps = config.number("eps", 1e-6);
  rope_max_seq_len = 1024;
  const std::string type = config.text("model_type", "t2v");
  if ((type == "i2v" || type == "flf2v") && has_image_embedder(source)) {
    image_dim = kClipDim;
    added_kv_proj_dim = width;
    if (type == "flf2v") pos_embed_seq_len = 2 * kClipTokens;
  }
}

void TransformerConfig::read_patch_size(const ModelConfig& config) {
  const std::vector<std::int64_t> sizes = config.integers("patch_size", {{1, 2, 2}}, 1, 64);
  if (sizes.size() != patch_size.size()) config.fail("patch_size", "must hold three sizes");
  std::copy(sizes.begin(), sizes.end(), patch_size.begin());
}

void TransformerConfig::read_vace_layers(const ModelConfig& config,
                                         std::vector<std::int64_t> otherwise) {
  vace_layers = config.integers("vace_layers", std::move(otherwise), 0, num_layers - 1);
  std::sort(vace_layers.begin(), vace_layers.end());
  if (vace_layers.empty() || vace_layers.front() != 0) {
    config.fail("vace_layers", "must hold layer 0");
  }
  if (std::adjacent_find(vace_layers.begin(), vace_layers.end()) != vace_layers.end()) {
    config.fail("vace_layers", "holds a layer twice");
  }
}

std::array<std::int64_t, 3> TransformerConfig::rope_dims() const {
  const std::int64_t space = 2 * (attention_head_dim / 6);
  return {attention_head_dim - 2 * space, space, space};
}

nlohmann::json diffusers_config(const Source& source) {
  const TransformerConfig config(source);
  if (!config.qk_norm) source.config.fail("qk_norm", "is off, which diffusers' config can't say");
  const auto or_null = [](std::int64_t size) {
    return size == 0 ? nlohmann::json() : nlohmann::json(size);
  };
  nlohmann::json json = {
      {"_class_name", "WanTransformer3DModel"},
      {"patch_size", config.patch_size},
      {"num_attention_heads", config.num_attention_heads},
      {"attention_head_dim", config.attention_head_dim},
      {"in_channels", config.in_channels},
      {"out_channels", config.out_channels},
      {"text_dim", config.text_dim},
      {"freq_dim", config.freq_dim},
      {"ffn_dim", config.ffn_dim},
      {"num_layers", config.num_layers},
      {"cross_attn_norm", config.cross_attn_norm},
      {"qk_norm", "rms_norm_across_heads"},
      {"eps", config.eps},
      {"rope_max_seq_len", config.rope_max_seq_len},
      {"image_dim", or_null(config.image_dim)},
      {"added_kv_proj_dim", or_null(config.added_kv_proj_dim)},
      {"pos_embed_seq_len", or_null(config.pos_embed_seq_len)},
  };
  if (!config.vace_layers.empty()) {
    json["_class_name"] = "WanVACETransformer3DModel";
    json["vace_layers"] = config.vace_layers;
    json["vace_in_channels"] = config.vace_in_channels;
  }
  return json;
}

bool float8(const std::string& parameter) {
  const bool in_block = parameter.starts_with("blocks.") || parameter.starts_with("vace_blocks.");
  return in_block && parameter.ends_with(".weight") &&
         (parameter.find(".attn1.to_") != std::string::npos ||
          parameter.find(".ffn.net.") != std::string::npos);
}

}  // namespace ditto::models::wan
