#include "models/qwen/image_processor.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>

#include "ditto/core/files.h"

namespace ditto::models::qwen {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostPixels = std::int64_t{1} << 40;
constexpr std::int64_t kMostFrames = std::int64_t{1} << 20;
constexpr double kMostStretched = 200;
constexpr int kBicubic = 3;  ///< Pillow's number for it
constexpr double kUnknownFps = 24;
/// Of the tokens that bound a video, what is spent on its frames.
constexpr double kShareOfTokens = 0.9;
/// A frame's share of them isn't cut below this multiple of its smallest area.
constexpr double kLeastShare = 1.05;

// What CLIP was trained with, and the reference's classes default to.
const std::vector<double> kMean = {0.48145466, 0.4578275, 0.40821073};
const std::vector<double> kDeviation = {0.26862954, 0.26130258, 0.27577711};

struct Bounds {
  std::int64_t least;
  std::int64_t most;
};
constexpr Bounds kImagePixels = {56 * 56, 28 * 28 * 1280};
constexpr Bounds kVideoPixels = {128 * 28 * 28, 28 * 28 * 768};

/// The processor's part of processor_config.json, else the first of `names` that is there.
ModelConfig find_config(const fs::path& directory, const char* part,
                        std::initializer_list<const char*> names) {
  const fs::path joint = directory / "processor_config.json";
  if (fs::exists(joint)) {
    const ModelConfig config = ModelConfig::read(joint);
    if (config.has(part)) return config.part(part);
  }
  for (const char* name : names) {
    if (fs::exists(directory / name)) return ModelConfig::read(directory / name);
  }
  throw Error(ErrorKind::kInput, printable(directory) + ": there is no " + *(names.end() - 1));
}

std::array<double, 3> per_channel(const ModelConfig& config, const char* key,
                                  const std::vector<double>& otherwise) {
  const std::vector<double> values = config.numbers(key, otherwise);
  if (values.size() != 3) config.fail(key, "must hold 3 numbers");
  return {values[0], values[1], values[2]};
}

ProcessorConfig read_config(const ModelConfig& file, Bounds pixels) {
  ProcessorConfig config;
  if (file.has("size")) {
    const ModelConfig size = file.part("size");
    pixels.least = size.integer("shortest_edge", pixels.least, 1, kMostPixels);
    pixels.most = size.integer("longest_edge", pixels.most, 1, kMostPixels);
  }
  config.min_pixels = file.integer("min_pixels", pixels.least, 1, kMostPixels);
  config.max_pixels = file.integer("max_pixels", pixels.most, 1, kMostPixels);
  config.patch_size = file.integer("patch_size", config.patch_size, 1, 1024);
  config.temporal_patch_size =
      file.integer("temporal_patch_size", config.temporal_patch_size, 1, 64);
  config.merge_size = file.integer("merge_size", config.merge_size, 1, 64);
  config.mean = per_channel(file, "image_mean", kMean);
  config.deviation = per_channel(file, "image_std", kDeviation);
  for (const double deviation : config.deviation) {
    if (!(deviation > 0)) file.fail("image_std", "must be positive");
  }
  config.rescale_factor = file.number("rescale_factor", config.rescale_factor);
  config.resize = file.flag("do_resize", true);
  config.rescale = file.flag("do_rescale", true);
  config.normalise = file.flag("do_normalize", true);
  if (file.integer("resample", kBicubic, 0, 16) != kBicubic) {
    file.fail("resample", "must be 3, bicubic");
  }
  return config;
}

void check_pixels(const at::Tensor& pixels, std::int64_t rank) {
  if (pixels.scalar_type() != at::kByte || pixels.dim() != rank || pixels.size(-1) != 3 ||
      pixels.numel() == 0) {
    throw Error(ErrorKind::kInput,
                rank == 3 ? "an image must be u8 [H,W,3]" : "a video must be u8 [T,H,W,3]");
  }
}

/// u8 [T,H,W,3] -> u8 [T,3,height,width].
at::Tensor resized(const at::Tensor& frames, PictureSize size) {
  const at::Tensor planes = frames.permute({0, 3, 1, 2});
  if (PictureSize{frames.size(1), frames.size(2)} == size) return planes;
  const std::vector<std::int64_t> shape = {size.height, size.width};
  if (planes.is_cpu()) {
    return at::_upsample_bicubic2d_aa(planes, shape, /*align_corners=*/false);
  }
  return at::_upsample_bicubic2d_aa(planes.to(at::kFloat), shape, /*align_corners=*/false)
      .round_()
      .clamp_(0, 255)
      .to(at::kByte);
}

/// Subtrahend and divisor for each channel: rescaling and normalising in one step.
at::Tensor normalised(const ProcessorConfig& config, const at::Tensor& patches) {
  at::Tensor values = patches.to(at::kFloat);
  if (!config.normalise) {
    if (config.rescale) values.mul_(config.rescale_factor);
    return values;
  }
  const auto column = [&](const std::array<double, 3>& numbers) {
    at::Tensor scaled = at::tensor(std::vector<float>(numbers.begin(), numbers.end()));
    if (config.rescale) scaled.mul_(1.0 / config.rescale_factor);
    return scaled.to(values.device()).repeat_interleave(patches.size(1) / 3);
  };
  return values.sub_(column(config.mean)).div_(column(config.deviation));
}

/// u8 [T,H,W,3] -> patches of the video or, with one frame, of a picture.
at::Tensor patches_of(const ProcessorConfig& config, const at::Tensor& frames, PictureSize size,
                      std::vector<std::int64_t>& grid) {
  const std::int64_t patch = config.patch_size, merge = config.merge_size,
                     pair = config.temporal_patch_size;
  const std::int64_t t = (frames.size(0) + pair - 1) / pair;
  const std::int64_t h = size.height / patch, w = size.width / patch;
  at::Tensor planes = resized(frames, size);
  if (const std::int64_t missing = t * pair - frames.size(0); missing > 0) {
    planes =
        at::cat({planes, planes.narrow(0, frames.size(0) - 1, 1).expand({missing, -1, -1, -1})});
  }
  grid.insert(grid.end(), {t, h, w});
  // Ordered while they are bytes: a quarter of the memory to move.
  return planes.reshape({t, pair, 3, h / merge, merge, patch, w / merge, merge, patch})
      .permute({0, 3, 6, 4, 7, 2, 1, 5, 8})
      .reshape({t * h * w, 3 * pair * patch * patch});
}

PictureSize target_size(const ProcessorConfig& config, const at::Tensor& frames, bool video) {
  const PictureSize size = {frames.size(1), frames.size(2)};
  if (config.resize) {
    std::int64_t most = config.max_pixels;
    if (video && config.max_video_tokens) {
      const auto all = static_cast<std::int64_t>(
          static_cast<double>(*config.max_video_tokens * config.factor() * config.factor()) *
          kShareOfTokens);
      const auto least =
          static_cast<std::int64_t>(static_cast<double>(config.min_pixels) * kLeastShare);
      most = std::max(std::min(most, all * config.temporal_patch_size / frames.size(0)), least);
    }
    return smart_resize(size, config.factor(), config.min_pixels, most);
  }
  if (size.height % config.factor() != 0 || size.width % config.factor() != 0) {
    throw Error(ErrorKind::kInput, "without do_resize a picture's sides must be multiples of " +
                                       std::to_string(config.factor()));
  }
  return size;
}

VisionInputs process(const ProcessorConfig& config, const std::vector<at::Tensor>& items,
                     bool video) {
  std::vector<at::Tensor> patches;
  std::vector<std::int64_t> grid;
  for (const at::Tensor& item : items) {
    check_pixels(item, video ? 4 : 3);
    const at::Tensor frames = video ? item : item.unsqueeze(0);
    patches.push_back(patches_of(config, frames, target_size(config, frames, video), grid));
  }
  const at::Tensor all = patches.size() == 1 ? patches.front() : at::cat(patches);
  return {normalised(config, all), at::tensor(grid, at::kLong).reshape({-1, 3}).to(all.device())};
}

}  // namespace

PictureSize smart_resize(PictureSize size, std::int64_t factor, std::int64_t min_pixels,
                         std::int64_t max_pixels) {
  const auto height = static_cast<double>(size.height);
  const auto width = static_cast<double>(size.width);
  if (std::max(height, width) / std::min(height, width) > kMostStretched) {
    throw Error(ErrorKind::kInput, "a picture of " + std::to_string(size.width) + "x" +
                                       std::to_string(size.height) +
                                       ": one side may be 200 times the other, not more");
  }
  const auto unit = static_cast<double>(factor);
  const auto times_factor = [&](double units) { return static_cast<std::int64_t>(units) * factor; };
  // nearbyint rounds half to even, as Python's round does.
  PictureSize fitted = {times_factor(std::nearbyint(height / unit)),
                        times_factor(std::nearbyint(width / unit))};
  if (fitted.height * fitted.width > max_pixels) {
    const double beta = std::sqrt(height * width / static_cast<double>(max_pixels));
    fitted = {std::max(factor, times_factor(std::floor(height / beta / unit))),
              std::max(factor, times_factor(std::floor(width / beta / unit)))};
  } else if (fitted.height * fitted.width < min_pixels) {
    const double beta = std::sqrt(static_cast<double>(min_pixels) / (height * width));
    fitted = {times_factor(std::ceil(height * beta / unit)),
              times_factor(std::ceil(width * beta / unit))};
  }
  return fitted;
}

ProcessorConfig read_image_processor(const fs::path& directory) {
  return read_config(find_config(directory, "image_processor", {"preprocessor_config.json"}),
                     kImagePixels);
}

ProcessorConfig read_video_processor(const fs::path& directory) {
  const ModelConfig file = find_config(
      directory, "video_processor", {"video_preprocessor_config.json", "preprocessor_config.json"});
  ProcessorConfig config = read_config(file, kVideoPixels);
  config.min_frames = file.integer("min_frames", config.min_frames, 1, kMostFrames);
  config.max_frames = file.integer("max_frames", config.max_frames, 1, kMostFrames);
  if (file.flag("cap_pixels_per_frame", false)) {
    config.max_video_tokens = file.integer("max_video_tokens", 128000);
  }
  if (file.flag("do_sample_frames", false)) {
    if (file.has("fps")) config.sampling.fps = file.number("fps");
    if (file.has("num_frames")) {
      config.sampling.num_frames = file.integer("num_frames", {}, 1, kMostFrames);
    }
  }
  return config;
}

std::vector<std::int64_t> sampled_frames(const ProcessorConfig& config, std::int64_t frames,
                                         const FrameSampling& sampling) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(frames));
  for (std::int64_t i = 0; i < frames; ++i) all[static_cast<std::size_t>(i)] = i;
  if (!sampling.fps && !sampling.num_frames) return all;
  if (sampling.fps && sampling.num_frames) {
    throw Error(ErrorKind::kInput, "fps and num_frames can't be given both");
  }
  const std::int64_t pair = config.temporal_patch_size;
  std::int64_t count = 0;
  if (sampling.num_frames) {
    count = static_cast<std::int64_t>(std::nearbyint(static_cast<double>(*sampling.num_frames) /
                                                     static_cast<double>(pair))) *
            pair;
    if (count > frames || count < 1) {
      throw Error(ErrorKind::kInput, "num_frames would take " + std::to_string(count) +
                                         " frames of a video of " + std::to_string(frames));
    }
  } else {
    if (!sampling.source_fps) {
      throw Error(ErrorKind::kInput, "fps needs the video's own frame rate, video_fps");
    }
    const std::int64_t most = std::min(config.max_frames, frames) / pair * pair;
    const double wanted = static_cast<double>(frames) / *sampling.source_fps * *sampling.fps;
    const double bounded = std::min({std::max(wanted, static_cast<double>(config.min_frames)),
                                     static_cast<double>(most), static_cast<double>(frames)});
    count = static_cast<std::int64_t>(std::floor(bounded / static_cast<double>(pair))) * pair;
    // A video shorter than a pair: the reference divides by zero.
    if (count < 1) return all;
  }
  // ATen's own arange, rounded to float32 as it does before the fraction is cut off.
  const at::Tensor indices =
      at::arange(0, frames, static_cast<double>(frames) / static_cast<double>(count), at::kFloat)
          .to(at::kInt)
          .to(at::kLong);
  const auto* first = indices.const_data_ptr<std::int64_t>();
  all.assign(first, first + std::min(count, indices.numel()));
  return all;
}

VisionInputs process_images(const ProcessorConfig& config, const std::vector<at::Tensor>& images) {
  return process(config, images, false);
}

VisionInputs process_videos(const ProcessorConfig& config, const std::vector<at::Tensor>& videos) {
  return process(config, videos, true);
}

std::vector<std::int64_t> token_counts(const ProcessorConfig& config, const at::Tensor& grid) {
  const at::Tensor patches = grid.to(at::kCPU, at::kLong).prod(1).contiguous();
  std::vector<std::int64_t> counts;
  for (std::int64_t i = 0; i < patches.numel(); ++i) {
    counts.push_back(patches.const_data_ptr<std::int64_t>()[i] /
                     (config.merge_size * config.merge_size));
  }
  return counts;
}

double seconds_per_grid(const ProcessorConfig& config, std::int64_t taken, std::int64_t frames,
                        std::optional<double> source_fps) {
  const double fps = source_fps
                         ? static_cast<double>(taken) / static_cast<double>(frames) * *source_fps
                         : kUnknownFps;
  return static_cast<double>(config.temporal_patch_size) / fps;
}

}  // namespace ditto::models::qwen
