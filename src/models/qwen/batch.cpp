#include "models/qwen/batch.h"

namespace ditto::models::qwen {
namespace {

void require_integers(const Inputs& inputs, const std::string& name, const at::Tensor& tensor) {
  if (c10::isFloatingType(tensor.scalar_type())) inputs.fail(name, "must hold integers");
}

/// [B, L] of the ids' shape, on the CPU; undefined when absent.
at::Tensor beside_ids(const Inputs& inputs, const std::string& name, const at::Tensor& ids) {
  const at::Tensor tensor = inputs.optional(name, 2);
  if (!tensor.defined()) return tensor;
  if (tensor.sizes() != ids.sizes()) inputs.fail(name, "must have the shape of input_ids");
  return tensor.to(at::kCPU).contiguous();
}

/// Pixels and grids of images, or of videos, that must come together and fit.
at::Tensor read_pixels(const Inputs& inputs, const std::string& pixels_name,
                       const std::string& grid_name, const VisionConfig& config,
                       std::vector<Grid>& grids) {
  const at::Tensor pixels = inputs.optional(pixels_name, 2);
  const at::Tensor sizes = inputs.optional(grid_name, 2);
  if (!pixels.defined() && !sizes.defined()) return {};
  if (!pixels.defined()) inputs.fail(pixels_name, "is missing beside " + grid_name);
  if (!sizes.defined()) inputs.fail(grid_name, "is missing beside " + pixels_name);
  require_integers(inputs, grid_name, sizes);
  if (sizes.size(1) != 3 || sizes.size(0) == 0) inputs.fail(grid_name, "must be [N, 3], N > 0");
  const at::Tensor table = sizes.to(at::kCPU, at::kLong).contiguous();
  const auto* values = table.const_data_ptr<std::int64_t>();
  const std::int64_t merge = config.spatial_merge_size;
  std::int64_t patches = 0;
  for (std::int64_t i = 0; i < table.size(0); ++i) {
    const Grid grid = {values[3 * i], values[3 * i + 1], values[3 * i + 2]};
    constexpr std::int64_t kMost = 1 << 16;
    for (const std::int64_t side : {grid.t, grid.h, grid.w}) {
      if (side < 1 || side > kMost) inputs.fail(grid_name, "holds a size that makes no sense");
    }
    if (grid.h % merge != 0 || grid.w % merge != 0) {
      inputs.fail(grid_name, "holds heights or widths that are no multiples of " +
                                 std::to_string(merge) + " patches");
    }
    patches += grid.patches();
    grids.push_back(grid);
  }
  if (pixels.size(0) != patches || pixels.size(1) != config.patch_elements()) {
    inputs.fail(pixels_name, "must be [" + std::to_string(patches) + ", " +
                                 std::to_string(config.patch_elements()) + "] as " + grid_name +
                                 " says");
  }
  return pixels;
}

/// second_per_grid_ts, a tensor or a list, times tokens_per_second: in the tensor's arithmetic, as
/// the reference has it.
at::Tensor read_intervals(const Inputs& inputs, const Media& media, const VisionConfig& config) {
  const std::string name = "second_per_grid_ts";
  at::Tensor seconds = inputs.optional(name, 1);
  const bool list = !seconds.defined() && inputs.arguments().has(name);
  if (list) seconds = at::tensor(inputs.arguments().numbers(name), at::kDouble);
  if (!seconds.defined()) return {};
  if (seconds.size(0) != static_cast<std::int64_t>(media.videos.size())) {
    inputs.fail(name, "must hold one number for each video");
  }
  seconds = seconds.to(at::kCPU);
  if (!seconds.isfinite().all().item<bool>() || seconds.lt(0).any().item<bool>()) {
    inputs.fail(name, "must hold numbers that aren't negative");
  }
  const at::Tensor intervals = seconds * config.tokens_per_second;
  return list ? intervals.to(at::kFloat) : intervals;
}

std::vector<TokenType> row_types(const at::Tensor& ids, const at::Tensor& types, std::int64_t row,
                                 const Config& config) {
  const std::int64_t length = ids.size(1);
  const auto* id = ids.const_data_ptr<std::int64_t>() + row * length;
  std::vector<TokenType> result(static_cast<std::size_t>(length), TokenType::kText);
  for (std::int64_t i = 0; i < length; ++i) {
    TokenType& type = result[static_cast<std::size_t>(i)];
    if (types.defined()) {
      type = static_cast<TokenType>(types.const_data_ptr<std::int64_t>()[row * length + i]);
    } else if (id[i] == config.image_token_id) {
      type = TokenType::kImage;
    } else if (id[i] == config.video_token_id) {
      type = TokenType::kVideo;
    }
  }
  return result;
}

}  // namespace

std::vector<std::int64_t> Batch::kept(std::int64_t row) const {
  const bool* first = mask.const_data_ptr<bool>() + row * length();
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < length(); ++i) {
    if (first[i]) places.push_back(i);
  }
  return places;
}

const std::vector<std::string>& batch_tensors() {
  static const std::vector<std::string> names = {
      "input_ids",      "attention_mask",      "mm_token_type_ids", "pixel_values",
      "image_grid_thw", "pixel_values_videos", "video_grid_thw",    "second_per_grid_ts"};
  return names;
}

const std::vector<std::string>& batch_arguments() {
  static const std::vector<std::string> names = {"second_per_grid_ts"};
  return names;
}

Batch read_batch(const Inputs& inputs, const Network& network) {
  const Config& config = network.config();
  Batch batch;
  const at::Tensor& given = inputs.tensor("input_ids", 2);
  require_integers(inputs, "input_ids", given);
  if (given.numel() == 0) inputs.fail("input_ids", "is empty");
  batch.ids = given.to(at::kLong);
  if (batch.ids.min().item<std::int64_t>() < 0 ||
      batch.ids.max().item<std::int64_t>() >= config.text.vocab_size) {
    inputs.fail("input_ids", "holds ids outside of the vocabulary");
  }
  const at::Tensor mask = beside_ids(inputs, "attention_mask", given);
  batch.mask = mask.defined() ? mask.ne(0) : at::ones(given.sizes(), at::kBool);
  if (!batch.mask.any(1).all().item<bool>()) {
    inputs.fail("attention_mask", "has a row without any token");
  }
  at::Tensor types = beside_ids(inputs, "mm_token_type_ids", given);
  if (types.defined()) {
    require_integers(inputs, "mm_token_type_ids", types);
    types = types.to(at::kLong);
    if (types.min().item<std::int64_t>() < 0 || types.max().item<std::int64_t>() > 2) {
      inputs.fail("mm_token_type_ids", "must hold 0 (text), 1 (image) and 2 (video) only");
    }
  }
  batch.image_pixels =
      read_pixels(inputs, "pixel_values", "image_grid_thw", config.vision, batch.media.images);
  batch.video_pixels = read_pixels(inputs, "pixel_values_videos", "video_grid_thw", config.vision,
                                   batch.media.videos);
  batch.media.video_intervals = read_intervals(inputs, batch.media, config.vision);
  const at::Tensor host_ids = batch.ids.to(at::kCPU).contiguous();
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    batch.types.push_back(row_types(host_ids, types, row, config));
  }
  return batch;
}

Positions row_positions(Batch& batch, std::int64_t row, const Config& config) {
  if (!batch.has_media()) return text_positions(batch.length());
  const std::vector<std::int64_t> kept = batch.kept(row);
  std::vector<TokenType> types;
  for (const std::int64_t place : kept) {
    types.push_back(batch.types[static_cast<std::size_t>(row)][static_cast<std::size_t>(place)]);
  }
  std::int64_t next = 0;
  const Positions packed = prompt_positions(types, batch.media, config.vision, next);
  Positions positions;
  for (std::size_t axis = 0; axis < positions.size(); ++axis) {
    positions[axis].resize(static_cast<std::size_t>(batch.length()));
    for (std::size_t i = 0; i < kept.size(); ++i) {
      positions[axis][static_cast<std::size_t>(kept[i])] = packed[axis][i];
    }
  }
  return positions;
}

}  // namespace ditto::models::qwen
