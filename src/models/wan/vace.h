#pragma once

#include "models/wan/transformer.h"

/// Wan's transformer with VACE's control branch. After diffusers 0.42
/// models/transformers/transformer_wan_vace.py.
namespace ditto::models::wan {

struct WanVaceBlock {
  std::optional<nn::Linear> proj_in;  ///< of the first block
  WanBlock block;
  nn::Linear proj_out;

  WanVaceBlock(const nn::Scope& scope, const TransformerConfig& config, bool first);
};

class WanVaceTransformer {
 public:
  WanVaceTransformer(const nn::Scope& scope, const TransformerConfig& config);

  /// control [B, vace_in_channels, T', H', W'] of at most as many patches as the latents have;
  /// scale [number of VACE layers], of any float type. -> sample as WanTransformer's
  at::Tensor operator()(const WanInputs& inputs, const at::Tensor& control,
                        const at::Tensor& scale) const;

 private:
  /// The control's tokens, padded to those of x, plus x: what the first VACE block works on.
  at::Tensor first_control(const at::Tensor& control, const at::Tensor& x) const;

  WanTransformer transformer_;
  WanPatchEmbedding vace_patch_embedding_;
  std::vector<WanVaceBlock> vace_blocks_;
  std::vector<std::int64_t> layers_;
};

/// The number of whole patches of [B, C, T, H, W].
std::int64_t patches(const at::Tensor& video, const TransformerConfig& config);

Model make_vace_transformer(const Source& source, const nn::Placement& placement);

}  // namespace ditto::models::wan
