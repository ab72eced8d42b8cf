#include "ditto/text/tokenizer.h"
#include "models/qwen/engine.h"
#include "models/qwen/generation_config.h"

namespace ditto::models::qwen {

Generator::Generator(std::shared_ptr<const Network> network,
                     std::shared_ptr<const text::ByteVocabulary> vocabulary,
                     std::vector<std::int64_t> stop_ids, const BatchLimits& limits)
    : network_(std::move(network)),
      vocabulary_(std::move(vocabulary)),
      engine_(std::make_unique<Engine>(*network_, Meaning{vocabulary_.get(), std::move(stop_ids)},
                                       limits)) {}

Generator::Generator(Generator&&) noexcept = default;
Generator& Generator::operator=(Generator&&) noexcept = default;
Generator::~Generator() = default;

Generator Generator::load(const std::filesystem::path& directory, const nn::Placement& placement,
                          const BatchLimits& limits, const nn::LoadOptions& options) {
  const Source source = find_model(directory);
  std::shared_ptr<const Network> network = load_network(source, placement, options);
  const std::int64_t size = network->config().text.vocab_size;
  return Generator(std::move(network),
                   std::make_shared<const text::ByteVocabulary>(
                       text::ByteVocabulary::of(text::Tokenizer::open(directory), size)),
                   read_generation_config(source).end, limits);
}

at::Tensor Generator::see(const at::Tensor& pixels, const at::Tensor& grid, bool video) const {
  const c10::InferenceMode inference;
  const at::Tensor sizes = grid.to(at::kCPU, at::kLong).contiguous();
  const auto* size = sizes.const_data_ptr<std::int64_t>();
  const std::int64_t values = network_->config().vision.patch_elements();
  if (pixels.size(1) != values) {
    throw Error(ErrorKind::kInput, "the picture processor makes patches of " +
                                       std::to_string(pixels.size(1)) +
                                       " values, the network takes " + std::to_string(values));
  }
  return engine_->see(pixels.to(network_->device()), {size[0], size[1], size[2]}, video);
}

std::shared_ptr<const Prefix> Generator::prefix(const Prompt& prompt,
                                                std::shared_ptr<const Prefix> base) const {
  const c10::InferenceMode inference;
  return engine_->prefix(read_prompt(prompt, *network_), base.get());
}

std::vector<Completion> Generator::answer(const std::vector<Request>& requests) const {
  const c10::InferenceMode inference;
  std::vector<PromptPart> parts;
  for (const Request& request : requests) parts.push_back(read_prompt(request.prompt, *network_));
  return engine_->answer(parts, requests);
}

Work Generator::work() const { return engine_->work(); }

}  // namespace ditto::models::qwen
