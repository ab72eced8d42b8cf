#include "models/wan/autoencoder.h"

#include <algorithm>
#include <functional>

namespace ditto::models::wan {
namespace {

/// Frames of a chunk after frame 0 (autoencoder_kl_wan.py:1147).
constexpr std::int64_t kChunk = 4;

// Statistics of the published autoencoder's latents, its config's defaults.
const std::vector<double> kMean = {-0.7571, -0.7089, -0.9113, 0.1075,  -0.1745, 0.9653,
                                   -0.1517, 1.5508,  0.4134,  -0.0715, 0.5517,  -0.3632,
                                   -0.1922, -0.9497, 0.2503,  -0.2921};
const std::vector<double> kStd = {2.8184, 1.4541, 2.3275, 2.6558, 1.2196, 1.7708, 2.6052, 2.0743,
                                  3.2687, 2.1526, 2.8652, 1.5579, 1.6382, 1.1253, 2.8251, 1.9160};

at::Tensor channels_last(const at::Tensor& x) {
  return x.contiguous(at::MemoryFormat::ChannelsLast3d);
}

/// Squares of size x size pixels become channels, of which the columns vary slower than the rows
/// (autoencoder_kl_wan.py:922), and back.
at::Tensor to_patches(const at::Tensor& video, std::int64_t size) {
  if (size == 1) return video;
  return video.unflatten(4, {-1, size})
      .unflatten(3, {-1, size})  // [B, C, T, H, ph, W, pw]
      .permute({0, 1, 6, 4, 2, 3, 5})
      .flatten(1, 3);
}
at::Tensor from_patches(const at::Tensor& patches, std::int64_t size) {
  if (size == 1) return patches;
  return patches
      .unflatten(1, {-1, size, size})  // [B, C, pw, ph, T, H, W]
      .permute({0, 1, 4, 5, 3, 6, 2})
      .flatten(5, 6)
      .flatten(3, 4);
}

/// A result that is filled chunk by chunk.
class Frames {
 public:
  explicit Frames(std::int64_t frames) : frames_(frames) {}
  void add(const at::Tensor& chunk) {
    if (!all_.defined()) {
      std::vector<std::int64_t> shape = chunk.sizes().vec();
      shape[2] = frames_;
      all_ = at::empty(shape, chunk.options());
    }
    all_.narrow(2, begin_, chunk.size(2)).copy_(chunk);
    begin_ += chunk.size(2);
  }
  at::Tensor take() { return std::move(all_); }

 private:
  std::int64_t frames_;
  std::int64_t begin_ = 0;
  at::Tensor all_;
};

/// Begins of the tiles along one axis, leaving out those that are smaller than `least`.
std::vector<std::int64_t> tile_begins(std::int64_t length, std::int64_t stride,
                                      std::int64_t least) {
  std::vector<std::int64_t> begins;
  for (std::int64_t at = 0; at < length && (at == 0 || length - at >= least); at += stride) {
    begins.push_back(at);
  }
  return begins;
}

/// Mixes the end of `before` into the begin of `tile` along `axis`, over at most `extent` pixels.
void blend(const at::Tensor& before, const at::Tensor& tile, std::int64_t extent,
           std::int64_t axis) {
  extent = std::min({extent, before.size(axis), tile.size(axis)});
  if (extent <= 0) return;
  std::vector<std::int64_t> shape(static_cast<std::size_t>(tile.dim()), 1);
  shape[static_cast<std::size_t>(axis)] = extent;
  const at::Tensor weight =
      (at::arange(extent, tile.options().dtype(at::kFloat)) / static_cast<double>(extent))
          .reshape(shape);
  const at::Tensor end = before.narrow(axis, before.size(axis) - extent, extent);
  at::Tensor begin = tile.narrow(axis, 0, extent);
  begin.copy_(end * (1 - weight) + begin * weight);
}

struct Axis {
  std::int64_t length;      ///< of the input
  std::int64_t tile;        ///< in the input
  std::int64_t stride;      ///< in the input
  std::int64_t out_length;  ///< of the result
  std::int64_t out_tile;
  std::int64_t out_stride;
  std::int64_t least;  ///< smaller tiles hold nothing of the result
};

/// Runs `network` on overlapping tiles of x [B, C, T, H, W] and joins the results.
at::Tensor tiled(const at::Tensor& x, const Axis& rows, const Axis& columns,
                 const std::function<at::Tensor(const at::Tensor&)>& network) {
  at::Tensor result;
  std::vector<at::Tensor> above;  // the row of tiles before: what the next row blends with
  for (const std::int64_t i : tile_begins(rows.length, rows.stride, rows.least)) {
    std::vector<at::Tensor> row;
    at::Tensor left;
    for (const std::int64_t j : tile_begins(columns.length, columns.stride, columns.least)) {
      at::Tensor tile = network(x.narrow(3, i, std::min(rows.tile, rows.length - i))
                                    .narrow(4, j, std::min(columns.tile, columns.length - j)));
      if (!above.empty()) blend(above[row.size()], tile, rows.out_tile - rows.out_stride, 3);
      if (left.defined()) blend(left, tile, columns.out_tile - columns.out_stride, 4);
      if (!result.defined()) {
        result = at::empty(
            {tile.size(0), tile.size(1), tile.size(2), rows.out_length, columns.out_length},
            tile.options());
      }
      const std::int64_t top = i / rows.stride * rows.out_stride;
      const std::int64_t begin = j / columns.stride * columns.out_stride;
      const std::int64_t height = std::min({rows.out_stride, tile.size(3), rows.out_length - top});
      const std::int64_t width =
          std::min({columns.out_stride, tile.size(4), columns.out_length - begin});
      result.narrow(3, top, height)
          .narrow(4, begin, width)
          .copy_(tile.narrow(3, 0, height).narrow(4, 0, width));
      left = tile;
      row.push_back(tile);
    }
    above = std::move(row);
  }
  return result;
}

}  // namespace

AutoencoderConfig::AutoencoderConfig(const ModelConfig& config)
    : base_dim(config.integer("base_dim", 96)),
      decoder_base_dim(config.integer("decoder_base_dim", base_dim)),
      z_dim(config.integer("z_dim", 16)),
      num_res_blocks(config.layers("num_res_blocks", 2)),
      in_channels(config.integer("in_channels", 3)),
      out_channels(config.integer("out_channels", 3)),
      dim_mult(config.integers("dim_mult", std::vector<std::int64_t>{1, 2, 4, 4}, 1, 1024)),
      temporal_downsample(
          config.flags("temperal_downsample", std::vector<bool>{false, true, true})),
      latents_mean(config.numbers("latents_mean", kMean)),
      latents_std(config.numbers("latents_std", kStd)),
      is_residual(config.flag("is_residual", false)),
      patch_size(config.integer("patch_size", 1, 1, 64)) {
  if (dim_mult.empty() || dim_mult.size() > 8) config.fail("dim_mult", "must hold 1 to 8 numbers");
  if (temporal_downsample.size() + 1 != dim_mult.size()) {
    config.fail("temperal_downsample", "must hold one value fewer than dim_mult");
  }
  if (temporal_scale() > kChunk) config.fail("temperal_downsample", "may be true only twice");
  const std::int64_t pixels = patch_size * patch_size;
  if (in_channels % pixels != 0) config.fail("in_channels", "must be a multiple of patch_size^2");
  if (out_channels % pixels != 0) config.fail("out_channels", "must be a multiple of patch_size^2");
  check_residual(config);
  if (!config.numbers("attn_scales", std::vector<double>{}).empty()) {
    config.fail("attn_scales", "is not supported");
  }
  const auto channels = static_cast<std::size_t>(z_dim);
  if (latents_mean.size() != channels) config.fail("latents_mean", "must hold z_dim numbers");
  if (latents_std.size() != channels) config.fail("latents_std", "must hold z_dim numbers");
}

void AutoencoderConfig::check_residual(const ModelConfig& config) const {
  if (!is_residual) return;
  // Means and copies around a level must come out even: `cells` neighbours of `in` channels become
  // one of `out` channels, or the other way round.
  const auto check = [&](std::int64_t in, std::int64_t cells, std::int64_t out) {
    if (in * cells % out != 0) config.fail("dim_mult", "doesn't fit is_residual");
  };
  const auto cells = [&](std::size_t step) {
    if (step >= temporal_downsample.size()) return 1;
    return temporal_downsample[step] ? 8 : 4;
  };
  for (std::size_t level = 0; level < dim_mult.size(); ++level) {
    check(level == 0 ? 1 : dim_mult[level - 1], cells(level), dim_mult[level]);
    if (level == 0 || level + 1 == dim_mult.size()) continue;
    check(dim_mult[level], cells(level - 1), dim_mult[level + 1]);
  }
}

std::int64_t AutoencoderConfig::temporal_scale() const {
  return std::int64_t{1} << std::count(temporal_downsample.begin(), temporal_downsample.end(),
                                       true);
}

AutoencoderEncoder::AutoencoderEncoder(const nn::Scope& scope, const AutoencoderConfig& config)
    : conv_in(scope / "conv_in", config.in_channels, config.base_dim, 3, 3) {
  std::int64_t dim = config.base_dim;
  const nn::Scope down = scope / "down_blocks";
  const auto next = [&] { return down / static_cast<std::int64_t>(down_blocks.size()); };
  for (std::size_t level = 0; level < config.dim_mult.size(); ++level) {
    const std::int64_t out = config.base_dim * config.dim_mult[level];
    const bool step = level < config.temporal_downsample.size();
    if (config.is_residual) {
      down_blocks.emplace_back(AutoencoderResidualDown(next(), dim, out, config.num_res_blocks,
                                                       step,
                                                       step && config.temporal_downsample[level]));
      dim = out;
      continue;
    }
    for (std::int64_t i = 0; i < config.num_res_blocks; ++i) {
      down_blocks.emplace_back(AutoencoderResnet(next(), dim, out));
      dim = out;
    }
    if (step) {
      down_blocks.emplace_back(
          AutoencoderDownsample(next(), dim, config.temporal_downsample[level]));
    }
  }
  mid_block.emplace(scope / "mid_block", dim);
  norm_out.emplace(scope / "norm_out", dim);
  conv_out.emplace(scope / "conv_out", dim, 2 * config.z_dim, 3, 3);
}

at::Tensor AutoencoderEncoder::operator()(const at::Tensor& x, FeatureCache& cache) const {
  cache.rewind();
  at::Tensor h = conv_in(channels_last(x), cache);
  for (const auto& block : down_blocks) {
    h = std::visit([&](const auto& module) { return module(h, cache); }, block);
  }
  return (*conv_out)(norm_out->activated((*mid_block)(h, cache)), cache);
}

AutoencoderDecoder::AutoencoderDecoder(const nn::Scope& scope, const AutoencoderConfig& config)
    : conv_in(scope / "conv_in", config.z_dim, config.decoder_base_dim * config.dim_mult.back(), 3,
              3),
      mid_block(scope / "mid_block", config.decoder_base_dim * config.dim_mult.back()) {
  const std::size_t levels = config.dim_mult.size();
  std::int64_t dim = config.decoder_base_dim * config.dim_mult.back();
  for (std::size_t level = 0; level < levels; ++level) {
    const nn::Scope place = scope / "up_blocks" / static_cast<std::int64_t>(level);
    const std::int64_t out = config.decoder_base_dim * config.dim_mult[levels - 1 - level];
    UpBlock& block = up_blocks.emplace_back();
    for (std::int64_t i = 0; i <= config.num_res_blocks; ++i) {
      block.resnets.emplace_back(place / "resnets" / i, dim, out);
      dim = out;
    }
    if (level + 1 == levels) break;
    const bool temporal = config.temporal_downsample[levels - 2 - level];
    if (config.is_residual) {
      block.upsampler.emplace(place / "upsampler", dim, dim, temporal);
      block.around = {dim, temporal ? 2 : 1, 2};
    } else {
      block.upsampler.emplace(place / "upsamplers.0", dim, dim / 2, temporal);
      dim /= 2;
    }
  }
  norm_out.emplace(scope / "norm_out", dim);
  conv_out.emplace(scope / "conv_out", dim, config.out_channels, 3, 3);
}

at::Tensor AutoencoderDecoder::operator()(const at::Tensor& z, FeatureCache& cache) const {
  cache.rewind();
  at::Tensor h = mid_block(conv_in(channels_last(z), cache), cache);
  for (const UpBlock& block : up_blocks) {
    const at::Tensor before = block.around ? h : at::Tensor();
    for (const AutoencoderResnet& resnet : block.resnets) h = resnet(h, cache);
    if (block.upsampler) h = (*block.upsampler)(std::move(h), cache);
    if (block.around) {
      h = h.to(c10::promoteTypes(h.scalar_type(), at::kFloat));
      h.add_((*block.around)(before, cache.in_first_chunk()));
    }
  }
  return (*conv_out)(norm_out->activated(std::move(h)), cache);
}

Autoencoder::Autoencoder(const nn::Scope& scope, const AutoencoderConfig& config)
    : config_(config),
      encoder_(scope / "encoder", config),
      quant_conv_(scope / "quant_conv", 2 * config.z_dim, 2 * config.z_dim, 1, 1),
      post_quant_conv_(scope / "post_quant_conv", config.z_dim, config.z_dim, 1, 1),
      decoder_(scope / "decoder", config) {}

at::Tensor Autoencoder::encode_whole(const at::Tensor& video) const {
  const std::int64_t chunks = (video.size(2) - 1) / kChunk;
  FeatureCache cache;
  Frames latents(1 + chunks * kChunk / config_.temporal_scale());
  latents.add(quant_conv_(encoder_(video.narrow(2, 0, 1), cache)));
  for (std::int64_t i = 0; i < chunks; ++i) {
    latents.add(quant_conv_(encoder_(video.narrow(2, 1 + i * kChunk, kChunk), cache)));
  }
  return latents.take();
}

at::Tensor Autoencoder::decode_whole(const at::Tensor& latents) const {
  FeatureCache cache;
  Frames video(1 + (latents.size(2) - 1) * config_.temporal_scale());
  for (std::int64_t i = 0; i < latents.size(2); ++i) {
    video.add(decoder_(post_quant_conv_(channels_last(latents.narrow(2, i, 1))), cache));
  }
  return video.take();
}

at::Tensor Autoencoder::encode(const at::Tensor& video, const Tiling* tiling) const {
  const at::Tensor patches = to_patches(video, config_.patch_size);
  if (tiling == nullptr || (video.size(3) <= tiling->height && video.size(4) <= tiling->width)) {
    return encode_whole(patches);
  }
  const std::int64_t scale = config_.network_scale();
  // A tile's size counts patches here, and pixels in decode(), as in the reference.
  const auto axis = [&](std::int64_t length, std::int64_t tile, std::int64_t stride) {
    return Axis{length, tile, stride, length / scale, tile / scale, stride / scale, scale};
  };
  return tiled(patches, axis(patches.size(3), tiling->height, tiling->stride_height),
               axis(patches.size(4), tiling->width, tiling->stride_width),
               [this](const at::Tensor& tile) { return encode_whole(tile); });
}

at::Tensor Autoencoder::decode(const at::Tensor& latents, const Tiling* tiling) const {
  const std::int64_t scale = config_.spatial_scale();
  const std::int64_t patch = config_.patch_size;
  if (tiling == nullptr ||
      (latents.size(3) <= tiling->height / scale && latents.size(4) <= tiling->width / scale)) {
    return from_patches(decode_whole(latents), patch).clamp_(-1, 1);
  }
  const auto axis = [&](std::int64_t length, std::int64_t tile, std::int64_t stride) {
    return Axis{
        length, tile / scale, stride / scale, length * scale / patch, tile / patch, stride / patch,
        1};
  };
  return from_patches(tiled(latents, axis(latents.size(3), tiling->height, tiling->stride_height),
                            axis(latents.size(4), tiling->width, tiling->stride_width),
                            [this](const at::Tensor& tile) { return decode_whole(tile); }),
                      patch)
      .clamp_(-1, 1);
}

namespace {

constexpr const char* kTileArguments[] = {"tile_sample_min_height", "tile_sample_min_width",
                                          "tile_sample_stride_height", "tile_sample_stride_width"};

/// "use_tiling", or any of the reference's arguments of enable_tiling, asks for tiles.
std::optional<Tiling> tiling_of(const ModelConfig& arguments, std::int64_t scale) {
  bool wanted = false;
  for (const char* name : kTileArguments) wanted |= arguments.has(name);
  if (!arguments.flag("use_tiling", wanted)) return std::nullopt;
  Tiling tiling;
  std::int64_t* values[] = {&tiling.height, &tiling.width, &tiling.stride_height,
                            &tiling.stride_width};
  for (std::size_t i = 0; i < std::size(values); ++i) {
    *values[i] = arguments.integer(kTileArguments[i], *values[i], scale);
    if (*values[i] % scale != 0) {
      arguments.fail(kTileArguments[i], "must be a multiple of " + std::to_string(scale));
    }
  }
  if (tiling.stride_height > tiling.height) {
    arguments.fail(kTileArguments[2], "is larger than the tile's height");
  }
  if (tiling.stride_width > tiling.width) {
    arguments.fail(kTileArguments[3], "is larger than the tile's width");
  }
  return tiling;
}

}  // namespace

Model make_autoencoder(const Source& source, const nn::Placement& placement) {
  Model model;
  const AutoencoderConfig config(source.config);
  const auto network = std::make_shared<const Autoencoder>(model.scope(placement), config);
  const std::int64_t scale = config.spatial_scale();
  const auto encode = [network, placement, scale](const Inputs& inputs) {
    const AutoencoderConfig& shape = network->config();
    const at::Tensor& video = inputs.tensor("sample", 5);
    if (video.size(1) * shape.patch_size * shape.patch_size != shape.in_channels) {
      inputs.fail("sample", "has the wrong channels");
    }
    if (video.numel() == 0) inputs.fail("sample", "is empty");
    const std::int64_t cell = shape.is_residual ? scale : shape.patch_size;
    if (video.size(3) % cell != 0 || video.size(4) % cell != 0) {
      inputs.fail("sample", "must be a multiple of " + std::to_string(cell) + " pixels each way");
    }
    if (video.size(3) < scale || video.size(4) < scale) {
      inputs.fail("sample", "is smaller than " + std::to_string(scale) + " pixels");
    }
    const auto tiling = tiling_of(inputs.arguments(), scale);
    const at::Tensor moments =
        network->encode(video.to(placement.dtype), tiling ? &*tiling : nullptr);
    return Values{{{"latents", moments.narrow(1, 0, shape.z_dim).contiguous()}}, {}};
  };
  const auto decode = [network, placement, scale](const Inputs& inputs) {
    const at::Tensor& latents = inputs.tensor("z", 5);
    if (latents.size(1) != network->config().z_dim) inputs.fail("z", "has the wrong channels");
    if (latents.numel() == 0) inputs.fail("z", "is empty");
    const auto tiling = tiling_of(inputs.arguments(), scale);
    return Values{
        {{"sample", network->decode(latents.to(placement.dtype), tiling ? &*tiling : nullptr)}},
        {}};
  };
  std::vector<std::string> arguments(std::begin(kTileArguments), std::end(kTileArguments));
  arguments.emplace_back("use_tiling");
  model.entries = {{"encode", {"sample"}, arguments, encode}, {"decode", {"z"}, arguments, decode}};
  return model;
}

}  // namespace ditto::models::wan
