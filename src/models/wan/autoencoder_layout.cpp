#include "ditto/nn/checkpoint.h"
#include "models/wan/autoencoder.h"

namespace ditto::models::wan {
namespace {

// In Wan2.1's file, a level of the encoder is 2 residual blocks and a step down, a level of the
// decoder is 3 residual blocks and a step up, all numbered through. In Wan2.2's, levels are modules
// of their own, with the same parts in a list beneath.
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

/// Whether it is beneath a residual block, and not beneath a step between levels.
bool in_resnet(std::string_view rest) {
  return rest.starts_with("residual.") || rest.starts_with("shortcut.");
}

/// Within a level of Wan2.2's: "N.residual.0.gamma", "N.resample.1.weight".
std::string level_name(std::string_view rest, std::string_view step) {
  const std::int64_t index = take_index(rest);
  if (!in_resnet(rest)) return std::string(step) + "." + std::string(rest);
  return "resnets." + std::to_string(index) + "." + renamed(rest, kResnet);
}

std::string half_name(std::string_view rest, bool decoder) {
  if (take(rest, "middle.")) {
    const std::int64_t index = take_index(rest);
    if (index == 1) return "mid_block.attentions.0." + std::string(rest);
    return "mid_block.resnets." + std::to_string(index / 2) + "." + renamed(rest, kResnet);
  }
  if (!decoder && take(rest, "downsamples.")) {
    const std::string block = "down_blocks." + std::to_string(take_index(rest)) + ".";
    if (take(rest, "downsamples.")) return block + level_name(rest, "downsampler");
    return block + renamed(rest, kResnet);
  }
  if (decoder && take(rest, "upsamples.")) {
    const std::int64_t index = take_index(rest);
    if (take(rest, "upsamples.")) {
      return "up_blocks." + std::to_string(index) + "." + level_name(rest, "upsampler");
    }
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

/// Of Wan2.2's encoder.
constexpr std::string_view kFirstOfResidual =
    "encoder.downsamples.0.downsamples.0.residual.0.gamma";

bool recognise(const std::vector<std::string>& names) {
  bool down = false, up = false, one_prefix = true;
  for (const std::string& name : names) {
    const std::string_view prefix = prefix_of(name);
    const std::string_view rest = std::string_view(name).substr(prefix.size());
    one_prefix &= prefix == prefix_of(names.front());
    down |= rest == "encoder.downsamples.0.residual.0.gamma" || rest == kFirstOfResidual;
    up |= rest == "decoder.upsamples.0.residual.0.gamma" ||
          rest == "decoder.upsamples.0.upsamples.0.residual.0.gamma";
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

// Of Wan2.2's latents: its file has no statistics (wan/modules/vae2_2.py).
const std::vector<double> kResidualMean = {
    -0.2289, -0.0052, -0.1323, -0.2339, -0.2799, 0.0174,  0.1838,  0.1557,  -0.1382, 0.0542,
    0.2813,  0.0891,  0.1570,  -0.0098, 0.0375,  -0.1825, -0.2246, -0.1207, -0.0698, 0.5109,
    0.2665,  -0.2108, -0.2158, 0.2502,  -0.2055, -0.0322, 0.1109,  0.1567,  -0.0729, 0.0899,
    -0.2799, -0.1230, -0.0313, -0.1649, 0.0117,  0.0723,  -0.2839, -0.2083, -0.0520, 0.3748,
    0.0152,  0.1957,  0.1433,  -0.2944, 0.3573,  -0.0548, -0.1681, -0.0667};
const std::vector<double> kResidualStd = {
    0.4765, 1.0364, 0.4514, 1.1677, 0.5313, 0.4990, 0.4818, 0.5013, 0.8158, 1.0344, 0.5894, 1.0901,
    0.6885, 0.6165, 0.8454, 0.4978, 0.5759, 0.3523, 0.7135, 0.6804, 0.5833, 1.4146, 0.8986, 0.5659,
    0.7069, 0.5338, 0.4889, 0.4917, 0.4069, 0.4999, 0.6866, 0.4093, 0.5709, 0.6065, 0.6415, 0.4944,
    0.5726, 1.2042, 0.5458, 1.6887, 0.3971, 1.0600, 0.3943, 0.5537, 0.5444, 0.4089, 0.7468, 0.7744};

/// Of a level of Wan2.2's encoder, whose step has the number after them.
std::int64_t residual_blocks(const nn::Checkpoint& checkpoint) {
  std::int64_t blocks = 0;
  while (checkpoint.contains("encoder.downsamples.0.downsamples." + std::to_string(blocks) +
                             ".residual.0.gamma")) {
    ++blocks;
  }
  return blocks;
}

/// What only Wan2.2's config says. Patches are square, of pictures with 3 channels.
void describe_residual(const nn::Checkpoint& checkpoint, nlohmann::json& config) {
  constexpr std::int64_t kColours = 3;
  std::int64_t side = 1;
  while ((side + 1) * (side + 1) * kColours <= config["in_channels"].get<std::int64_t>()) ++side;
  config["is_residual"] = true;
  config["patch_size"] = side;
  config["num_res_blocks"] = residual_blocks(checkpoint);
  config["scale_factor_spatial"] = side * (std::int64_t{1} << config["temperal_downsample"].size());
  config["scale_factor_temporal"] = 4;
  config["latents_mean"] = kResidualMean;
  config["latents_std"] = kResidualStd;
}

nlohmann::json config_of(const nn::Checkpoint& file) {
  nn::Checkpoint checkpoint = file;
  checkpoint.rename([](const std::string& name) { return name.substr(prefix_of(name).size()); });
  const bool residual = checkpoint.contains(std::string(kFirstOfResidual));
  const std::int64_t base = size_of(checkpoint, "encoder.conv1.weight", 0);
  std::vector<std::int64_t> multipliers;
  std::vector<bool> temporal;
  for (std::int64_t level = 0;; ++level) {
    const std::string start = "encoder.downsamples.";
    const std::string nested = start + std::to_string(level) + ".downsamples.";
    const std::string first = residual ? nested + "0" : start + std::to_string(level * kDownLevel);
    const std::string step = residual ? nested + std::to_string(residual_blocks(checkpoint))
                                      : start + std::to_string(level * kDownLevel + kDownLevel - 1);
    multipliers.push_back(
        std::max<std::int64_t>(1, size_of(checkpoint, first + ".residual.2.weight", 0) / base));
    if (!checkpoint.contains(step + ".resample.1.weight")) break;
    temporal.push_back(checkpoint.contains(step + ".time_conv.weight"));
  }
  nlohmann::json config = {{"_class_name", "AutoencoderKLWan"},
                           {"base_dim", base},
                           {"decoder_base_dim", size_of(checkpoint, "decoder.head.0.gamma", 0)},
                           {"z_dim", size_of(checkpoint, "conv2.weight", 0)},
                           {"in_channels", size_of(checkpoint, "encoder.conv1.weight", 1)},
                           {"out_channels", size_of(checkpoint, "decoder.head.2.weight", 0)},
                           {"dim_mult", multipliers},
                           {"temperal_downsample", temporal}};
  if (residual) describe_residual(checkpoint, config);
  return config;
}

}  // namespace

Layout original_autoencoder_layout() { return {"original Wan", recognise, rename, config_of}; }

}  // namespace ditto::models::wan
