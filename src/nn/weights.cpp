#include "ditto/nn/weights.h"

#include <cstring>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/nn/dtype.h"

namespace ditto::nn {
namespace {

/// Stored values of these types may be multiples of a scale.
bool is_quantised(at::ScalarType dtype) {
  return dtype == at::kFloat8_e4m3fn || dtype == at::kFloat8_e5m2 || dtype == at::kChar;
}

/// Whether `name` is the scale of a float8 tensor beside it: one number, or one a row.
bool is_scale(const std::string& name, const Checkpoint& checkpoint) {
  if (!name.ends_with(kScaleSuffix) || !checkpoint.contains(name)) return false;
  const std::string scaled = name.substr(0, name.size() - kScaleSuffix.size());
  if (!checkpoint.contains(scaled) || !is_quantised(checkpoint.info(scaled).dtype)) return false;
  const TensorInfo& scale = checkpoint.info(name);
  if (!c10::isFloatingType(scale.dtype)) return false;
  const std::uint64_t count = scale.bytes / c10::elementSize(scale.dtype);
  const std::vector<std::int64_t>& shape = checkpoint.info(scaled).shape;
  const bool by_row = !shape.empty() && !scale.shape.empty() &&
                      count == static_cast<std::uint64_t>(shape.front()) &&
                      scale.shape.front() == shape.front();
  return count == 1 || by_row;
}

/// Shaped so that it multiplies a tensor of `dimensions` dimensions.
at::Tensor broadcast_scale(const at::Tensor& scale, std::int64_t dimensions) {
  if (scale.numel() == 1) return scale.reshape({}).to(at::kFloat);
  std::vector<std::int64_t> shape(static_cast<std::size_t>(dimensions), 1);
  shape.front() = scale.numel();
  return scale.reshape(shape).to(at::kFloat);
}

bool fits(const Weight& weight, const std::string& stored, const Checkpoint& checkpoint) {
  const at::ScalarType dtype = weight.tensor.scalar_type();
  const TensorInfo& info = checkpoint.info(stored);
  const bool quantised =
      info.dtype == at::kChar && is_scale(stored + std::string(kScaleSuffix), checkpoint);
  const bool kind = c10::isFloatingType(dtype) ? c10::isFloatingType(info.dtype) || quantised
                                               : dtype == info.dtype;
  return kind && weight.tensor.sizes() == c10::IntArrayRef(info.shape);
}

Match::Misfit misfit(const std::string& name, const Weight& weight, const TensorInfo& info) {
  const at::ScalarType dtype = weight.tensor.scalar_type();
  return {name,
          shape_text(weight.tensor.sizes()) + " " +
              (c10::isFloatingType(dtype) ? "floating" : header_name(dtype)),
          shape_text(info.shape) + " " + header_name(info.dtype)};
}

void append_names(std::string& text, const char* title, const std::vector<std::string>& names,
                  std::size_t most) {
  if (names.empty()) return;
  text += (text.empty() ? "" : "\n") + std::to_string(names.size()) + " " + title + ":";
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) text += "\n  " + names[i];
  if (names.size() > most) text += "\n  and " + std::to_string(names.size() - most) + " more";
}

}  // namespace

std::string Match::text(std::size_t most) const {
  std::string text;
  std::vector<std::string> lines;
  for (const std::string& name : missing) lines.push_back(shown(name));
  append_names(text, "missing", lines, most);
  lines.clear();
  for (const std::string& name : unexpected) lines.push_back(shown(name));
  append_names(text, "unexpected", lines, most);
  lines.clear();
  for (const Misfit& one : misshaped) {
    lines.push_back(shown(one.name) + ": expected " + one.expected + ", found " + one.found);
  }
  append_names(text, "misshaped", lines, most);
  return text;
}

Match match(const Weights& weights, const Checkpoint& checkpoint) {
  Match result;
  for (const Weight& weight : weights.all()) {
    const std::string source = stored_name(weights, weight.name, checkpoint);
    if (source.empty()) {
      if (weight.role != Role::kOptionalBuffer) result.missing.push_back(weight.name);
    } else if (!fits(weight, source, checkpoint)) {
      result.misshaped.push_back(misfit(source, weight, checkpoint.info(source)));
    }
  }
  for (const std::string& name : checkpoint.names()) {
    if (weights.find(name) != nullptr || is_scale(name, checkpoint)) continue;
    const auto tie = weights.ties().find(name);
    if (tie == weights.ties().end()) {
      result.unexpected.push_back(name);
    } else if (checkpoint.contains(tie->second)) {  // a copy that is not read
      const Weight& weight = *weights.find(tie->second);
      if (!fits(weight, name, checkpoint)) {
        result.misshaped.push_back(misfit(name, weight, checkpoint.info(name)));
      }
    }
  }
  return result;
}

void require_match(const Weights& weights, const Checkpoint& checkpoint) {
  if (const Match found = match(weights, checkpoint); !found.whole()) {
    throw Error(ErrorKind::kInput, printable(checkpoint.files().front().path()) +
                                       " doesn't hold this network:\n" + found.text());
  }
}

void use_our_scale_names(Checkpoint& checkpoint) {
  constexpr std::string_view kTheirScale = ".scale_weight";
  constexpr std::string_view kDropped[] = {".scale_input", ".input_scale", ".comfy_quant"};
  const auto weight_beside = [&](const std::string& name, std::string_view ending) {
    std::string weight = name.substr(0, name.size() - ending.size()) + ".weight";
    return checkpoint.contains(weight) && is_quantised(checkpoint.info(weight).dtype)
               ? weight
               : std::string();
  };
  checkpoint.rename([&](const std::string& name) -> std::string {
    if (name == "scaled_fp8") return {};
    if (name.ends_with(kTheirScale)) {
      const std::string weight = weight_beside(name, kTheirScale);
      return weight.empty() ? name : weight + std::string(kScaleSuffix);
    }
    for (const std::string_view ending : kDropped) {
      if (name.ends_with(ending) && !weight_beside(name, ending).empty()) return {};
    }
    return name;
  });
}

std::string stored_name(const Weights& weights, const std::string& name,
                        const Checkpoint& checkpoint) {
  if (checkpoint.contains(name)) return name;
  for (const auto& [other, tied] : weights.ties()) {
    if (tied == name && checkpoint.contains(other)) return other;
  }
  return {};
}

at::Tensor stored_value(const Checkpoint& checkpoint, const std::string& name, at::Device device) {
  const at::Tensor value = checkpoint.tensor(name).to(device);
  const std::string scale = name + std::string(kScaleSuffix);
  if (!is_scale(scale, checkpoint)) return value;
  return value.to(at::kFloat)
      .mul_(broadcast_scale(checkpoint.tensor(scale), value.dim()).to(device));
}

at::Tensor stored_rows(const Checkpoint& checkpoint, const std::string& name, std::int64_t first,
                       std::int64_t count) {
  const at::Tensor value = checkpoint.tensor(name).narrow(0, first, count);
  const std::string scale = name + std::string(kScaleSuffix);
  if (!is_scale(scale, checkpoint)) return value;
  at::Tensor factors = checkpoint.tensor(scale);
  if (factors.numel() != 1) factors = factors.narrow(0, first, count);
  return value.to(at::kFloat).mul_(broadcast_scale(factors, value.dim()));
}

void load_weights(const Weights& weights, const Checkpoint& checkpoint,
                  const LoadOptions& options) {
  require_match(weights, checkpoint);
  std::vector<std::pair<const Weight*, std::string>> work;
  std::uint64_t total = 0;
  for (const Weight& weight : weights.all()) {
    std::string source = stored_name(weights, weight.name, checkpoint);
    if (source.empty()) continue;
    total += checkpoint.info(source).bytes;
    work.emplace_back(&weight, std::move(source));
  }
  const c10::InferenceMode inference;
  std::uint64_t done = 0;
  for (std::size_t i = 0; i < work.size(); ++i) {
    throw_if_stopped();
    const auto& [weight, source] = work[i];
    if (i + 1 < work.size()) {
      const std::string& next = work[i + 1].second;
      checkpoint.file_of(next).prefetch(checkpoint.stored(next));
    }
    const bool patched = options.patch != nullptr && options.patch->changes(weight->name);
    // Patches are made on the CPU, so that every device gets the same weights.
    const at::Tensor value =
        stored_value(checkpoint, source, patched ? at::kCPU : weight->tensor.device());
    weight->tensor.copy_(patched ? options.patch->apply(weight->name, value.to(at::kFloat))
                                 : value);
    checkpoint.file_of(source).release(checkpoint.stored(source));
    done += checkpoint.info(source).bytes;
    if (options.progress) options.progress(done, total);
  }
}

namespace {

/// Counts elements whose exponent bits are all ones (of float8_e4m3fn: all bits but the sign).
template <typename Bits>
std::uint64_t count_special(std::span<const std::byte> bytes, Bits mask) {
  std::uint64_t count = 0;
  constexpr std::size_t kBlock = 4096;
  Bits block[kBlock];
  for (std::size_t at = 0; at + sizeof(Bits) <= bytes.size();) {
    const std::size_t n = std::min(kBlock, (bytes.size() - at) / sizeof(Bits));
    std::memcpy(block, bytes.data() + at, n * sizeof(Bits));
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < n; ++i) found += (block[i] & mask) == mask;
    count += found;
    at += n * sizeof(Bits);
  }
  return count;
}

std::uint64_t count_special_of(at::ScalarType dtype, std::span<const std::byte> bytes) {
  switch (dtype) {
    case at::kDouble:
      return count_special<std::uint64_t>(bytes, 0x7ff0'0000'0000'0000);
    case at::kFloat:
      return count_special<std::uint32_t>(bytes, 0x7f80'0000);
    case at::kHalf:
      return count_special<std::uint16_t>(bytes, 0x7c00);
    case at::kBFloat16:
      return count_special<std::uint16_t>(bytes, 0x7f80);
    case at::kFloat8_e4m3fn:
      return count_special<std::uint8_t>(bytes, 0x7f);
    case at::kFloat8_e5m2:
      return count_special<std::uint8_t>(bytes, 0x7c);
    default:
      return 0;
  }
}

}  // namespace

std::uint64_t count_not_finite(const SafetensorsFile& file, const std::string& name) {
  std::uint64_t count = 0;
  for (const auto& part : file.stored_bytes(name)) {
    count += count_special_of(file.header().tensors.at(name).dtype, part);
  }
  return count;
}

}  // namespace ditto::nn
