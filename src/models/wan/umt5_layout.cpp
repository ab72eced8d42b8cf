#include "ditto/nn/checkpoint.h"
#include "models/wan/umt5.h"

namespace ditto::models::wan {
namespace {

struct Pair {
  std::string_view original, ours;
};

constexpr Pair kOutsideBlocks[] = {
    {"token_embedding.weight", "shared.weight"},
    {"norm.weight", "encoder.final_layer_norm.weight"},
};

/// Beneath "blocks.N." and "encoder.block.N.layer.".
constexpr Pair kInBlocks[] = {
    {"norm1.weight", "0.layer_norm.weight"},
    {"attn.q.weight", "0.SelfAttention.q.weight"},
    {"attn.k.weight", "0.SelfAttention.k.weight"},
    {"attn.v.weight", "0.SelfAttention.v.weight"},
    {"attn.o.weight", "0.SelfAttention.o.weight"},
    {"pos_embedding.embedding.weight", "0.SelfAttention.relative_attention_bias.weight"},
    {"norm2.weight", "1.layer_norm.weight"},
    {"ffn.gate.0.weight", "1.DenseReluDense.wi_0.weight"},
    {"ffn.fc1.weight", "1.DenseReluDense.wi_1.weight"},
    {"ffn.fc2.weight", "1.DenseReluDense.wo.weight"},
};

/// The tokenizer's model, which ComfyUI's files hold too.
constexpr std::string_view kTokenizer = "spiece_model";

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::binary_search(names.begin(), names.end(), name);
}

bool is_original(const std::vector<std::string>& names) {
  return has(names, kOutsideBlocks[0].original) && has(names, "blocks.0.ffn.gate.0.weight");
}

bool is_ours(const std::vector<std::string>& names) {
  return has(names, "encoder.block.0.layer.1.DenseReluDense.wi_0.weight") &&
         !has(names, "decoder.block.0.layer.0.layer_norm.weight");
}

/// A tensor beside a weight ("ffn.fc1.weight_scale", "ffn.fc1.scale_weight") goes with it.
std::string translated(std::string_view rest, std::span<const Pair> pairs, std::string_view start) {
  for (const Pair& pair : pairs) {
    const std::string_view module = pair.original.substr(0, pair.original.rfind('.') + 1);
    if (!rest.starts_with(module)) continue;
    const std::string_view ours = pair.ours.substr(0, pair.ours.rfind('.') + 1);
    return std::string(start).append(ours).append(rest.substr(module.size()));
  }
  return {};
}

std::string to_ours(const std::string& name) {
  if (name == kTokenizer) return {};
  constexpr std::string_view kBlocks = "blocks.";
  std::string found;
  if (name.starts_with(kBlocks)) {
    const std::size_t dot = name.find('.', kBlocks.size());
    if (dot == std::string::npos) return name;
    const std::string block = name.substr(kBlocks.size(), dot - kBlocks.size());
    found = translated(std::string_view(name).substr(dot + 1), kInBlocks,
                       "encoder.block." + block + ".layer.");
  } else {
    found = translated(name, kOutsideBlocks, "");
  }
  return found.empty() ? name : found;
}

std::string same(const std::string& name) { return name == kTokenizer ? std::string() : name; }

/// The config of the encoder that these shapes describe; a size that isn't known is 1, which fits
/// nothing, so that the comparison with the network says what is wrong.
nlohmann::json config_of(const nn::Checkpoint& checkpoint) {
  std::map<std::string, std::vector<std::int64_t>> shapes;
  const bool original = is_original(checkpoint.names());
  for (const std::string& name : checkpoint.names()) {
    shapes[original ? to_ours(name) : name] = checkpoint.info(name).shape;
  }
  const auto size = [&](const std::string& name, std::size_t axis) {
    const auto found = shapes.find(name);
    const bool known = found != shapes.end() && axis < found->second.size();
    return known ? std::max<std::int64_t>(1, found->second[axis]) : std::int64_t{1};
  };
  const std::string first = "encoder.block.0.layer.";
  const std::string bias = first + "0.SelfAttention.relative_attention_bias.weight";
  const std::int64_t heads = size(bias, 1);
  std::int64_t layers = 0;
  while (shapes.contains("encoder.block." + std::to_string(layers) +
                         ".layer.0.SelfAttention.q.weight")) {
    ++layers;
  }
  const std::string embedding =
      shapes.contains("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight";
  return {{"architectures", nlohmann::json::array({"UMT5EncoderModel"})},
          {"model_type", "umt5"},
          {"vocab_size", size(embedding, 0)},
          {"d_model", size(embedding, 1)},
          {"d_kv", std::max<std::int64_t>(1, size(first + "0.SelfAttention.q.weight", 0) / heads)},
          {"d_ff", size(first + "1.DenseReluDense.wi_0.weight", 0)},
          {"num_layers", std::max<std::int64_t>(1, layers)},
          {"num_heads", heads},
          {"relative_attention_num_buckets", std::max<std::int64_t>(4, size(bias, 0))},
          {"feed_forward_proj", "gated-gelu"}};
}

}  // namespace

bool umt5_float8(const std::string& parameter) {
  return parameter.ends_with(".weight") &&
         (parameter.find(".DenseReluDense.") != std::string::npos ||
          (parameter.find(".SelfAttention.") != std::string::npos &&
           parameter.find("relative_attention_bias") == std::string::npos));
}

std::vector<Layout> umt5_layouts() {
  return {{"original Wan", is_original, to_ours, config_of}, {"", is_ours, same, config_of}};
}

}  // namespace ditto::models::wan
