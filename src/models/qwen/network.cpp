#include "models/qwen/network.h"

#include "ditto/core/files.h"
#include "ditto/nn/few_rows.h"

namespace ditto::models::qwen {
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

at::Tensor Network::logits(const at::Tensor& hidden) const {
  return nn::linear_of_few(hidden, head_, {});
}

at::Tensor Network::see(const at::Tensor& pixels, const std::vector<Grid>& grids) const {
  return pixels.defined() ? visual_(pixels, grids) : at::Tensor();
}

at::Tensor Network::embed(const at::Tensor& ids, const at::Tensor& image_tokens,
                          const at::Tensor& video_tokens) const {
  const at::Tensor embedded = model_.embed(ids);
  const auto put = [&](const at::Tensor& tokens, std::int64_t token, const char* kind) {
    if (!tokens.defined()) return;
    const at::Tensor places = ids.eq(token).nonzero().flatten();
    if (places.size(0) != tokens.size(0)) {
      throw Error(ErrorKind::kInput, "there are " + std::to_string(places.size(0)) + " " + kind +
                                         " tokens in input_ids and " +
                                         std::to_string(tokens.size(0)) + " in the grids");
    }
    embedded.index_copy_(0, places, tokens);
  };
  put(image_tokens, config_.image_token_id, "image");
  put(video_tokens, config_.video_token_id, "video");
  return embedded;
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
