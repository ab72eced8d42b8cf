#include "ditto/nn/convert.h"

#include <limits>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/nn/dtype.h"

namespace ditto::nn {
namespace {

namespace fs = std::filesystem;

constexpr double kLargestFloat8 = 448;  // of float8_e4m3fn

struct Item {
  const Weight* weight = nullptr;
  std::string stored;
  at::ScalarType dtype = at::kFloat;

  bool scaled() const { return dtype == at::kFloat8_e4m3fn; }
  std::string scale_name() const { return weight->name + std::string(kScaleSuffix); }
  std::int64_t rows() const { return weight->tensor.size(0); }
  std::uint64_t bytes() const {
    const auto elements = static_cast<std::uint64_t>(weight->tensor.numel());
    return elements * c10::elementSize(dtype) +
           (scaled() ? static_cast<std::uint64_t>(rows()) * sizeof(float) : 0);
  }
};

using Shard = std::vector<Item>;

std::vector<Shard> plan(const Weights& weights, const Checkpoint& checkpoint,
                        const ConvertOptions& options) {
  std::vector<Shard> shards(1);
  std::uint64_t filled = 0;
  for (const Weight& weight : weights.all()) {
    Item item{&weight, stored_name(weights, weight.name, checkpoint)};
    if (item.stored.empty()) continue;  // an optional buffer
    item.dtype = options.dtype(weight, checkpoint.info(item.stored).dtype);
    if (item.scaled() && weight.tensor.dim() < 2) {
      throw std::logic_error(weight.name + " has no rows to scale");
    }
    if (!shards.back().empty() && filled + item.bytes() > options.shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += item.bytes();
    shards.back().push_back(std::move(item));
  }
  return shards;
}

std::string file_name(const std::string& stem, std::size_t index, std::size_t count) {
  if (count == 1) return stem + ".safetensors";
  const auto five_digits = [](std::size_t number) {
    const std::string digits = std::to_string(number);
    return std::string(5 - std::min<std::size_t>(5, digits.size()), '0') + digits;
  };
  return stem + "-" + five_digits(index + 1) + "-of-" + five_digits(count) + ".safetensors";
}

std::map<std::string, TensorInfo> layout_of(const Shard& shard) {
  std::map<std::string, TensorInfo> layout;
  for (const Item& item : shard) {
    layout[item.weight->name] = {item.dtype, item.weight->tensor.sizes().vec()};
    if (item.scaled()) layout[item.scale_name()] = {at::kFloat, {item.rows(), 1}};
  }
  return layout;
}

void require_finite(const Item& item, const at::Tensor& value, const at::Tensor& written,
                    const Checkpoint& checkpoint) {
  if (!c10::isFloatingType(item.dtype) || written.isfinite().all().item<bool>()) return;
  const std::string name = "tensor \"" + shown(item.stored) + "\"";
  throw Error(ErrorKind::kInput,
              printable(checkpoint.file_of(item.stored).path()) + ": " + name +
                  (value.isfinite().all().item<bool>()
                       ? " has values that don't fit into " + torch_name(item.dtype)
                       : " holds values that are not finite"));
}

/// Writes rows [first, first + value.size(0)), or a tensor without dimensions.
void write_piece(const Item& item, const at::Tensor& value, std::int64_t first,
                 const Checkpoint& checkpoint, SafetensorsWriter& writer) {
  if (!item.scaled()) {
    const at::Tensor cast = value.to(item.dtype);
    require_finite(item, value, cast, checkpoint);
    if (value.dim() == 0) return writer.write(item.weight->name, cast);
    return writer.write_rows(item.weight->name, first, cast);
  }
  const at::Tensor rows = value.to(at::kFloat).flatten(1);
  require_finite(item, rows, rows, checkpoint);
  // Rows of zeros, and those too small for their scale, must not divide by zero.
  const at::Tensor scale =
      (rows.abs().amax(1, true) / kLargestFloat8).clamp_min(std::numeric_limits<float>::min());
  const at::Tensor quantised =
      (rows / scale).clamp_(-kLargestFloat8, kLargestFloat8).to(at::kFloat8_e4m3fn);
  writer.write_rows(item.weight->name, first, quantised.view(value.sizes()));
  writer.write_rows(item.scale_name(), first, scale);
}

void convert(const Item& item, const Checkpoint& checkpoint, const ConvertOptions& options,
             SafetensorsWriter& writer) {
  const WeightPatch* const patch = options.patch;
  const at::Tensor& shape = item.weight->tensor;
  const bool patched = patch != nullptr && patch->changes(item.weight->name);
  if (patched || shape.dim() == 0 || shape.numel() == 0) {
    at::Tensor value = stored_value(checkpoint, item.stored);
    if (patched) value = patch->apply(item.weight->name, value.to(at::kFloat));
    return write_piece(item, value, 0, checkpoint, writer);
  }
  const std::int64_t step =
      std::max<std::int64_t>(1, options.piece / (shape.numel() / item.rows()));
  for (std::int64_t first = 0; first < item.rows(); first += step) {
    throw_if_stopped();
    const std::int64_t count = std::min(step, item.rows() - first);
    write_piece(item, stored_rows(checkpoint, item.stored, first, count), first, checkpoint,
                writer);
    checkpoint.file_of(item.stored).release(checkpoint.stored(item.stored));
  }
}

void require_space(const fs::path& directory, std::uint64_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(directory, error);
  if (error || space.available >= bytes) return;
  throw Error(ErrorKind::kFatal, printable(directory) + ": " + std::to_string(bytes) +
                                     " bytes are needed, " + std::to_string(space.available) +
                                     " are free");
}

}  // namespace

Converted write_converted(const Weights& weights, const Checkpoint& checkpoint,
                          const fs::path& directory, const ConvertOptions& options) {
  require_match(weights, checkpoint);
  const std::vector<Shard> shards = plan(weights, checkpoint, options);
  Converted result;
  for (const Shard& shard : shards) {
    for (const Item& item : shard) result.bytes += item.bytes();
  }
  require_space(directory, result.bytes);

  const c10::InferenceMode inference;
  nlohmann::json places = nlohmann::json::object();
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    result.files.push_back(file_name(options.stem, i, shards.size()));
    const std::map<std::string, TensorInfo> layout = layout_of(shards[i]);
    for (const auto& [name, info] : layout) places[name] = result.files.back();
    SafetensorsWriter writer(directory / result.files.back(), layout, options.metadata);
    for (std::size_t k = 0; k < shards[i].size(); ++k) {
      throw_if_stopped();
      const Item& item = shards[i][k];
      if (k + 1 < shards[i].size()) {
        const std::string& next = shards[i][k + 1].stored;
        checkpoint.file_of(next).prefetch(checkpoint.stored(next));
      }
      convert(item, checkpoint, options, writer);
      checkpoint.file_of(item.stored).release(checkpoint.stored(item.stored));
      done += item.bytes();
      if (options.progress) options.progress(done, result.bytes);
    }
    writer.commit();
  }
  if (shards.size() > 1) {
    result.files.push_back(options.stem + ".safetensors.index.json");
    const nlohmann::json index = {{"metadata", {{"total_size", result.bytes}}},
                                  {"weight_map", std::move(places)}};
    write_file(directory / result.files.back(), index.dump(2) + "\n");
  }
  return result;
}

}  // namespace ditto::nn
