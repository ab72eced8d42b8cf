#include "models/qwen/network.h"

#include "ditto/core/files.h"

namespace ditto::models::qwen {
namespace {

constexpr std::string_view kTheirVisual = "model.visual.";
constexpr std::string_view kTheirText = "model.language_model.";
constexpr std::string_view kVisual = "visual.";
constexpr std::string_view kText = "model.";

bool has_module_names(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.starts_with(kTheirVisual) || name.starts_with(kTheirText);
  });
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

}  // namespace

Network::Network(const nn::Scope& scope, const Config& config)
    : config_(config),
      visual_(scope / "visual", config.vision),
      model_(scope / "model", config.text) {
  if (config.tie_word_embeddings) {
    head_ = model_.embedding_weight();
    (scope / "lm_head").tie("weight", "model.embed_tokens.weight");
  } else {
    head_ =
        (scope / "lm_head").parameter("weight", {config.text.vocab_size, config.text.hidden_size});
  }
}

at::Tensor Network::embed(const at::Tensor& ids, const at::Tensor& image_pixels,
                          const at::Tensor& video_pixels, const Media& media) const {
  const at::Tensor embedded = model_.embed(ids);
  const auto put = [&](const at::Tensor& pixels, const std::vector<Grid>& grids, std::int64_t token,
                       const char* kind) {
    if (!pixels.defined()) return;
    const at::Tensor places = ids.eq(token).nonzero().flatten();
    const at::Tensor tokens = visual_(pixels, grids);
    if (places.size(0) != tokens.size(0)) {
      throw Error(ErrorKind::kInput, "there are " + std::to_string(places.size(0)) + " " + kind +
                                         " tokens in input_ids and " +
                                         std::to_string(tokens.size(0)) + " in the grids");
    }
    embedded.index_copy_(0, places, tokens);
  };
  put(image_pixels, media.images, config_.image_token_id, "image");
  put(video_pixels, media.videos, config_.video_token_id, "video");
  return embedded;
}

std::vector<Layout> layouts() {
  return {{"transformers modules", has_module_names, from_module_name, nullptr, to_module_name}};
}

std::shared_ptr<const Network> load_network(const Source& source, const nn::Placement& placement,
                                            const nn::LoadOptions& options) {
  if (source.architecture->make != make_model) {
    throw Error(ErrorKind::kInput,
                source.config.file() + ": " + source.config.class_name() + " is no Qwen2.5-VL");
  }
  return translated(printable(source.path), [&] {
    const c10::InferenceMode inference;
    nn::Weights weights;
    auto network =
        std::make_shared<const Network>(nn::Scope(weights, placement), Config(source.config));
    read_weights(source, weights, options);
    return network;
  });
}

bool float8(const std::string& parameter) {
  return parameter.starts_with("model.layers.") && parameter.ends_with("_proj.weight");
}

}  // namespace ditto::models::qwen
