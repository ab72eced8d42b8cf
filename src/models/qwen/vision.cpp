#include "models/qwen/vision.h"

#include <algorithm>
#include <numeric>

#include "ditto/nn/attention.h"
#include "ditto/nn/few_rows.h"
#include "ditto/nn/rope.h"

namespace ditto::models::qwen {
namespace {

// Rows of a wide layer at once, on the CPU: each piece has the weight rearranged for it.
constexpr std::int64_t kPiece = 1024;
constexpr double kEpsilon = 1e-6;  // of all norms, whatever the config says

at::Tensor activate(at::Tensor x, const std::string& name) {
  if (name == "silu") return at::silu_(x);
  return at::gelu_(x, name == "gelu" ? "none" : "tanh");
}

/// Sums that run through blocks aren't rounded to 16 bits.
at::ScalarType wide(at::ScalarType dtype) { return c10::promoteTypes(dtype, at::kFloat); }

/// Windows of one frame of h x w merge units, as the units' numbers in the frame; larger ones
/// first.
std::vector<std::vector<std::int64_t>> windows_of(std::int64_t h, std::int64_t w,
                                                  std::int64_t side) {
  std::vector<std::vector<std::int64_t>> windows;
  for (std::int64_t top = 0; top < h; top += side) {
    for (std::int64_t left = 0; left < w; left += side) {
      std::vector<std::int64_t>& window = windows.emplace_back();
      for (std::int64_t y = top; y < std::min(h, top + side); ++y) {
        for (std::int64_t x = left; x < std::min(w, left + side); ++x) window.push_back(y * w + x);
      }
    }
  }
  std::stable_sort(windows.begin(), windows.end(),
                   [](const auto& a, const auto& b) { return a.size() > b.size(); });
  return windows;
}

void append_run(std::vector<Run>& runs, std::int64_t first, std::int64_t length) {
  if (!runs.empty() && runs.back().length == length) {
    ++runs.back().count;
  } else {
    runs.push_back({first, 1, length});
  }
}

/// Angles of rows, then of columns: [N, 1, head_dim / 2]. Frequencies in float32, as the reference
/// has them.
at::Tensor vision_angles(const WindowPlan& plan, const VisionConfig& config, at::Device device) {
  const std::int64_t half = config.head_dim() / 2;
  const at::Tensor exponents = at::arange(0, half, 2, at::kFloat) / half;
  const at::Tensor frequencies = at::pow(config.rope_theta, exponents).reciprocal();
  const auto angles = [&](const std::vector<std::int64_t>& positions) {
    return at::outer(at::tensor(positions, at::kLong).to(at::kFloat), frequencies);
  };
  return at::cat({angles(plan.rows), angles(plan.columns)}, -1).unsqueeze(1).to(device);
}

}  // namespace

WindowPlan plan_windows(const std::vector<Grid>& grids, const VisionConfig& config) {
  const std::int64_t merge = config.spatial_merge_size;
  const std::int64_t unit = config.merge_unit();
  WindowPlan plan;
  for (const Grid& grid : grids) {
    const std::int64_t h = grid.h / merge;
    const std::int64_t w = grid.w / merge;
    const auto windows = windows_of(h, w, config.window_tokens());
    for (std::int64_t t = 0; t < grid.t; ++t) {
      const auto frame = static_cast<std::int64_t>(plan.order.size());
      append_run(plan.frames, frame * unit, h * w * unit);
      for (const std::vector<std::int64_t>& window : windows) {
        append_run(plan.windows, static_cast<std::int64_t>(plan.order.size()) * unit,
                   static_cast<std::int64_t>(window.size()) * unit);
        for (const std::int64_t number : window) {
          plan.order.push_back(frame + number);
          for (std::int64_t i = 0; i < unit; ++i) {
            plan.rows.push_back(number / w * merge + i / merge);
            plan.columns.push_back(number % w * merge + i % merge);
          }
        }
      }
    }
  }
  return plan;
}

VisionAttention::VisionAttention(const nn::Scope& scope, const VisionConfig& config)
    : qkv(scope / "qkv", config.hidden_size, 3 * config.hidden_size),
      proj(scope / "proj", config.hidden_size, config.hidden_size),
      heads(config.num_heads) {}

at::Tensor VisionAttention::operator()(const at::Tensor& x, const std::vector<Run>& runs,
                                       const at::Tensor& cos, const at::Tensor& sin) const {
  const std::vector<at::Tensor> parts = qkv(x).unflatten(-1, {3, heads, -1}).unbind(1);
  const at::Tensor q = nn::rope_half(parts[0], cos, sin);
  const at::Tensor k = nn::rope_half(parts[1], cos, sin);
  std::vector<at::Tensor> attended;
  for (const Run& run : runs) {
    const auto sequences = [&](const at::Tensor& all) {
      return all.narrow(0, run.first, run.count * run.length)
          .unflatten(0, {run.count, run.length})
          .transpose(1, 2);
    };
    attended.push_back(nn::attention(sequences(q), sequences(k), sequences(parts[2]))
                           .transpose(1, 2)
                           .reshape({run.count * run.length, -1}));
  }
  return proj(attended.size() == 1 ? attended.front() : at::cat(attended));
}

GatedMlp::GatedMlp(const nn::Scope& scope, std::int64_t dim, std::int64_t inner, bool bias,
                   const std::string& act)
    : gate_proj(scope / "gate_proj", dim, inner, bias),
      up_proj(scope / "up_proj", dim, inner, bias),
      down_proj(scope / "down_proj", inner, dim, bias),
      activation(act) {}

at::Tensor GatedMlp::operator()(const at::Tensor& x) const {
  const auto piece = [this](const at::Tensor& rows) {
    const at::Tensor gate = activate(nn::linear_of_few(rows, gate_proj), activation);
    return nn::linear_of_few(gate.mul_(nn::linear_of_few(rows, up_proj)), down_proj);
  };
  if (!x.is_cpu() || x.size(0) <= kPiece) return piece(x);
  // The wide layer of all rows would be memory that the system has to clear, for each block anew.
  std::vector<at::Tensor> pieces;
  for (const at::Tensor& rows : x.split(kPiece)) pieces.push_back(piece(rows));
  return at::cat(pieces);
}

VisionBlock::VisionBlock(const nn::Scope& scope, const VisionConfig& config)
    : norm1(scope / "norm1", config.hidden_size, kEpsilon),
      norm2(scope / "norm2", config.hidden_size, kEpsilon),
      attn(scope / "attn", config),
      mlp(scope / "mlp", config.hidden_size, config.intermediate_size, true, config.hidden_act) {}

PatchMerger::PatchMerger(const nn::Scope& scope, const VisionConfig& config)
    : ln_q(scope / "ln_q", config.hidden_size, kEpsilon),
      in(scope / "mlp.0", config.hidden_size * config.merge_unit(),
         config.hidden_size * config.merge_unit()),
      out(scope / "mlp.2", config.hidden_size * config.merge_unit(), config.out_hidden_size),
      unit(config.merge_unit()) {}

at::Tensor PatchMerger::operator()(const at::Tensor& x) const {
  at::Tensor inner = in(ln_q(x).view({x.size(0) / unit, -1}));
  return out(at::gelu_(inner));
}

VisionTower::VisionTower(const nn::Scope& scope, const VisionConfig& config)
    : config_(config),
      patch_embed_((scope / "patch_embed.proj")
                       .parameter("weight", {config.hidden_size, config.in_channels,
                                             config.temporal_patch_size, config.patch_size,
                                             config.patch_size})),
      merger_(scope / "merger", config) {
  for (std::int64_t i = 0; i < config.depth; ++i)
    blocks_.emplace_back(scope / "blocks" / i, config);
}

at::Tensor VisionTower::operator()(const at::Tensor& pixel_values,
                                   const std::vector<Grid>& grids) const {
  const WindowPlan plan = plan_windows(grids, config_);
  const at::ScalarType dtype = patch_embed_.scalar_type();
  const at::Device device = patch_embed_.device();
  const at::Tensor order = at::tensor(plan.order, at::kLong).to(device);
  const at::Tensor angles = vision_angles(plan, config_, device);
  const at::Tensor cos = angles.cos();
  const at::Tensor sin = angles.sin();

  const at::Tensor patches = at::linear(pixel_values.to(dtype), patch_embed_.flatten(1));
  at::Tensor x = patches.unflatten(0, {-1, config_.merge_unit()})
                     .index_select(0, order)
                     .flatten(0, 1)
                     .to(wide(dtype));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const VisionBlock& block = blocks_[i];
    const auto& full = config_.fullatt_block_indexes;
    const bool in_windows =
        std::find(full.begin(), full.end(), static_cast<std::int64_t>(i)) == full.end();
    x.add_(block.attn(block.norm1(x), in_windows ? plan.windows : plan.frames, cos, sin));
    x.add_(block.mlp(block.norm2(x)));
  }
  const at::Tensor merged = merger_(x);
  return at::empty_like(merged).index_copy_(0, order, merged);
}

}  // namespace ditto::models::qwen
