#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "ditto/models/model.h"

/// Pictures and videos as Qwen2.5-VL's vision tower takes them (transformers,
/// models/qwen2_vl/image_processing_qwen2_vl.py and video_processing_qwen2_vl.py): resized so that
/// both sides are multiples of a merged patch and the area is within bounds, normalised, and cut
/// into patches of two frames.
namespace ditto::models::qwen {

struct PictureSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  bool operator==(const PictureSize&) const = default;
};

/// The size nearest to `size` with sides that are multiples of `factor` and an area from
/// `min_pixels` to `max_pixels`; the sides are rounded half to even, down when the area was too
/// large, up when it was too small. Throws Error(kInput) where one side is more than 200 times the
/// other.
PictureSize smart_resize(PictureSize size, std::int64_t factor, std::int64_t min_pixels,
                         std::int64_t max_pixels);

/// Which frames of a video are taken. At most one of both numbers may be given; without either, all
/// are.
struct FrameSampling {
  std::optional<double> fps = std::nullopt;               ///< frames per second to take
  std::optional<std::int64_t> num_frames = std::nullopt;  ///< frames to take in all
  std::optional<double> source_fps = std::nullopt;        ///< of the video; needed for `fps`
};

struct ProcessorConfig {
  std::int64_t min_pixels = 0;
  std::int64_t max_pixels = 0;
  std::int64_t patch_size = 14;
  std::int64_t temporal_patch_size = 2;
  std::int64_t merge_size = 2;  ///< patches that become a token: merge_size^2
  std::array<double, 3> mean{};
  std::array<double, 3> deviation{};
  double rescale_factor = 1.0 / 255.0;
  bool resize = true;
  bool rescale = true;
  bool normalise = true;

  // Of videos only.
  std::int64_t min_frames = 4;
  std::int64_t max_frames = 768;
  /// Tokens that bound a whole video's pixels; none when there is no such bound.
  std::optional<std::int64_t> max_video_tokens;
  FrameSampling sampling;  ///< when the caller gives none

  std::int64_t factor() const { return patch_size * merge_size; }
};

/// What the files of a checkpoint say: processor_config.json (the part for pictures or videos),
/// else video_preprocessor_config.json (videos), else preprocessor_config.json; the reference's
/// class defaults where a key is absent. Throw Error(kInput): no such file, a value of another
/// kind, a resampling that isn't bicubic.
ProcessorConfig read_image_processor(const std::filesystem::path& directory);
ProcessorConfig read_video_processor(const std::filesystem::path& directory);

/// Numbers of the frames to take from a video of `frames`, ascending; an even number of them where
/// the video has two or more. Throws Error(kInput) when more are asked for than there are.
std::vector<std::int64_t> sampled_frames(const ProcessorConfig& config, std::int64_t frames,
                                         const FrameSampling& sampling);

struct VisionInputs {
  at::Tensor patches;  ///< [N, 3 * temporal_patch_size * patch_size^2] f32, for all items in turn
  at::Tensor grid;     ///< [items, 3] i64: frames (pairs), rows and columns of patches
};

/// `images`: u8 [H,W,3] each, on any device, where the work is done: on the CPU in 8 bits and two
/// passes as the reference does by default, elsewhere in one pass of float32. Each image counts as
/// two equal frames. Rows of patches are in the order of merged 2x2 blocks.
VisionInputs process_images(const ProcessorConfig& config, const std::vector<at::Tensor>& images);

/// `videos`: u8 [T,H,W,3] each, sampled already. An odd number of frames repeats the last one.
VisionInputs process_videos(const ProcessorConfig& config, const std::vector<at::Tensor>& videos);

/// Tokens that each item takes in the language model's input, for text::ChatPart: its patches, with
/// merge_size^2 of them in a token. `grid`: VisionInputs'.
std::vector<std::int64_t> token_counts(const ProcessorConfig& config, const at::Tensor& grid);

/// Seconds that a pair of frames lasts when `taken` of `frames` at `source_fps` were taken; 24
/// frames per second where the rate isn't known, as the reference has it.
double seconds_per_grid(const ProcessorConfig& config, std::int64_t taken, std::int64_t frames,
                        std::optional<double> source_fps);

/// The entry `preprocess` of `ditto model run`: images or images_0, images_1, ... (u8 [H,W,3]),
/// videos or videos_0, videos_1, ... (u8 [T,H,W,3]), arguments min_pixels, max_pixels, fps (frames
/// per second to take), num_frames and video_fps (of the source: a number, or one per video). Gives
/// pixel_values and image_grid_thw; pixel_values_videos, video_grid_thw and second_per_grid_ts (f32
/// [videos]). The configuration is read when the entry is run.
Entry make_preprocess_entry(const Source& source);

/// A directory with a processor's configuration as a model without weights, with this entry alone.
Model make_processor(const Source& source, const nn::Placement& placement);

}  // namespace ditto::models::qwen
