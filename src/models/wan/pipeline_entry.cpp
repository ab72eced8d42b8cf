#include <ATen/CPUGeneratorImpl.h>

#include "ditto/diffusion/guidance.h"
#include "ditto/diffusion/recipes.h"
#include "ditto/nn/dtype.h"
#include "models/schedulers/schedulers.h"
#include "models/wan/pipeline.h"

namespace ditto::models::wan {
namespace {

// The reference's defaults (pipeline_wan.py, __call__).
constexpr FrameSize kSize = {480, 832};
constexpr std::int64_t kFrames = 81;
constexpr std::int64_t kSteps = 50;
constexpr double kGuidance = 5.0;
constexpr std::int64_t kTokens = 512;
constexpr std::int64_t kMostTokens = 1 << 16;
constexpr std::int64_t kMostVideos = 1024;

const std::string kReference = "reference_images_";

/// "prompt" and its like: a string or a list of strings; empty when absent.
std::vector<std::string> texts_of(const Inputs& inputs, const std::string& name) {
  if (!inputs.arguments().has(name)) return {};
  const nlohmann::json& value = inputs.arguments().values().at(name);
  std::vector<std::string> texts;
  if (value.is_string()) return {value.get<std::string>()};
  for (const nlohmann::json& one : value.is_array() ? value : nlohmann::json::array()) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  if (texts.empty() || texts.size() != value.size()) {
    inputs.fail(name, "must be a string or a list of strings");
  }
  return texts;
}

/// One number for each VACE layer.
at::Tensor scale_of(const Inputs& inputs, const PipelineConfig& config, at::Device device) {
  constexpr const char* kName = "conditioning_scale";
  const ModelConfig& arguments = inputs.arguments();
  const std::size_t layers = config.network.vace_layers.size();
  std::vector<double> scales(layers, 1.0);
  if (arguments.has(kName) && arguments.values().at(kName).is_array()) {
    scales = arguments.numbers(kName);
    if (scales.size() != layers) {
      inputs.fail(kName, "must hold " + std::to_string(layers) + " numbers, one per VACE layer");
    }
  } else {
    scales.assign(layers, arguments.number(kName, 1.0));
  }
  return at::tensor(scales, at::kFloat).to(device);
}

at::Tensor pictures_of(const Inputs& inputs, const std::string& name, std::int64_t rank) {
  const at::Tensor pictures = inputs.optional(name, rank);
  if (!pictures.defined()) return pictures;
  if (pictures.scalar_type() != at::kByte) inputs.fail(name, "must be of the dtype U8");
  if (pictures.numel() == 0) inputs.fail(name, "is empty");
  if (name != "mask" && pictures.size(-1) != 3) inputs.fail(name, "must have 3 channels, the last");
  return pictures.cpu();
}

/// One run of the entry.
class Run {
 public:
  Run(const PipelineConfig& config, const nn::Placement& placement, const nn::LoadOptions& loading,
      const Inputs& inputs)
      : config_(config),
        inputs_(inputs),
        arguments_(inputs.arguments()),
        pipeline_(config, placement, loading, lora()),
        placement_(placement) {}

  Values operator()() {
    const std::string output = arguments_.text("output_type", "np");
    if (output != "np" && output != "pt" && output != "latent") {
      inputs_.fail("output_type", "must be \"np\", \"pt\" or \"latent\"");
    }
    read_sizes();
    Denoising request = read_request();
    read_texts(request);
    if (config_.vace()) read_control(request.control);
    const at::Tensor noise = read_noise(request);
    at::Tensor latents = pipeline_.denoise(noise, request);
    if (output == "latent") return {{{"frames", latents}}, {}};
    pipeline_.drop_transformers();
    latents = latents.narrow(2, references_, latents.size(2) - references_);
    const at::Tensor video = (pipeline_.decode(latents).to(at::kFloat) / 2 + 0.5).clamp_(0, 1);
    const auto order = output == "pt" ? std::vector<std::int64_t>{0, 2, 1, 3, 4}
                                      : std::vector<std::int64_t>{0, 2, 3, 4, 1};
    return {{{"frames", video.permute(order).contiguous()}}, {}};
  }

 private:
  /// For the first transformer, and for the second.
  std::vector<std::vector<LoraFile>> lora() const {
    nlohmann::json values = arguments_.values();
    return {take_lora(values), take_lora(values, "lora_2")};
  }

  void read_sizes() {
    const std::int64_t base = config_.divisions.base();
    size_ = {arguments_.integer("height", kSize.height), arguments_.integer("width", kSize.width)};
    for (const std::int64_t length : {size_.height, size_.width}) {
      if (length % base != 0) {
        inputs_.fail("height and width", "must be multiples of " + std::to_string(base));
      }
    }
    frames_ = arguments_.integer("num_frames", kFrames);
    frames_ = (frames_ % config_.divisions.frames == 1)
                  ? frames_
                  : frames_ / config_.divisions.frames * config_.divisions.frames + 1;
  }

  Denoising read_request() const {
    Denoising request;
    request.solver = config_.solver;
    request.schedule = schedule_request(arguments_);
    const bool recipe = arguments_.has("preset");
    if (recipe) use_recipe(request);
    if (request.schedule.steps == 0 && request.schedule.sigmas.empty()) {
      request.schedule.steps = kSteps;
    }
    request.guidance_scale = arguments_.number("guidance_scale", recipe ? 1.0 : kGuidance);
    if (recipe && request.guidance_scale != 1) {
      inputs_.fail("guidance_scale", "must be 1 with a preset");
    }
    if (arguments_.has("guidance_scale_2") && !config_.boundary) {
      inputs_.fail("guidance_scale_2", "needs a pipeline with a boundary_ratio");
    }
    request.guidance_scale_2 = arguments_.number("guidance_scale_2", request.guidance_scale);
    return request;
  }

  /// Schedule and solver of a few-step recipe, in place of the scheduler's.
  void use_recipe(Denoising& request) const {
    const diffusion::Recipe* recipe = diffusion::find_recipe(arguments_.text("preset"));
    if (recipe == nullptr) {
      inputs_.fail("preset", "must be one of " + diffusion::recipe_names());
    }
    for (const char* name : {"num_inference_steps", "sigmas", "mu"}) {
      if (arguments_.has(name)) inputs_.fail(name, "and preset exclude each other");
    }
    request.solver = recipe->solver;
    request.schedule.sigmas = recipe->sigmas;
  }

  void read_texts(Denoising& request) {
    const std::int64_t length = arguments_.integer("max_sequence_length", kTokens, 1, kMostTokens);
    const std::int64_t videos = arguments_.integer("num_videos_per_prompt", 1, 1, kMostVideos);
    request.text = read_text("prompt", length, 0);
    const std::int64_t prompts = request.text.size(0);
    if (diffusion::is_guided(request.guidance_scale)) {
      request.negative = read_text("negative_prompt", length, prompts);
      request.negative = request.negative.repeat_interleave(videos, 0);
    }
    request.text = request.text.repeat_interleave(videos, 0);
    pipeline_.drop_text_encoder();
  }

  /// Embeddings [prompts, L, text_dim], given or of the text. `prompts`, where not 0: how many
  /// there must be; one text stands for all, and none for an empty one.
  at::Tensor read_text(const std::string& name, std::int64_t length, std::int64_t prompts) {
    const std::string embeds_name = name + "_embeds";
    std::vector<std::string> texts = texts_of(inputs_, name);
    at::Tensor embeds = inputs_.optional(embeds_name, 3);
    if (embeds.defined()) {
      if (!texts.empty()) inputs_.fail(embeds_name, "and " + name + " exclude each other");
      if (embeds.size(0) == 0 || embeds.size(1) == 0 ||
          embeds.size(2) != config_.network.text_dim) {
        inputs_.fail(embeds_name,
                     "must be [B, L, " + std::to_string(config_.network.text_dim) + "]");
      }
      embeds = embeds.to(placement_.dtype);
    } else {
      if (texts.empty()) {
        if (prompts == 0) inputs_.fail(name, "is missing, and " + embeds_name + " is too");
        texts.emplace_back();
      }
      embeds = pipeline_.encode_prompts(texts, length);
      if (texts.size() == 1 && prompts > 1) embeds = embeds.expand({prompts, -1, -1});
    }
    if (prompts != 0 && embeds.size(0) != prompts) {
      inputs_.fail(name, "must be as many as there are prompts: " + std::to_string(prompts));
    }
    return embeds;
  }

  void read_control(Control& control) {
    control.scale = scale_of(inputs_, config_, placement_.device);
    const at::Tensor frames = pictures_of(inputs_, "video", 4);
    const at::Tensor mask_frames = pictures_of(inputs_, "mask", 3);
    at::Tensor video, mask;
    if (frames.defined()) {
      const FrameSize most = size_;
      size_ = video_size({frames.size(1), frames.size(2)}, most, config_.divisions);
      if (size_.height == 0 || size_.width == 0)
        inputs_.fail("video", "is too small or too narrow");
      frames_ = frames.size(0);
      video = video_of(frames, size_);
    } else {
      if (mask_frames.defined()) inputs_.fail("mask", "needs a video");
      video = at::zeros({1, 3, frames_, size_.height, size_.width});
    }
    if (mask_frames.defined()) {
      if (mask_frames.size(0) != frames_) inputs_.fail("mask", "must have the video's frames");
      mask = mask_of(mask_frames, size_);
    } else {
      mask = at::ones({1, 1, frames_, size_.height, size_.width});
    }
    const std::vector<at::Tensor> references = read_references();
    references_ = static_cast<std::int64_t>(references.size());
    control.latents = pipeline_.encode_conditions(video, mask, references);
  }

  std::vector<at::Tensor> read_references() const {
    std::vector<at::Tensor> pictures;
    const at::Tensor same_size = pictures_of(inputs_, "reference_images", 4);
    if (same_size.defined()) pictures = same_size.unbind(0);
    // Of different sizes, in the order of their numbers.
    std::size_t listed = 0;
    for (; inputs_.has(kReference + std::to_string(listed)); ++listed) {
      pictures.push_back(pictures_of(inputs_, kReference + std::to_string(listed), 3));
    }
    for (const auto& [name, tensor] : inputs_.tensors()) {
      if (name.starts_with(kReference) && listed-- == 0) {
        inputs_.fail(name, "is out of order: they are numbered from 0");
      }
    }
    std::vector<at::Tensor> references;
    for (const at::Tensor& picture : pictures) {
      references.push_back(reference_of(picture, size_, config_.divisions));
      if (!references.back().defined()) {
        inputs_.fail("reference_images", "holds a picture that is too small or too narrow");
      }
    }
    return references;
  }

  at::Tensor read_noise(const Denoising& request) const {
    const std::int64_t batch = request.text.size(0);
    const Divisions& divisions = config_.divisions;
    at::Tensor latents = inputs_.optional("latents", 5);
    if (!latents.defined()) {
      const auto seed = static_cast<std::uint64_t>(
          arguments_.integer("seed", 0, 0, std::numeric_limits<std::int64_t>::max()));
      // On the CPU, so that every device has the same.
      return at::randn(
          {batch, config_.network.in_channels, config_.latent_frames(frames_) + references_,
           size_.height / divisions.pixels, size_.width / divisions.pixels},
          at::detail::createCPUGenerator(seed), at::kFloat);
    }
    const auto& patch = config_.network.patch_size;
    if (latents.size(0) != batch || latents.size(1) != config_.network.in_channels) {
      inputs_.fail("latents", "must be [" + std::to_string(batch) + ", " +
                                  std::to_string(config_.network.in_channels) + ", T, H, W]");
    }
    for (std::size_t axis = 0; axis < patch.size(); ++axis) {
      const std::int64_t length = latents.size(static_cast<std::int64_t>(axis) + 2);
      if (length == 0 || length % patch[axis] != 0) {
        inputs_.fail("latents", "must consist of whole patches");
      }
      if (length / patch[axis] > config_.network.rope_max_seq_len) {
        inputs_.fail("latents", "has more patches along one axis than rope_max_seq_len");
      }
    }
    if (latents.size(2) <= references_) inputs_.fail("latents", "has no frames but references'");
    const at::Tensor& control = request.control.latents;
    if (control.defined() &&
        patches(control, config_.network) > patches(latents, config_.network)) {
      inputs_.fail("latents",
                   "is smaller than the conditions, " + nn::shape_text(control.sizes().slice(2)));
    }
    return latents;
  }

  const PipelineConfig& config_;
  const Inputs& inputs_;
  const ModelConfig& arguments_;
  Pipeline pipeline_;
  nn::Placement placement_;
  FrameSize size_;           ///< of the conditions, and of latents that aren't given
  std::int64_t frames_ = 0;  ///< the same
  std::int64_t references_ = 0;
};

}  // namespace

Model make_pipeline(const Source& source, const nn::Placement& placement) {
  Model model;
  const auto config = std::make_shared<const PipelineConfig>(source);
  std::vector<std::string> tensors = {"latents", "prompt_embeds", "negative_prompt_embeds"};
  std::vector<std::string> arguments = {"prompt",
                                        "negative_prompt",
                                        "height",
                                        "width",
                                        "num_frames",
                                        "num_inference_steps",
                                        "sigmas",
                                        "mu",
                                        "preset",
                                        "guidance_scale",
                                        "guidance_scale_2",
                                        "num_videos_per_prompt",
                                        "max_sequence_length",
                                        "seed",
                                        "output_type",
                                        "lora",
                                        "lora_scale",
                                        "lora_2",
                                        "lora_2_scale"};
  if (config->vace()) {
    tensors.insert(tensors.end(), {"video", "mask", "reference_images", kReference + "*"});
    arguments.emplace_back("conditioning_scale");
  }
  const auto run = [config, placement, loading = model.loading](const Inputs& inputs) {
    return Run(*config, placement, *loading, inputs)();
  };
  model.entries = {{"pipeline", std::move(tensors), std::move(arguments), run}};
  return model;
}

}  // namespace ditto::models::wan
