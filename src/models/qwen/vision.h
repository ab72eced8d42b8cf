#pragma once

#include <vector>

#include "ditto/nn/leaves.h"
#include "models/qwen/config.h"

/// Qwen2.5-VL's vision tower: pixels of images and videos of any size to tokens of the language
/// model. After transformers 5.23 models/qwen2_5_vl/modeling_qwen2_5_vl.py; the module tree has
/// the published checkpoints' names.
namespace ditto::models::qwen {

/// Patches along (time, height, width) of one image (time 1) or video.
struct Grid {
  std::int64_t t, h, w;

  std::int64_t patches() const { return t * h * w; }
};

/// `count` neighbouring sequences of `length` patches each, that attend within themselves.
struct Run {
  std::int64_t first, count, length;
};

/// How the patches of some images are ordered, and which of them attend to which.
struct WindowPlan {
  /// Merge units (2x2 patches) in the order in which blocks see them: frame by frame, within a
  /// frame window by window, larger windows first so that equal ones can be computed together.
  std::vector<std::int64_t> order;
  std::vector<Run> windows;  ///< for most blocks
  std::vector<Run> frames;   ///< for blocks with full attention: within each frame of a video
  std::vector<std::int64_t> rows, columns;  ///< of each patch within its frame, in that order
};

WindowPlan plan_windows(const std::vector<Grid>& grids, const VisionConfig& config);

struct VisionAttention {
  nn::Linear qkv, proj;
  std::int64_t heads;

  VisionAttention(const nn::Scope& scope, const VisionConfig& config);
  /// x [N, hidden_size], cos and sin [N, 1, head_dim / 2] float32
  at::Tensor operator()(const at::Tensor& x, const std::vector<Run>& runs, const at::Tensor& cos,
                        const at::Tensor& sin) const;
};

/// down(act(gate(x)) * up(x)), of both the vision tower and the language model.
struct GatedMlp {
  nn::Linear gate_proj, up_proj, down_proj;
  std::string activation;

  GatedMlp(const nn::Scope& scope, std::int64_t dim, std::int64_t inner, bool bias,
           const std::string& activation);
  at::Tensor operator()(const at::Tensor& x) const;
};

struct VisionBlock {
  nn::RmsNorm norm1, norm2;
  VisionAttention attn;
  GatedMlp mlp;

  VisionBlock(const nn::Scope& scope, const VisionConfig& config);
};

struct PatchMerger {
  nn::RmsNorm ln_q;
  nn::Linear in, out;  ///< mlp.0, mlp.2
  std::int64_t unit;

  PatchMerger(const nn::Scope& scope, const VisionConfig& config);
  /// [N, hidden_size] -> [N / unit, out_hidden_size]
  at::Tensor operator()(const at::Tensor& x) const;
};

class VisionTower {
 public:
  VisionTower(const nn::Scope& scope, const VisionConfig& config);

  /// pixel_values [N, patch_elements]: the patches of all grids one after the other, each frame's
  /// in merge units (image_processing_qwen2_vl.py). Grids must be multiples of the merge size and
  /// have N patches in all. -> [N / merge_unit, out_hidden_size], in the order of the pixels.
  at::Tensor operator()(const at::Tensor& pixel_values, const std::vector<Grid>& grids) const;

 private:
  VisionConfig config_;
  at::Tensor patch_embed_;  ///< patch_embed.proj.weight
  std::vector<VisionBlock> blocks_;
  PatchMerger merger_;
};

}  // namespace ditto::models::qwen
