#include "ditto/models/vision_language_model.h"

#include <ATen/Functions.h>

#include <mutex>
#include <optional>

#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/models/checkpoints.h"
#include "ditto/models/qwen.h"
#include "ditto/nn/device.h"
#include "ditto/nn/dtype.h"
#include "ditto/text/chat.h"
#include "ditto/text/tokenizer.h"
#include "models/qwen/config.h"
#include "models/qwen/image_processor.h"
#include "models/qwen/kv_cache.h"
#include "models/qwen/seen_pictures.h"

namespace ditto::models {
namespace {

constexpr const char* kClass = "Qwen2_5_VLForConditionalGeneration";
constexpr const char* kEndOfMessage = "<|im_end|>\n";
constexpr double kSampledFps = 2;  // qwen_vl_utils' default, which the model was trained with

Source source_of(const std::filesystem::path& path) {
  Source source = find_model(path);
  if (source.architecture->class_name != kClass) {
    throw Error(ErrorKind::kInput, printable(path) + " holds the class " +
                                       std::string(source.architecture->class_name) + "; a " +
                                       kClass + " is needed");
  }
  if (!text::Tokenizer::found_in(path)) {
    throw Error(ErrorKind::kInput, printable(path) + " has no tokenizer beside the network");
  }
  return source;
}

/// Taken for a prompt's text and its answer, when memory is planned.
constexpr std::int64_t kTextTokens = 2048;
/// Of pictures that are kept for more questions: 64 of 512 tokens.
constexpr std::int64_t kSeenTokens = 1 << 15;

/// Special tokens in what people and models write would end messages and stand for pictures.
std::string without_special_tokens(std::string text) {
  for (std::size_t at = text.find("<|"); at != std::string::npos; at = text.find("<|", at + 2)) {
    text.insert(at + 1, " ");
  }
  return text;
}

void bound_pixels(qwen::ProcessorConfig& config, std::int64_t max_pixels) {
  if (max_pixels <= 0) return;
  config.max_pixels = std::min(config.max_pixels, max_pixels);
  config.min_pixels = std::min(config.min_pixels, config.max_pixels);
}

/// Which frames of a video are taken: `part` is a MessagePart or a ShownSize.
template <class Part>
qwen::FrameSampling sampling_of(const qwen::ProcessorConfig& config, std::int64_t frames,
                                const Part& part) {
  const std::int64_t pair = config.temporal_patch_size;
  if (part.frames <= 0 || frames < pair) return {.fps = kSampledFps, .source_fps = part.fps};
  qwen::FrameSampling sampling;
  sampling.num_frames = std::clamp(std::int64_t{part.frames}, pair, frames / pair * pair);
  return sampling;
}

/// The pictures of a conversation, as the network takes them.
class PromptPictures {
 public:
  PromptPictures(const qwen::ProcessorConfig& images, const qwen::ProcessorConfig& videos,
                 at::Device device, const qwen::Generator& generator, qwen::SeenPictures& seen)
      : images_(images), videos_(videos), device_(device), generator_(generator), seen_(seen) {}

  text::ChatPart add(const MessagePart& part) {
    const bool video = part.fps > 0;
    if (!video && part.pictures.count != 1) {
      throw Error(ErrorKind::kInput, "a still is one picture");
    }
    const std::string key = key_of(part);
    std::optional<qwen::Seen> seen = seen_.find(key);
    if (!seen) {
      seen = video ? see_video(part) : see_image(part);
      seen_.keep(key, *seen);
    }
    Shown& shown = video ? shown_videos_ : shown_images_;
    shown.tokens.push_back(seen->tokens);
    shown.grids.push_back(seen->grid);
    shown.seconds.push_back(seen->seconds);
    const std::int64_t count = seen->tokens.size(0);
    return video ? text::ChatPart::video(count) : text::ChatPart::image(count);
  }

  void give_to(qwen::Prompt& prompt) const {
    if (!shown_images_.tokens.empty()) {
      prompt.image_tokens = at::cat(shown_images_.tokens);
      prompt.image_grid_thw = at::cat(shown_images_.grids);
    }
    if (!shown_videos_.tokens.empty()) {
      prompt.video_tokens = at::cat(shown_videos_.tokens);
      prompt.video_grid_thw = at::cat(shown_videos_.grids);
      prompt.second_per_grid_ts = at::tensor(shown_videos_.seconds);
    }
  }

 private:
  struct Shown {
    std::vector<at::Tensor> tokens, grids;
    std::vector<float> seconds;
  };

  static std::string key_of(const MessagePart& part) {
    const Pictures& given = part.pictures;
    Sha256 hash;
    hash.update(std::to_string(given.count) + " " + std::to_string(given.height) + " " +
                std::to_string(given.width) + " " + std::to_string(part.fps) + " " +
                std::to_string(part.frames) + " " + std::to_string(part.max_pixels) + "\n");
    hash.update(given.rgb.data(), given.rgb.size());
    return hash.hex();
  }

  static at::Tensor tensor_of(const Pictures& given) {
    return at::from_blob(const_cast<std::uint8_t*>(given.rgb.data()),
                         {given.count, given.height, given.width, 3}, at::kByte);
  }

  qwen::Seen see_image(const MessagePart& part) const {
    qwen::ProcessorConfig config = images_;
    bound_pixels(config, part.max_pixels);
    const qwen::VisionInputs made =
        process_images(config, {tensor_of(part.pictures)[0].to(device_)});
    return {generator_.see(made.patches, made.grid, false), made.grid};
  }

  qwen::Seen see_video(const MessagePart& part) const {
    qwen::ProcessorConfig config = videos_;
    bound_pixels(config, part.max_pixels);
    const at::Tensor pictures = tensor_of(part.pictures);
    const std::int64_t frames = pictures.size(0);
    const std::vector<std::int64_t> taken =
        sampled_frames(config, frames, sampling_of(config, frames, part));
    const at::Tensor chosen = pictures.index_select(0, at::tensor(taken, at::kLong)).to(device_);
    const qwen::VisionInputs made = process_videos(config, {chosen});
    return {generator_.see(made.patches, made.grid, true), made.grid,
            static_cast<float>(seconds_per_grid(config, chosen.size(0), frames, part.fps))};
  }

  const qwen::ProcessorConfig& images_;
  const qwen::ProcessorConfig& videos_;
  at::Device device_;
  const qwen::Generator& generator_;
  qwen::SeenPictures& seen_;
  Shown shown_images_, shown_videos_;
};

}  // namespace

class VisionLanguageModel::Conversation {
 public:
  explicit Conversation(std::shared_ptr<const qwen::Prefix> computed)
      : prefix(std::move(computed)) {}
  std::shared_ptr<const qwen::Prefix> prefix;
};

struct VisionLanguageModel::State {
  explicit State(VisionLanguageOptions given)
      : options(std::move(given)),
        placement(nn::use_placement(options.device, options.dtype)),
        source(source_of(options.weights)),
        config(source.config),
        tokenizer(text::Tokenizer::open(options.weights)),
        images(qwen::read_image_processor(options.weights)),
        videos(qwen::read_video_processor(options.weights)) {}

  const qwen::Generator& generator() {
    const std::lock_guard lock(mutex);
    if (!loaded) {
      qwen::BatchLimits limits;
      limits.rows = options.slots;
      limits.cache_bytes = std::numeric_limits<std::uint64_t>::max();  // planned by the caller
      limits.prefill_rows = std::min<std::int64_t>(limits.prefill_rows, options.slots);
      loaded = qwen::Generator::load(options.weights, placement, limits);
    }
    return *loaded;
  }

  std::shared_ptr<const text::JsonConstraint> form_of(const nlohmann::ordered_json& schema) {
    const auto vocabulary = generator().shared_vocabulary();
    const std::lock_guard lock(mutex);
    auto& form = forms[schema.dump()];
    if (!form) form = std::make_shared<text::JsonConstraint>(schema, vocabulary);
    return form;
  }

  /// Of the network, for pictures of that size.
  std::int64_t tokens_of(const ShownSize& shown) const {
    const bool video = shown.fps > 0;
    qwen::ProcessorConfig processor = video ? videos : images;
    bound_pixels(processor, shown.max_pixels);
    const qwen::PictureSize size =
        qwen::smart_resize({shown.height, shown.width}, processor.factor(), processor.min_pixels,
                           processor.max_pixels);
    const std::int64_t one = size.height / processor.factor() * (size.width / processor.factor());
    if (!video) return shown.count * one;
    const std::vector<std::int64_t> taken =
        sampled_frames(processor, shown.count, sampling_of(processor, shown.count, shown));
    const auto pair = processor.temporal_patch_size;
    return (static_cast<std::int64_t>(taken.size()) + pair - 1) / pair * one;
  }

  qwen::Prompt prompt_of(const std::string& text) const {
    qwen::Prompt prompt;
    prompt.ids = tokenizer.encode(text, false);
    return prompt;
  }

  /// Work with LibTorch's exceptions as ours.
  template <class F>
  auto run(F&& work) const {
    return translated(printable(options.weights), std::forward<F>(work));
  }

  const VisionLanguageOptions options;
  const nn::Placement placement;
  const Source source;
  const qwen::Config config;
  const text::Tokenizer tokenizer;
  const qwen::ProcessorConfig images, videos;
  qwen::SeenPictures seen{kSeenTokens};
  mutable std::mutex mutex;  ///< of what follows
  std::optional<qwen::Generator> loaded;
  std::map<std::string, std::shared_ptr<const text::JsonConstraint>> forms;
};

VisionLanguageModel::VisionLanguageModel(VisionLanguageOptions options)
    : state_(translated(printable(options.weights),
                        [&] { return std::make_unique<State>(std::move(options)); })) {}

VisionLanguageModel::~VisionLanguageModel() = default;

std::shared_ptr<const VisionLanguageModel> VisionLanguageModel::shared(
    const VisionLanguageOptions& options) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const VisionLanguageModel>> models;
  const std::lock_guard lock(mutex);
  const std::string key = options.weights.string() + "\n" + options.device + "\n" + options.dtype;
  std::shared_ptr<const VisionLanguageModel> model = models[key].lock();
  if (!model) {
    model = std::make_shared<const VisionLanguageModel>(options);
    models[key] = model;
  }
  if (model->state_->options.slots != options.slots) {
    throw Error(ErrorKind::kUsage, "slots: those who share the network of " +
                                       printable(options.weights) + " must have as many, found " +
                                       std::to_string(model->state_->options.slots) + " and " +
                                       std::to_string(options.slots));
  }
  return model;
}

std::string VisionLanguageModel::digest() const { return weights_digest(state_->options.weights); }

bool VisionLanguageModel::on_cpu() const { return state_->placement.device.is_cpu(); }

std::size_t VisionLanguageModel::weight_bytes() const {
  return state_->run([&] {
    const Model model =
        state_->source.architecture->make(state_->source, {state_->placement.dtype, at::kMeta});
    return model.weights->bytes();
  });
}

std::size_t VisionLanguageModel::cache_bytes(const ShownSize& shown) const {
  const std::int64_t tokens = state_->tokens_of(shown) + kTextTokens;
  const auto seen = static_cast<std::uint64_t>(kSeenTokens * state_->config.text.hidden_size) *
                    c10::elementSize(state_->placement.dtype);
  return seen + qwen::KvCache::bytes(state_->config.text, state_->options.slots, tokens,
                                     state_->placement.dtype);
}

std::size_t VisionLanguageModel::memory_bytes(const ShownSize& shown) const {
  const qwen::Config& config = state_->config;
  // Bytes, then float32 values and the same cut into patches.
  const std::int64_t pixels = shown.count * shown.height * shown.width * 3 * (1 + 4 + 4);
  if (!on_cpu()) return static_cast<std::size_t>(pixels);
  const std::int64_t tokens = state_->tokens_of(shown);
  // Of a block: the sum, its norm, queries, keys, values and the wide layer, in float32 at most;
  // the vision tower has merge_unit() patches for a token.
  const std::int64_t tower = config.vision.merge_unit() *
                             (8 * config.vision.hidden_size + 3 * config.vision.intermediate_size);
  const std::int64_t language = 8 * config.text.hidden_size + 3 * config.text.intermediate_size;
  // What was shown is held twice: alone, and with the text after it.
  const std::uint64_t prefixes =
      2 * qwen::KvCache::bytes(config.text, 1, tokens + kTextTokens, state_->placement.dtype);
  return static_cast<std::size_t>(pixels + tokens * 4 * std::max(tower, language)) + prefixes;
}

VisionLanguageModel::Shared VisionLanguageModel::begin(
    const std::string& system, const std::vector<MessagePart>& parts) const {
  return state_->run([&] {
    const qwen::Generator& generator = state_->generator();
    PromptPictures pictures(state_->images, state_->videos, state_->placement.device, generator,
                            state_->seen);
    std::vector<text::ChatPart> said;
    for (const MessagePart& part : parts) {
      said.push_back(part.pictures.count > 0
                         ? pictures.add(part)
                         : text::ChatPart::words(without_special_tokens(part.text)));
    }
    std::vector<text::ChatMessage> messages;
    if (!system.empty()) {
      messages.push_back({"system", {text::ChatPart::words(without_special_tokens(system))}});
    }
    messages.push_back({"user", std::move(said)});
    std::string text = text::qwen_chat(messages, {.generation_prompt = false});
    text.resize(text.size() - std::string_view(kEndOfMessage).size());
    qwen::Prompt prompt = state_->prompt_of(text);
    pictures.give_to(prompt);
    return std::make_shared<const Conversation>(generator.prefix(prompt));
  });
}

VisionLanguageModel::Shared VisionLanguageModel::with(const Shared& conversation,
                                                      const std::string& text) const {
  return state_->run([&] {
    return std::make_shared<const Conversation>(state_->generator().prefix(
        state_->prompt_of(without_special_tokens(text)), conversation->prefix));
  });
}

std::vector<nlohmann::json> VisionLanguageModel::answer(
    const Shared& conversation, const std::vector<Question>& questions) const {
  const auto completions = state_->run([&] {
    std::vector<qwen::Request> requests;
    for (const Question& question : questions) {
      qwen::Request request;
      request.prompt = state_->prompt_of(without_special_tokens(question.text) + kEndOfMessage +
                                         "<|im_start|>assistant\n");
      request.prefix = conversation->prefix;
      request.sampling = {.temperature = question.temperature,
                          .top_p = question.top_p,
                          .repetition_penalty = question.repetition_penalty,
                          .seed = question.seed};
      request.max_new_tokens = question.max_tokens;
      request.form = state_->form_of(question.form);
      requests.push_back(std::move(request));
    }
    return state_->generator().answer(requests);
  });
  std::vector<nlohmann::json> answers;
  for (const qwen::Completion& completion : completions) {
    answers.push_back(nlohmann::json::parse(completion.text, nullptr, false));
    if (answers.back().is_discarded()) {
      throw Error(ErrorKind::kInput, "an answer is no JSON: " + nn::shown(completion.text));
    }
  }
  return answers;
}

VisionLanguageWork VisionLanguageModel::work() const {
  const std::lock_guard lock(state_->mutex);
  if (!state_->loaded) return {};
  const qwen::Work work = state_->loaded->work();
  return {work.pictures, work.videos, work.prompt_tokens, work.passes, work.drawn};
}

}  // namespace ditto::models
