#include "models/wan/transformer.h"

#include <cmath>

#include "ditto/nn/attention.h"
#include "ditto/nn/rope.h"

namespace ditto::models::wan {
namespace {

constexpr double kRopeTheta = 10000;
constexpr double kTimePeriod = 10000;
constexpr std::int64_t kTextTokens = 512;  // beside an image (transformer_wan.py:85)
constexpr double kImageEpsilon = 1e-5;

nn::Scope wide(const nn::Scope& scope) { return scope.with(wan::wide(scope.placement().dtype)); }

/// Cosines, then sines (embeddings.py:56-73). Frequencies in float32, as the reference has them:
/// float64 shows in the output.
at::Tensor sinusoid(const at::Tensor& timestep, std::int64_t dim) {
  const std::int64_t half = dim / 2;
  const at::Tensor exponent =
      at::arange(half, at::TensorOptions().dtype(at::kFloat).device(timestep.device())) *
      -std::log(kTimePeriod) / static_cast<double>(half);
  const at::Tensor angle = timestep.to(at::kFloat).unsqueeze(-1) * exponent.exp();
  const at::Tensor both = at::cat({angle.cos(), angle.sin()}, -1);
  return dim % 2 == 0 ? both : at::constant_pad_nd(both, {0, 1});
}

/// The rotation of each token, [L, 1, D/2] complex: computed in float64 and rounded to float32.
at::Tensor rotation(const std::array<std::int64_t, 3>& grid, const TransformerConfig& config,
                    at::Device device) {
  const std::array<std::int64_t, 3> dims = config.rope_dims();
  std::vector<at::Tensor> parts;
  for (std::size_t axis = 0; axis < grid.size(); ++axis) {
    const at::Tensor angles = nn::rope_angles(grid[axis], dims[axis], kRopeTheta);
    const at::Tensor part = at::complex(angles.cos().to(at::kFloat), angles.sin().to(at::kFloat));
    std::array<std::int64_t, 4> shape = {1, 1, 1, dims[axis] / 2};
    shape[axis] = grid[axis];
    parts.push_back(part.to(device).view(shape).expand({grid[0], grid[1], grid[2], -1}));
  }
  return at::cat(parts, -1).flatten(0, 2).unsqueeze(1);
}

/// LayerNorm(x) * (1 + scale) + shift; shift and scale [B, S, C].
at::Tensor modulated(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale,
                     double epsilon) {
  const std::int64_t dim = x.size(-1);
  if (shift.numel() == dim) {
    return at::layer_norm(x, {dim}, (scale + 1).flatten(), shift.flatten(), epsilon);
  }
  return at::layer_norm(x, {dim}, {}, {}, epsilon).mul_(scale + 1).add_(shift);
}

at::Tensor gelu_in_place(at::Tensor x) { return at::gelu_(x, "tanh"); }

}  // namespace

at::ScalarType wide(at::ScalarType dtype) { return c10::promoteTypes(dtype, at::kFloat); }

WanRmsNorm::WanRmsNorm(const nn::Scope& scope, std::int64_t dim, double eps)
    : weight(scope.parameter("weight", {dim})), epsilon(eps) {}

at::Tensor WanRmsNorm::operator()(const at::Tensor& x) const {
  return at::rms_norm(x, weight.sizes(), weight, epsilon);
}

WanAttention::WanAttention(const nn::Scope& scope, const TransformerConfig& config, bool to_image)
    : to_q(scope / "to_q", config.dim(), config.dim()),
      to_k(scope / "to_k", config.dim(), config.dim()),
      to_v(scope / "to_v", config.dim(), config.dim()),
      to_out(scope / "to_out.0", config.dim(), config.dim()),
      heads(config.num_attention_heads) {
  if (config.qk_norm) {
    norm_q.emplace(scope / "norm_q", config.dim(), config.eps);
    norm_k.emplace(scope / "norm_k", config.dim(), config.eps);
  }
  if (!to_image) return;
  add_k_proj.emplace(scope / "add_k_proj", config.added_kv_proj_dim, config.dim());
  add_v_proj.emplace(scope / "add_v_proj", config.added_kv_proj_dim, config.dim());
  norm_added_k.emplace(scope / "norm_added_k", config.dim(), config.eps);
  // Published checkpoints hold this one too; nothing uses it.
  (scope / "norm_added_q")
      .buffer("weight", {config.dim()}, scope.placement().dtype, nn::Role::kOptionalBuffer);
}

at::Tensor WanAttention::query(const at::Tensor& x) const {
  const at::Tensor q = to_q(x);
  return norm_q ? (*norm_q)(q) : q;
}

at::Tensor WanAttention::key(const at::Tensor& x) const {
  const at::Tensor k = to_k(x);
  return norm_k ? (*norm_k)(k) : k;
}

at::Tensor WanAttention::over_tokens(const at::Tensor& x, const at::Tensor& rotation) const {
  const at::Tensor q = nn::split_heads(query(x), heads);
  const at::Tensor k = nn::split_heads(key(x), heads);
  nn::rotate_pairs(q.transpose(1, 2), rotation);
  nn::rotate_pairs(k.transpose(1, 2), rotation);
  return to_out(nn::join_heads(nn::attention(q, k, nn::split_heads(to_v(x), heads))));
}

at::Tensor WanAttention::over_context(const at::Tensor& x, const at::Tensor& context) const {
  const at::Tensor q = nn::split_heads(query(x), heads);
  const auto attend = [&](const at::Tensor& k, const at::Tensor& v) {
    return nn::join_heads(nn::attention(q, nn::split_heads(k, heads), nn::split_heads(v, heads)));
  };
  const std::int64_t image_tokens = add_k_proj ? context.size(1) - kTextTokens : 0;
  const at::Tensor text = context.narrow(1, image_tokens, context.size(1) - image_tokens);
  const at::Tensor attended = attend(key(text), to_v(text));
  if (image_tokens > 0) {
    const at::Tensor image = context.narrow(1, 0, image_tokens);
    attended.add_(attend((*norm_added_k)((*add_k_proj)(image)), (*add_v_proj)(image)));
  }
  return to_out(attended);
}

WanFeedForward::WanFeedForward(const nn::Scope& scope, std::int64_t dim, std::int64_t inner)
    : in(scope / "net.0.proj", dim, inner), out(scope / "net.2", inner, dim) {}

at::Tensor WanFeedForward::operator()(const at::Tensor& x) const {
  return out(gelu_in_place(in(x)));
}

WanBlock::WanBlock(const nn::Scope& scope, const TransformerConfig& config)
    : attn1(scope / "attn1", config, false),
      attn2(scope / "attn2", config, config.added_kv_proj_dim > 0),
      ffn(scope / "ffn", config.dim(), config.ffn_dim),
      scale_shift_table(wide(scope).parameter("scale_shift_table", {1, 6, config.dim()})),
      epsilon(config.eps),
      dtype(scope.placement().dtype) {
  if (config.cross_attn_norm) norm2.emplace(wide(scope) / "norm2", config.dim(), config.eps);
}

void WanBlock::operator()(const at::Tensor& x, const WanContext& context) const {
  // Shift, scale and gate of the self attention, then those of the feed-forward network.
  const std::vector<at::Tensor> m = (scale_shift_table.unsqueeze(0) + context.time).unbind(2);
  x.addcmul_(attn1.over_tokens(modulated(x, m[0], m[1], epsilon).to(dtype), context.rotation),
             m[2]);
  x.add_(attn2.over_context((norm2 ? (*norm2)(x) : x).to(dtype), context.text));
  x.addcmul_(ffn(modulated(x, m[3], m[4], epsilon).to(dtype)), m[5]);
}

WanPatchEmbedding::WanPatchEmbedding(const nn::Scope& scope, std::int64_t channels,
                                     const TransformerConfig& config)
    : weight(scope.parameter("weight", {config.dim(), channels, config.patch_size[0],
                                        config.patch_size[1], config.patch_size[2]})),
      bias(scope.parameter("bias", {config.dim()})) {}

at::Tensor WanPatchEmbedding::operator()(const at::Tensor& video) const {
  // The convolution's stride is its kernel: a matrix product over patches.
  at::Tensor x = video;
  for (std::int64_t axis = 4; axis >= 2; --axis) {
    const std::int64_t size = weight.size(axis);
    x = x.narrow(axis, 0, x.size(axis) / size * size).unflatten(axis, {-1, size});
  }
  // [B, channels, t, pt, h, ph, w, pw]
  x = x.permute({0, 2, 4, 6, 1, 3, 5, 7}).flatten(4).flatten(1, 3);
  return at::linear(x, weight.flatten(1), bias);
}

WanImageEmbedding::WanImageEmbedding(const nn::Scope& scope, const TransformerConfig& config)
    : norm1(wide(scope) / "norm1", config.image_dim, kImageEpsilon),
      in(scope / "ff.net.0.proj", config.image_dim, config.image_dim),
      out(scope / "ff.net.2", config.image_dim, config.dim()),
      norm2(wide(scope) / "norm2", config.dim(), kImageEpsilon) {
  if (config.pos_embed_seq_len > 0) {
    pos_embed = scope.parameter("pos_embed", {1, config.pos_embed_seq_len, config.image_dim});
  }
}

at::Tensor WanImageEmbedding::operator()(const at::Tensor& image) const {
  const at::ScalarType dtype = in.weight.scalar_type();
  at::Tensor x = image;
  // The first and the last frame are two rows of the batch here, and one afterwards.
  if (pos_embed.defined()) x = x.reshape({-1, 2 * x.size(1), x.size(2)}) + pos_embed;
  x = out(at::gelu(in(norm1(x.to(wan::wide(dtype))).to(dtype))));
  return norm2(x.to(wan::wide(dtype))).to(dtype);
}

WanConditionEmbedder::WanConditionEmbedder(const nn::Scope& scope, const TransformerConfig& config)
    : time_1(wide(scope) / "time_embedder.linear_1", config.freq_dim, config.dim()),
      time_2(wide(scope) / "time_embedder.linear_2", config.dim(), config.dim()),
      time_proj(scope / "time_proj", config.dim(), 6 * config.dim()),
      text_1(scope / "text_embedder.linear_1", config.text_dim, config.dim()),
      text_2(scope / "text_embedder.linear_2", config.dim(), config.dim()),
      freq_dim(config.freq_dim) {
  if (config.image_dim > 0) image_embedder.emplace(scope / "image_embedder", config);
}

at::Tensor WanConditionEmbedder::time(const at::Tensor& timestep) const {
  const at::Tensor waves = sinusoid(timestep, freq_dim).to(time_1.weight.scalar_type());
  return time_2(at::silu(time_1(waves)));
}

at::Tensor WanConditionEmbedder::text(const at::Tensor& states) const {
  return text_2(gelu_in_place(text_1(states)));
}

WanTransformer::WanTransformer(const nn::Scope& scope, const TransformerConfig& config)
    : config_(config),
      dtype_(scope.placement().dtype),
      patch_embedding_(scope / "patch_embedding", config.in_channels, config),
      condition_embedder_(scope / "condition_embedder", config),
      proj_out_(scope / "proj_out", config.dim(), config.out_channels * config.patch_elements()),
      scale_shift_table_(wide(scope).parameter("scale_shift_table", {1, 2, config.dim()})) {
  for (std::int64_t i = 0; i < config.num_layers; ++i) {
    blocks_.emplace_back(scope / "blocks" / i, config);
  }
}

WanTransformer::Pass WanTransformer::begin(const WanInputs& inputs) const {
  Pass pass;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    pass.grid[axis] =
        inputs.hidden_states.size(static_cast<std::int64_t>(axis) + 2) / config_.patch_size[axis];
  }
  pass.x = patch_embedding_(inputs.hidden_states).to(wide(dtype_));
  pass.context.rotation = rotation(pass.grid, config_, pass.x.device());

  pass.time = condition_embedder_.time(inputs.timestep);
  if (pass.time.dim() == 2) pass.time = pass.time.unsqueeze(1);
  pass.context.time = condition_embedder_.time_proj(at::silu(pass.time).to(dtype_))
                          .unflatten(-1, {6, config_.dim()});

  pass.context.text = condition_embedder_.text(inputs.encoder_hidden_states);
  if (inputs.encoder_hidden_states_image.defined()) {
    const at::Tensor image =
        (*condition_embedder_.image_embedder)(inputs.encoder_hidden_states_image);
    pass.context.text = at::cat({image, pass.context.text}, 1);
  }
  return pass;
}

at::Tensor WanTransformer::end(const Pass& pass) const {
  const std::vector<at::Tensor> m =
      (scale_shift_table_.unsqueeze(0) + pass.time.unsqueeze(2)).unbind(2);
  const at::Tensor patches = proj_out_(modulated(pass.x, m[0], m[1], config_.eps).to(dtype_));
  const auto& [pt, ph, pw] = config_.patch_size;
  const auto& [t, h, w] = pass.grid;
  return patches.view({-1, t, h, w, pt, ph, pw, config_.out_channels})
      .permute({0, 7, 1, 4, 2, 5, 3, 6})
      .reshape({-1, config_.out_channels, t * pt, h * ph, w * pw});
}

at::Tensor WanTransformer::operator()(const WanInputs& inputs) const {
  const Pass pass = begin(inputs);
  for (const WanBlock& block : blocks_) block(pass.x, pass.context);
  return end(pass);
}

std::vector<std::string> wan_input_names(const TransformerConfig& config) {
  std::vector<std::string> names = {"hidden_states", "timestep", "encoder_hidden_states"};
  if (config.image_dim > 0) names.emplace_back("encoder_hidden_states_image");
  return names;
}

WanInputs read_wan_inputs(const Inputs& inputs, const TransformerConfig& config,
                          at::ScalarType dtype) {
  WanInputs read = {inputs.tensor("hidden_states", 5).to(dtype), inputs.tensor("timestep"),
                    inputs.tensor("encoder_hidden_states", 3).to(dtype),
                    inputs.optional("encoder_hidden_states_image", 3)};
  const at::Tensor& x = read.hidden_states;
  const std::int64_t batch = x.size(0);
  std::int64_t tokens = 1;
  if (batch == 0) inputs.fail("hidden_states", "is empty");
  if (x.size(1) != config.in_channels) {
    inputs.fail("hidden_states", "must have " + std::to_string(config.in_channels) + " channels");
  }
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t patches =
        x.size(static_cast<std::int64_t>(axis) + 2) / config.patch_size[axis];
    if (patches == 0) inputs.fail("hidden_states", "is smaller than one patch");
    if (patches > config.rope_max_seq_len) {
      inputs.fail("hidden_states", "has more patches along one axis than rope_max_seq_len");
    }
    tokens *= patches;
  }
  const at::Tensor& text = read.encoder_hidden_states;
  if (text.size(0) != batch || text.size(1) == 0 || text.size(2) != config.text_dim) {
    inputs.fail("encoder_hidden_states", "must be [B, L, " + std::to_string(config.text_dim) +
                                             "] of the batch of hidden_states");
  }
  const at::Tensor& time = read.timestep;
  const bool each_token = time.dim() == 2;
  if ((time.dim() != 1 && !each_token) || (time.size(0) != batch && time.size(0) != 1) ||
      (each_token && time.size(1) != tokens && time.size(1) != 1)) {
    inputs.fail("timestep", "must be [B], or [B, number of tokens]");
  }
  if (read.encoder_hidden_states_image.defined()) {
    at::Tensor& image = read.encoder_hidden_states_image;
    image = image.to(dtype);
    const std::int64_t rows = config.pos_embed_seq_len > 0 ? 2 * batch : batch;
    if (image.size(0) != rows || image.size(2) != config.image_dim ||
        (config.pos_embed_seq_len > 0 && 2 * image.size(1) != config.pos_embed_seq_len)) {
      inputs.fail("encoder_hidden_states_image", "has a shape that doesn't fit");
    }
  }
  const std::int64_t image_tokens =
      read.encoder_hidden_states_image.defined()
          ? read.encoder_hidden_states_image.numel() / batch / config.image_dim
          : 0;
  if (config.added_kv_proj_dim > 0 && image_tokens + text.size(1) < kTextTokens) {
    inputs.fail("encoder_hidden_states", "must have 512 tokens in an image-to-video network");
  }
  return read;
}

Model make_transformer(const Source& source, const nn::Placement& placement) {
  Model model;
  const TransformerConfig config(source);
  const auto network = std::make_shared<const WanTransformer>(model.scope(placement), config);
  const auto forward = [network, config, dtype = placement.dtype](const Inputs& inputs) {
    return Values{{{"sample", (*network)(read_wan_inputs(inputs, config, dtype))}}, {}};
  };
  model.entries = {{"forward", wan_input_names(config), {}, forward}};
  return model;
}

}  // namespace ditto::models::wan
