#include "models/qwen/engine.h"
#include "models/qwen/generation_config.h"
#include "models/qwen/image_processor.h"

namespace ditto::models::qwen {
namespace {

Values forward(const Network& network, const Inputs& inputs) {
  Batch batch = read_batch(inputs, network);
  const std::int64_t rows = batch.rows();
  const std::int64_t length = batch.length();
  const std::int64_t keep = inputs.arguments().integer("logits_to_keep", 0, 0);

  TextInputs text;
  Positions positions;
  for (std::int64_t row = 0; row < rows; ++row) {
    append(positions, row_positions(batch, row, network.config()));
    const at::Tensor visible = batch.mask[row];
    const bool all = visible.all().item<bool>();
    text.segments.push_back({row, length, 0, all ? at::Tensor() : visible.to(network.device())});
  }
  text.positions = as_tensor(positions, network.device());
  text.embeddings =
      network.embed(batch.ids.flatten(), network.see(batch.image_pixels, batch.media.images),
                    network.see(batch.video_pixels, batch.media.videos));

  const at::Tensor hidden = network.language_model()(text).unflatten(0, {rows, length});
  const std::int64_t kept = keep == 0 ? length : std::min(keep, length);
  const at::Tensor logits = network.logits(hidden.narrow(1, length - kept, kept));
  return {{{"logits", logits}, {"last_hidden_state", hidden}}, {}};
}

/// As the reference infers it: padding is what has the padding's id, unless that is an end too.
void infer_mask(Batch& batch, const GenerationConfig& generation) {
  const auto& end = generation.end;
  if (!generation.has_pad || std::find(end.begin(), end.end(), generation.pad) != end.end()) return;
  batch.mask = batch.ids.ne(generation.pad).to(at::kCPU).contiguous();
}

Values generate(const Network& network, const GenerationConfig& generation, const Inputs& inputs) {
  Batch batch = read_batch(inputs, network);
  if (!inputs.has("attention_mask")) infer_mask(batch, generation);
  if (!batch.mask.select(1, batch.length() - 1).all().item<bool>()) {
    inputs.fail("attention_mask", "has padding behind a prompt; it must be before it");
  }
  Request request;
  request.sampling.repetition_penalty = generation.repetition_penalty;
  request.max_new_tokens = inputs.arguments().integer("max_new_tokens", generation.max_new_tokens);
  const std::vector<Request> requests(static_cast<std::size_t>(batch.rows()), request);
  BatchLimits limits;
  limits.rows = limits.prefill_rows = batch.rows();
  const std::vector<Completion> answers =
      Engine(network, {nullptr, generation.end}, limits)
          .answer(split_rows(batch, network.config()), requests);

  std::size_t longest = 0;
  for (const Completion& answer : answers) longest = std::max(longest, answer.ids.size());
  const at::Tensor drawn =
      at::full({batch.rows(), static_cast<std::int64_t>(longest)}, generation.pad, at::kLong);
  for (std::size_t row = 0; row < answers.size(); ++row) {
    std::copy(answers[row].ids.begin(), answers[row].ids.end(),
              drawn.data_ptr<std::int64_t>() + row * longest);
  }
  return {{{"sequences", at::cat({batch.ids.to(at::kCPU), drawn}, 1)}}, {}};
}

std::vector<std::string> joined(std::vector<std::string> names,
                                const std::vector<std::string>& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

}  // namespace

Model make_model(const Source& source, const nn::Placement& placement) {
  Model model;
  const Config config(source.config);
  const auto network = std::make_shared<const Network>(model.scope(placement), config);
  model.entries = {{"forward", batch_tensors(), joined(batch_arguments(), {"logits_to_keep"}),
                    [network](const Inputs& inputs) { return forward(*network, inputs); }},
                   {"generate", batch_tensors(), joined(batch_arguments(), {"max_new_tokens"}),
                    [network, generation = read_generation_config(source)](const Inputs& inputs) {
                      return generate(*network, generation, inputs);
                    }}};
  for (const char* file : {"preprocessor_config.json", "processor_config.json"}) {
    std::error_code ignored;
    if (!std::filesystem::exists(source.path / file, ignored)) continue;
    model.entries.push_back(make_preprocess_entry(source));
    break;
  }
  return model;
}

}  // namespace ditto::models::qwen
