#include "ditto/models/vace_generator.h"

#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <numeric>

#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/diffusion/guidance.h"
#include "ditto/diffusion/recipes.h"
#include "ditto/models/checkpoints.h"
#include "ditto/nn/device.h"
#include "models/resample.h"
#include "models/wan/pipeline.h"

namespace ditto::models {
namespace {

constexpr std::int64_t kSteps = 50;    // of the undistilled model
constexpr double kGuidance = 5;        // the same
constexpr std::int64_t kTokens = 512;  // what Wan was trained with

wan::PipelineConfig config_of(const VaceOptions& options) {
  const std::string where = printable(options.weights);
  const Source source = find_model(options.weights);
  if (source.architecture->class_name != "WanVACEPipeline") {
    throw Error(ErrorKind::kInput, where + " holds the class " +
                                       std::string(source.architecture->class_name) +
                                       "; a WanVACEPipeline is needed");
  }
  wan::PipelineConfig config(source);
  if (!config.text_encoder || !config.tokenizer) {
    throw Error(ErrorKind::kInput, where + " lacks a text encoder or a tokenizer");
  }
  if (config.transformers.size() == 1 && !(options.lora_high.empty() && options.lora_low.empty())) {
    throw Error(ErrorKind::kUsage,
                "lora_high and lora_low: " + where + " has one transformer, which lora is for");
  }
  return config;
}

/// What is merged into each of the pipeline's transformers. That it fits is looked at now, long
/// before the weights are read.
std::vector<std::vector<LoraFile>> lora_of(const VaceOptions& options,
                                           const wan::PipelineConfig& config) {
  std::vector<std::vector<LoraFile>> each = {options.lora, options.lora};
  each[0].insert(each[0].end(), options.lora_high.begin(), options.lora_high.end());
  each[1].insert(each[1].end(), options.lora_low.begin(), options.lora_low.end());
  each.resize(config.transformers.size());
  for (std::size_t i = 0; i < each.size(); ++i) {
    for (const LoraFile& file : each[i]) {
      std::error_code ignored;
      if (!std::filesystem::exists(file.path, ignored)) {
        throw Error(ErrorKind::kInput, printable(file.path) + " doesn't exist");
      }
    }
    const Source& source = config.transformers[i];
    const Model network = source.architecture->make(source, {at::kFloat, at::kMeta});
    open_lora(source, *network.weights, each[i]);
  }
  return each;
}

/// Solver, steps and guidance.
wan::Denoising denoising_of(const VaceOptions& options, const wan::PipelineConfig& config) {
  wan::Denoising request;
  request.guidance_scale = options.guidance;
  if (options.recipe.empty()) {
    request.solver = config.solver;
    request.schedule.steps = options.steps == 0 ? kSteps : options.steps;
    if (options.guidance == 0) request.guidance_scale = kGuidance;
  } else {
    const diffusion::Recipe* recipe = diffusion::find_recipe(options.recipe);
    if (recipe == nullptr) {
      throw Error(ErrorKind::kUsage, "recipe \"" + options.recipe + "\" is unknown; there are " +
                                         diffusion::recipe_names());
    }
    if (options.steps != 0) {
      throw Error(ErrorKind::kUsage, "steps: a recipe has its own (" + options.recipe + ")");
    }
    if (options.guidance == 0) request.guidance_scale = 1;
    if (request.guidance_scale != 1) {
      throw Error(ErrorKind::kUsage, "guidance: must be 1 with a recipe (" + options.recipe + ")");
    }
    request.solver = recipe->solver;
    request.schedule.sigmas = recipe->sigmas;
  }
  request.guidance_scale_2 = request.guidance_scale;
  return request;
}

/// u8 [count, height, width, 3], over the same bytes.
at::Tensor tensor_of(const Pictures& pictures) {
  return at::from_blob(const_cast<std::uint8_t*>(pictures.rgb.data()),
                       {pictures.count, pictures.height, pictures.width, 3}, at::kByte);
}

}  // namespace

struct VaceGenerator::State {
  explicit State(VaceOptions given)
      : options(std::move(given)),
        placement(nn::use_placement(options.device, options.dtype)),
        config(config_of(options)),
        denoising(denoising_of(options, config)),
        pipeline(config, placement, {}, lora_of(options, config)) {}

  /// Whole cells and patches, at least one of each.
  wan::FrameSize size_of(std::int64_t height, std::int64_t width) const {
    const std::int64_t base = config.divisions.base();
    return {std::max(height / base, std::int64_t{1}) * base,
            std::max(width / base, std::int64_t{1}) * base};
  }
  std::int64_t whole_frames(std::int64_t frames) const {
    const std::int64_t group = config.divisions.frames;
    return (frames - 1 + group - 1) / group * group + 1;
  }

  at::Tensor generate(const VaceRequest& request);

  const VaceOptions options;
  const nn::Placement placement;
  const wan::PipelineConfig config;
  const wan::Denoising denoising;
  std::mutex mutex;
  wan::Pipeline pipeline;
};

at::Tensor VaceGenerator::State::generate(const VaceRequest& request) {
  const at::Tensor frames = tensor_of(request.control);
  const wan::FrameSize size = size_of(request.control.height, request.control.width);
  const std::int64_t missing = whole_frames(frames.size(0)) - frames.size(0);
  at::Tensor filled = frames;
  if (missing > 0) {
    const at::Tensor last = frames.narrow(0, frames.size(0) - 1, 1);
    filled = at::cat({frames, last.expand({missing, -1, -1, -1})});
  }
  wan::Denoising ask = denoising;
  ask.text = pipeline.encode_prompts({request.prompt}, kTokens);
  if (diffusion::is_guided(ask.guidance_scale)) {
    ask.negative = pipeline.encode_prompts({request.negative_prompt}, kTokens);
  }
  if (!options.keep_loaded) pipeline.drop_text_encoder();
  // References have the frames' own size, and so need no margins, as diffusers would give those
  // whose shape isn't the frames'.
  std::vector<at::Tensor> references;
  for (const Pictures& picture : request.references) {
    references.push_back(wan::video_of(tensor_of(picture), size));
  }
  {
    const at::Tensor video = wan::video_of(filled, size);
    const at::Tensor mask = at::ones({1, 1, video.size(2), size.height, size.width});
    ask.control.latents = pipeline.encode_conditions(video, mask, references);
  }
  const auto layers = static_cast<std::int64_t>(config.network.vace_layers.size());
  ask.control.scale = at::full({layers}, options.control_scale, at::kFloat).to(placement.device);
  const auto count = static_cast<std::int64_t>(references.size());
  // On the CPU, so that every device has the same.
  const at::Tensor noise =
      at::randn({1, config.network.in_channels, config.latent_frames(filled.size(0)) + count,
                 size.height / config.divisions.pixels, size.width / config.divisions.pixels},
                at::detail::createCPUGenerator(request.seed), at::kFloat);
  at::Tensor latents = pipeline.denoise(noise, ask);
  if (!options.keep_loaded) pipeline.drop_transformers();
  latents = latents.narrow(2, count, latents.size(2) - count);
  const at::Tensor video = pipeline.decode(latents).narrow(2, 0, frames.size(0));
  const at::Tensor pictures = video[0]
                                  .permute({1, 2, 3, 0})
                                  .to(at::kCPU, at::kFloat)
                                  .add(1)
                                  .mul_(127.5)
                                  .round_()
                                  .clamp_(0, 255)
                                  .to(at::kByte);
  return resample_lanczos(pictures, request.control.height, request.control.width);
}

VaceGenerator::VaceGenerator(VaceOptions options)
    : state_(translated(printable(options.weights),
                        [&] { return std::make_unique<State>(std::move(options)); })) {}

VaceGenerator::~VaceGenerator() = default;

std::string VaceGenerator::digest() const {
  const VaceOptions& options = state_->options;
  const std::string weights = weights_digest(options.weights);
  std::string text = weights;
  const auto add = [&](const std::string& key, const std::vector<LoraFile>& files) {
    for (const LoraFile& file : files) {
      text += "\n" + key + sha256_hex_of_file(file.path) + " " + std::to_string(file.scale);
    }
  };
  add("", options.lora);
  add("high ", options.lora_high);
  add("low ", options.lora_low);
  return text == weights ? weights : sha256_hex(text);
}

std::size_t VaceGenerator::memory_bytes(std::int64_t frames, std::int64_t height,
                                        std::int64_t width) const {
  const wan::PipelineConfig& config = state_->config;
  const wan::FrameSize size = state_->size_of(height, width);
  const std::int64_t pixels = size.height * size.width;
  // Conditions in float32: the video, what is kept and what is changed of it; then the result.
  const std::int64_t pictures = state_->whole_frames(frames) * pixels * 3 * (4 * 4 + 2);
  if (!state_->placement.device.is_cpu()) return static_cast<std::size_t>(pictures);
  const auto bytes_of = [&](const Source& part) {
    const Model model = part.architecture->make(part, {state_->placement.dtype, at::kMeta});
    return model.weights->bytes();
  };
  std::size_t transformer = 0;  // two experts are never in memory together
  for (const Source& one : config.transformers) transformer = std::max(transformer, bytes_of(one));
  const std::array<std::size_t, 3> parts = {transformer, bytes_of(config.vae),
                                            bytes_of(*config.text_encoder)};
  const std::size_t sum = std::accumulate(parts.begin(), parts.end(), std::size_t{0});
  const std::size_t largest = *std::max_element(parts.begin(), parts.end());
  const auto element = static_cast<std::int64_t>(c10::elementSize(state_->placement.dtype));
  // A block holds the float32 sum, its norm, queries, keys and values with their float32 rotation,
  // and the wide layer twice; of the control branch another sum and a hint.
  const std::int64_t cell = config.divisions.base() * config.divisions.base();
  const std::int64_t tokens =
      (config.latent_frames(state_->whole_frames(frames)) + 1) * (pixels / cell);
  const std::int64_t network =
      tokens * (config.network.dim() * 12 * 4 + config.network.ffn_dim * 2 * element);
  // The decoder's last level works on chunks of 4 frames, with two before them, in about eight
  // copies at a time, and keeps two frames before each of its convolutions.
  const std::int64_t decoder =
      pixels * config.autoencoder.decoder_base_dim * element * (8 * 6 + 2 * 8);
  return (state_->options.keep_loaded ? sum : largest) +
         static_cast<std::size_t>(pictures + std::max(network, decoder));
}

Pictures VaceGenerator::generate(const VaceRequest& request) {
  const std::lock_guard lock(state_->mutex);
  return translated(printable(state_->options.weights), [&] {
    const c10::InferenceMode inference;
    const at::Tensor frames = state_->generate(request).contiguous();
    const auto* begin = frames.const_data_ptr<std::uint8_t>();
    return Pictures{
        frames.size(0), frames.size(1), frames.size(2), {begin, begin + frames.numel()}};
  });
}

}  // namespace ditto::models
