#include "stages/generate/native_generator.h"

#include <charconv>
#include <opencv2/imgproc.hpp>

#include "ditto/core/error.h"
#include "ditto/models/checkpoints.h"
#include "ditto/models/vace_generator.h"
#include "stages/native/config_fault.h"
#include "stages/native/pictures.h"

namespace ditto::stages {
namespace {

class NothingPrepared : public Generator::Prepared {
 public:
  std::size_t bytes() const override { return 0; }
};

/// "PATH" or "PATH:SCALE".
models::LoraFile lora_of(const std::string& text) {
  models::LoraFile file{text, 1.0};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return file;
  const char* const end = text.data() + text.size();
  double scale = 0;
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, scale);
  if (error == std::errc() && rest == end) file = {text.substr(0, colon), scale};
  return file;
}

std::vector<models::LoraFile> lora_of(const std::vector<std::string>& texts) {
  std::vector<models::LoraFile> files;
  for (const std::string& text : texts) files.push_back(lora_of(text));
  return files;
}

models::VaceOptions options_of(const config::Generate& config) {
  if (config.weights.empty()) {
    throw Error(ErrorKind::kUsage,
                "generate.weights: the native backend needs a WanVACEPipeline's directory, or its "
                "name in the Hugging Face cache");
  }
  if (config.control == "depth") {
    throw Error(ErrorKind::kUsage,
                "generate.control: depth needs the clip's depth, and there is no depth backend in "
                "this version; grey does without");
  }
  models::VaceOptions options;
  options.weights = models::find_checkpoint(config.weights);
  options.lora = lora_of(config.lora);
  options.lora_high = lora_of(config.lora_high);
  options.lora_low = lora_of(config.lora_low);
  if (config.recipe != "none") options.recipe = config.recipe;
  options.steps = config.steps;
  options.guidance = config.guidance;
  options.control_scale = config.control_scale;
  options.device = config.device;
  options.dtype = config.dtype;
  options.keep_loaded = config.keep_loaded;
  return options;
}

/// The clip without its colours, as VACE's own grey control has it.
models::Pictures grey_of(const media::Video& video) {
  std::vector<cv::Mat> frames;
  for (const cv::Mat& frame : video.frames) {
    cv::Mat grey;
    cv::cvtColor(frame, grey, cv::COLOR_RGB2GRAY);
    cv::cvtColor(grey, frames.emplace_back(), cv::COLOR_GRAY2RGB);
  }
  return pictures_of(frames);
}

class NativeGenerator : public Generator {
 public:
  explicit NativeGenerator(const config::Generate& config)
      : config_(config),
        generator_(as_config_fault(
            "generate",
            [&] { return std::make_unique<models::VaceGenerator>(options_of(config)); })),
        digest_(as_config_fault("generate", [&] { return generator_->digest(); })) {}

  BackendId id() const override { return {"native", 3, digest_}; }

  std::size_t prepared_bytes(const ClipShape&, int) const override { return 0; }

  std::size_t working_bytes(const ClipShape& shape, int) const override {
    // The control's pictures, and the result as bytes and as frames.
    return 3 * shape.video_bytes() +
           generator_->memory_bytes(shape.frames, shape.height, shape.width);
  }

  std::shared_ptr<const Prepared> prepare(const Clip&, const std::vector<int>&) const override {
    return std::make_shared<NothingPrepared>();
  }

  Generation generate(const Clip& clip, const Prepared&, const std::vector<EditedKey>& keys,
                      const std::string& instruction, Stream stream) const override {
    models::VaceRequest request;
    for (const EditedKey& key : keys) request.references.push_back(pictures_of({key.picture}));
    request.control = grey_of(clip.video);
    request.prompt = instruction;
    request.negative_prompt = config_.negative_prompt;
    request.seed = stream.seed();
    models::Pictures pictures = generator_->generate(request);
    Generation result;
    result.video.fps = clip.video.fps;
    const std::size_t bytes = pictures.rgb.size() / static_cast<std::size_t>(pictures.count);
    for (std::size_t i = 0; i < static_cast<std::size_t>(pictures.count); ++i) {
      result.video.frames.push_back(
          cv::Mat(clip.video.size(), CV_8UC3, pictures.rgb.data() + i * bytes).clone());
    }
    result.details = {{"control", config_.control}, {"recipe", config_.recipe}};
    return result;
  }

 private:
  config::Generate config_;
  std::unique_ptr<models::VaceGenerator> generator_;
  std::string digest_;
};

}  // namespace

std::unique_ptr<Generator> make_native_generator(const config::Generate& config) {
  return std::make_unique<NativeGenerator>(config);
}

}  // namespace ditto::stages
