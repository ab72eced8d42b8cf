#include <ATen/Functions.h>

#include "models/qwen/image_processor.h"

namespace ditto::models::qwen {
namespace {

constexpr double kMostFps = 1e6;
constexpr std::int64_t kMostPixels = std::int64_t{1} << 40;

/// "images", or "images_0", "images_1", ... in the order of their numbers.
std::vector<at::Tensor> items_of(const Inputs& inputs, const std::string& name) {
  if (inputs.has(name)) {
    const at::Tensor& one = inputs.tensor(name);
    for (const auto& [other, tensor] : inputs.tensors()) {
      if (other.starts_with(name + "_")) inputs.fail(other, "can't be given beside " + name);
    }
    return {one};
  }
  std::vector<at::Tensor> items;
  std::size_t found = 0;
  for (const auto& [other, tensor] : inputs.tensors()) {
    if (other.starts_with(name + "_")) ++found;
  }
  for (std::size_t i = 0; i < found; ++i) {
    items.push_back(inputs.tensor(name + "_" + std::to_string(i)));
  }
  return items;
}

double rate(const Inputs& inputs, const char* name, double value) {
  if (!(value > 0 && value <= kMostFps)) inputs.fail(name, "must be a positive frame rate");
  return value;
}

/// The caller's bounds in place of the configuration's.
void override_pixels(const Inputs& inputs, ProcessorConfig& config) {
  const ModelConfig& arguments = inputs.arguments();
  config.min_pixels = arguments.integer("min_pixels", config.min_pixels, 1, kMostPixels);
  config.max_pixels = arguments.integer("max_pixels", config.max_pixels, 1, kMostPixels);
}

void add_images(const std::filesystem::path& directory, const Inputs& inputs,
                const std::vector<at::Tensor>& images, Tensors& out) {
  ProcessorConfig config = read_image_processor(directory);
  override_pixels(inputs, config);
  const VisionInputs made = process_images(config, images);
  out["pixel_values"] = made.patches;
  out["image_grid_thw"] = made.grid;
}

/// The frame rate of each video, none where it isn't known.
std::vector<std::optional<double>> source_rates(const Inputs& inputs, std::size_t videos) {
  constexpr const char* kName = "video_fps";
  const ModelConfig& arguments = inputs.arguments();
  std::vector<std::optional<double>> rates(videos);
  if (!arguments.has(kName)) return rates;
  if (!arguments.values().at(kName).is_array()) {
    rates.assign(videos, rate(inputs, kName, arguments.number(kName)));
    return rates;
  }
  const std::vector<double> given = arguments.numbers(kName);
  if (given.size() != videos) inputs.fail(kName, "must be a number, or one for each video");
  for (std::size_t i = 0; i < videos; ++i) rates[i] = rate(inputs, kName, given[i]);
  return rates;
}

void add_videos(const std::filesystem::path& directory, const Inputs& inputs,
                std::vector<at::Tensor> videos, Tensors& out) {
  ProcessorConfig config = read_video_processor(directory);
  override_pixels(inputs, config);
  const ModelConfig& arguments = inputs.arguments();
  FrameSampling sampling = config.sampling;
  if (arguments.has("fps") || arguments.has("num_frames")) sampling = {};
  if (arguments.has("fps")) sampling.fps = rate(inputs, "fps", arguments.number("fps"));
  if (arguments.has("num_frames")) sampling.num_frames = arguments.integer("num_frames");
  const auto rates = source_rates(inputs, videos.size());
  std::vector<float> seconds;
  for (std::size_t i = 0; i < videos.size(); ++i) {
    at::Tensor& video = videos[i];
    if (video.dim() != 4) inputs.fail("videos", "must be u8 [T,H,W,3]");
    const std::int64_t frames = video.size(0);
    sampling.source_fps = rates[i];
    const std::vector<std::int64_t> taken = sampled_frames(config, frames, sampling);
    if (static_cast<std::int64_t>(taken.size()) < frames) {
      video = video.index_select(0, at::tensor(taken, at::kLong).to(video.device()));
    }
    seconds.push_back(
        static_cast<float>(seconds_per_grid(config, video.size(0), frames, rates[i])));
  }
  const VisionInputs made = process_videos(config, videos);
  out["pixel_values_videos"] = made.patches;
  out["video_grid_thw"] = made.grid;
  out["second_per_grid_ts"] = at::tensor(seconds);
}

Values preprocess(const std::filesystem::path& directory, const Inputs& inputs) {
  const std::vector<at::Tensor> images = items_of(inputs, "images");
  std::vector<at::Tensor> videos = items_of(inputs, "videos");
  if (images.empty() && videos.empty()) inputs.fail("images", "and videos are missing");
  Tensors out;
  if (!images.empty()) add_images(directory, inputs, images, out);
  if (!videos.empty()) add_videos(directory, inputs, std::move(videos), out);
  return {std::move(out), nlohmann::json::object()};
}

}  // namespace

Entry make_preprocess_entry(const Source& source) {
  const std::filesystem::path directory =
      std::filesystem::is_directory(source.path) ? source.path : source.path.parent_path();
  return {"preprocess",
          {"images", "images_*", "videos", "videos_*"},
          {"min_pixels", "max_pixels", "fps", "num_frames", "video_fps"},
          [directory](const Inputs& inputs) { return preprocess(directory, inputs); },
          /*needs_weights=*/false};
}

Model make_processor(const Source& source, const nn::Placement& /*placement*/) {
  Model model;
  model.entries = {make_preprocess_entry(source)};
  return model;
}

}  // namespace ditto::models::qwen
