#include "ditto/nn/checkpoint.h"
#include "models/wan/autoencoder.h"

namespace ditto::models::wan {
namespace {

// In the file, a level of the encoder is 2 residual blocks and a step down, a level of the decoder
// is 3 residual blocks and a step up, all numbered through.
constexpr std::int64_t kDownLevel = 3;
constexpr std::int64_t kUpLevel = 4;

struct Ending {
  std::string_view original, ours;
};

constexpr Ending kResnet[] = {
    {"residual.0.gamma", "norm1.gamma"},         {"residual.2.weight", "conv1.weight"},
    {"residual.2.bias", "conv1.bias"},           {"residual.3.gamma", "norm2.gamma"},
    {"residual.6.weight", "conv2.weight"},       {"residual.6.bias", "conv2.bias"},
    {"shortcut.weight", "conv_shortcut.weight"}, {"shortcut.bias", "conv_shortcut.bias"},
};

constexpr Ending kHead[] = {
    {"conv1.weight", "conv_in.weight"}, {"conv1.bias", "conv_in.bias"},
    {"head.0.gamma", "norm_out.gamma"}, {"head.2.weight", "conv_out.weight"},
    {"head.2.bias", "conv_out.bias"},
};

template <std::size_t N>
std::string renamed(std::string_view name, const Ending (&table)[N]) {
  for (const Ending& one : table) {
    if (name == one.original) return std::string(one.ours);
  }
  return std::string(name);
}

/// Takes "N." off the begin of `rest`; -1 when it isn't there.
std::int64_t take_index(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot > 3) return -1;
  std::int64_t index = 0;
  for (const char c : rest.substr(0, dot)) {
    if (c < '0' || c > '9') return -1;
    index = index * 10 + (c - '0');
  }
  rest.remove_prefix(dot + 1);
  return index;
}

bool take(std::string_view& rest, std::string_view start) {
  if (!rest.starts_with(start)) return false;
  rest.remove_prefix(start.size());
  return true;
}

std::string half_name(std::string_view rest, bool decoder) {
  if (take(rest, "middle.")) {
    const std::int64_t index = take_index(rest);
    if (index == 1) return "mid_block.attentions.0." + std::string(rest);
    return "mid_block.resnets." + std::to_string(index / 2) + "." + renamed(rest, kResnet);
  }
  if (!decoder && take(rest, "downsamples.")) {
    const std::int64_t index = take_index(rest);
    return "down_blocks." + std::to_string(index) + "." + renamed(rest, kResnet);
  }
  if (decoder && take(rest, "upsamples.")) {
    const std::int64_t index = take_index(rest);
    const std::string block = "up_blocks." + std::to_string(index / kUpLevel);
    if (index % kUpLevel == kUpLevel - 1) return block + ".upsamplers.0." + std::string(rest);
    return block + ".resnets." + std::to_string(index % kUpLevel) + "." + renamed(rest, kResnet);
  }
  return renamed(rest, kHead);
}

/// Of all names in a file.
constexpr std::string_view kPrefixes[] = {"model.", "vae.", "first_stage_model.", ""};

std::string_view prefix_of(const std::string& name) {
  for (const std::string_view prefix : kPrefixes) {
    if (name.starts_with(prefix)) return prefix;
  }
  return {};
}

bool recognise(const std::vector<std::string>& names) {
  bool down = false, up = false, one_prefix = true;
  for (const std::string& name : names) {
    const std::string_view prefix = prefix_of(name);
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    one_prefix &= prefix == prefix_of(names.front());
    down |= rest == "encoder.downsamples.0.residual.0.gamma";
    up |= rest == "decoder.upsamples.0.residual.0.gamma";
  }
  return down && up && one_prefix;
}

std::string rename(const std::string& name) {
  std::string_view rest = std::string_view(name).substr(prefix_of(name).size());
  if (take(rest, "encoder.")) return "encoder." + half_name(rest, false);
  if (take(rest, "decoder.")) return "decoder." + half_name(rest, true);
  if (take(rest, "conv1.")) return "quant_conv." + std::string(rest);
  if (take(rest, "conv2.")) return "post_quant_conv." + std::string(rest);
  return std::string(rest);
}

/// A size of a tensor; 1, which fits nothing, where the tensor is missing or of another rank: the
/// comparison with the network then says what is wrong.
std::int64_t size_of(const nn::Checkpoint& checkpoint, const std::string& name, std::size_t axis) {
  if (!checkpoint.contains(name)) return 1;
  const auto& shape = checkpoint.info(name).shape;
  return axis < shape.size() ? std::max<std::int64_t>(1, shape[axis]) : 1;
}

nlohmann::json config_of(const nn::Checkpoint& file) {
  nn::Checkpoint checkpoint = file;
  checkpoint.rename([](const std::string& name) { return name.substr(prefix_of(name).size()); });
  const std::int64_t base = size_of(checkpoint, "encoder.conv1.weight", 0);
  std::vector<std::int64_t> multipliers;
  std::vector<bool> temporal;
  for (std::int64_t level = 0;; ++level) {
    const std::string start = "encoder.downsamples.";
    const std::string first = start + std::to_string(level * kDownLevel);
    const std::string step = start + std::to_string(level * kDownLevel + kDownLevel - 1);
    multipliers.push_back(
        std::max<std::int64_t>(1, size_of(checkpoint, first + ".residual.2.weight", 0) / base));
    if (!checkpoint.contains(step + ".resample.1.weight")) break;
    temporal.push_back(checkpoint.contains(step + ".time_conv.weight"));
  }
  return {{"_class_name", "AutoencoderKLWan"},
          {"base_dim", base},
          {"decoder_base_dim", size_of(checkpoint, "decoder.head.0.gamma", 0)},
          {"z_dim", size_of(checkpoint, "conv2.weight", 0)},
          {"in_channels", size_of(checkpoint, "encoder.conv1.weight", 1)},
          {"out_channels", size_of(checkpoint, "decoder.head.2.weight", 0)},
          {"dim_mult", multipliers},
          {"temperal_downsample", temporal}};
}

}  // namespace

Layout original_autoencoder_layout() { return {"original Wan", recognise, rename, config_of}; }

}  // namespace ditto::models::wan
