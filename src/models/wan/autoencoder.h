#pragma once

#include <variant>

#include "ditto/models/model.h"
#include "models/wan/autoencoder_blocks.h"

/// AutoencoderKLWan: video to latents and back. After diffusers 0.42
/// models/autoencoders/autoencoder_kl_wan.py. Wan2.2-TI2V's has a mean or a copy around each level
/// ("is_residual"), and takes patches of pixels for channels.
namespace ditto::models::wan {

struct AutoencoderConfig {
  std::int64_t base_dim, decoder_base_dim, z_dim, num_res_blocks, in_channels, out_channels;
  std::vector<std::int64_t> dim_mult;
  std::vector<bool> temporal_downsample;          ///< one fewer than dim_mult
  std::vector<double> latents_mean, latents_std;  ///< [z_dim]
  bool is_residual;
  std::int64_t patch_size;  ///< pixels, each way; 1 for none

  explicit AutoencoderConfig(const ModelConfig& config);
  /// Of the network that sees patches.
  std::int64_t network_scale() const { return std::int64_t{1} << temporal_downsample.size(); }
  std::int64_t spatial_scale() const { return network_scale() * patch_size; }
  std::int64_t temporal_scale() const;

 private:
  void check_residual(const ModelConfig& config) const;
};

struct AutoencoderEncoder {
  CausalConv3d conv_in;
  std::vector<std::variant<AutoencoderResnet, AutoencoderDownsample, AutoencoderResidualDown>>
      down_blocks;
  std::optional<AutoencoderMiddle> mid_block;
  std::optional<ChannelNorm> norm_out;
  std::optional<CausalConv3d> conv_out;

  AutoencoderEncoder(const nn::Scope& scope, const AutoencoderConfig& config);
  /// One chunk: frame 0, or a multiple of the temporal scale.
  at::Tensor operator()(const at::Tensor& x, FeatureCache& cache) const;
};

struct AutoencoderDecoder {
  struct UpBlock {
    std::vector<AutoencoderResnet> resnets;
    std::optional<AutoencoderUpsample> upsampler;
    std::optional<AutoencoderRepeat> around;
  };
  CausalConv3d conv_in;
  AutoencoderMiddle mid_block;
  std::vector<UpBlock> up_blocks;
  std::optional<ChannelNorm> norm_out;
  std::optional<CausalConv3d> conv_out;

  AutoencoderDecoder(const nn::Scope& scope, const AutoencoderConfig& config);
  /// One chunk of latent frames; the first must be one frame.
  at::Tensor operator()(const at::Tensor& z, FeatureCache& cache) const;
};

/// Tiles in pixels of the video: their size, and from one's begin to the next one's. Neighbours
/// overlap and are blended over the overlap. Multiples of the spatial scale, stride at most size.
struct Tiling {
  std::int64_t height = 256, width = 256;
  std::int64_t stride_height = 192, stride_width = 192;
};

class Autoencoder {
 public:
  Autoencoder(const nn::Scope& scope, const AutoencoderConfig& config);

  /// video [B, 3, T, H, W] in [-1, 1] -> mean and logarithm of the variance of the latents,
  /// [B, 2 z, 1 + (T - 1) / 4, H / 8, W / 8], not normalised. Frames beyond a multiple of 4 after
  /// frame 0 are dropped, and so are rows and columns beyond a multiple of 8 (of which Wan2.2's
  /// must have none: height and width are multiples of its 16). With a tiling, videos
  /// larger than a tile are cut; memory beyond input and output doesn't depend on the number of
  /// frames.
  at::Tensor encode(const at::Tensor& video, const Tiling* tiling = nullptr) const;
  /// Latents [B, z, T, h, w], not normalised -> [B, 3, 1 + (T - 1) * 4, 8 h, 8 w], clamped to
  /// [-1, 1].
  at::Tensor decode(const at::Tensor& latents, const Tiling* tiling = nullptr) const;

  const AutoencoderConfig& config() const { return config_; }

 private:
  at::Tensor encode_whole(const at::Tensor& video) const;
  at::Tensor decode_whole(const at::Tensor& latents) const;

  AutoencoderConfig config_;
  AutoencoderEncoder encoder_;
  CausalConv3d quant_conv_;
  CausalConv3d post_quant_conv_;
  AutoencoderDecoder decoder_;
};

Model make_autoencoder(const Source& source, const nn::Placement& placement);
/// One file with the names of Wan's own repository (wan/modules/vae.py).
Layout original_autoencoder_layout();

}  // namespace ditto::models::wan
