#include "models/wan/umt5.h"

#include <cmath>
#include <set>

#include "ditto/nn/attention.h"

namespace ditto::models::wan {
namespace {

/// Which row of the bias table belongs to each query and key: half of the buckets for keys after
/// the query; in each half one per distance at first, then logarithmically wider ones up to
/// max_distance (modeling_umt5.py:256-277).
at::Tensor relative_buckets(std::int64_t length, const Umt5Config& config, at::Device device) {
  const at::Tensor position = at::arange(length, at::TensorOptions().dtype(at::kLong));
  const at::Tensor relative = position.unsqueeze(0) - position.unsqueeze(1);  // key - query
  const std::int64_t half = config.num_buckets / 2;
  const std::int64_t exact = half / 2;
  const at::Tensor distance = relative.abs();
  const at::Tensor ratio =
      at::log(distance.to(at::kFloat) / static_cast<double>(exact)) /
      std::log(static_cast<double>(config.max_distance) / static_cast<double>(exact)) *
      static_cast<double>(half - exact);
  // The logarithm of 0 must not reach the conversion to integers.
  const at::Tensor far = (ratio.clamp_min(0).to(at::kLong) + exact).clamp_max(half - 1);
  return (relative.gt(0).to(at::kLong) * half + at::where(distance.lt(exact), distance, far))
      .to(device);
}

at::Tensor activate(const at::Tensor& x, const std::string& name) {
  if (name == "relu") return at::relu(x);
  if (name == "silu") return at::silu(x);
  return at::gelu(x, name == "gelu_new" ? "tanh" : "none");
}

}  // namespace

Umt5Config::Umt5Config(const ModelConfig& config)
    : vocab_size(config.integer("vocab_size")),
      d_model(config.integer("d_model")),
      d_kv(config.integer("d_kv")),
      d_ff(config.integer("d_ff")),
      num_layers(config.layers("num_layers")),
      num_heads(config.integer("num_heads")),
      num_buckets(config.integer("relative_attention_num_buckets", 32, 4)),
      max_distance(config.integer("relative_attention_max_distance", 128)),
      epsilon(config.number("layer_norm_epsilon", 1e-6)) {
  const std::string projection = config.text("feed_forward_proj", "gated-gelu");
  gated = projection.starts_with("gated-");
  activation = gated ? projection.substr(6) : projection;
  if (projection == "gated-gelu") activation = "gelu_new";
  static const std::set<std::string> kKnown = {"gelu_new", "gelu", "relu", "silu"};
  if (!kKnown.contains(activation)) {
    config.fail("feed_forward_proj", "is \"" + projection + "\", which is not supported");
  }
  if (max_distance <= num_buckets / 4) {
    config.fail("relative_attention_max_distance", "must be above a quarter of the buckets");
  }
}

Umt5Attention::Umt5Attention(const nn::Scope& scope, const Umt5Config& config)
    : q(scope / "q", config.d_model, config.num_heads * config.d_kv, false),
      k(scope / "k", config.d_model, config.num_heads * config.d_kv, false),
      v(scope / "v", config.d_model, config.num_heads * config.d_kv, false),
      o(scope / "o", config.num_heads * config.d_kv, config.d_model, false),
      relative_attention_bias(scope / "relative_attention_bias", config.num_buckets,
                              config.num_heads),
      heads(config.num_heads) {}

at::Tensor Umt5Attention::operator()(const at::Tensor& x, const at::Tensor& buckets,
                                     const at::Tensor& mask) const {
  at::Tensor bias = relative_attention_bias(buckets).permute({2, 0, 1}).unsqueeze(0);
  if (mask.defined()) bias = bias + mask;
  nn::AttentionOptions options;
  options.bias = bias;
  options.scale = 1.0;
  options.widened = true;
  return o(nn::join_heads(nn::attention(nn::split_heads(q(x), heads), nn::split_heads(k(x), heads),
                                        nn::split_heads(v(x), heads), options)));
}

Umt5FeedForward::Umt5FeedForward(const nn::Scope& scope, const Umt5Config& config)
    : wo(scope.placement().dtype == at::kHalf ? scope.with(at::kFloat) / "wo" : scope / "wo",
         config.d_ff, config.d_model, false),
      activation(config.activation) {
  if (config.gated) {
    wi_0.emplace(scope / "wi_0", config.d_model, config.d_ff, false);
    wi_1.emplace(scope / "wi_1", config.d_model, config.d_ff, false);
  } else {
    wi.emplace(scope / "wi", config.d_model, config.d_ff, false);
  }
}

at::Tensor Umt5FeedForward::operator()(const at::Tensor& x) const {
  // Rounded once, behind the product.
  const at::ScalarType wide = c10::promoteTypes(x.scalar_type(), at::kFloat);
  at::Tensor inner = activate((wi ? *wi : *wi_0)(x).to(wide), activation);
  if (wi_1) inner.mul_((*wi_1)(x));
  return wo(inner.to(wo.weight.scalar_type()));
}

Umt5Block::Umt5Block(const nn::Scope& scope, const Umt5Config& config)
    : attention_norm(scope / "layer.0.layer_norm", config.d_model, config.epsilon),
      attention(scope / "layer.0.SelfAttention", config),
      feed_forward_norm(scope / "layer.1.layer_norm", config.d_model, config.epsilon),
      feed_forward(scope / "layer.1.DenseReluDense", config) {}

at::Tensor Umt5Block::operator()(const at::Tensor& x, const at::Tensor& buckets,
                                 const at::Tensor& mask) const {
  const at::Tensor attended = x + attention(attention_norm(x), buckets, mask);
  return attended + feed_forward(feed_forward_norm(attended));
}

Umt5Encoder::Umt5Encoder(const nn::Scope& scope, const Umt5Config& config)
    : config_(config),
      shared_(scope / "shared", config.vocab_size, config.d_model),
      final_layer_norm_(scope / "encoder.final_layer_norm", config.d_model, config.epsilon) {
  scope.tie("encoder.embed_tokens.weight", "shared.weight");
  for (std::int64_t i = 0; i < config.num_layers; ++i) {
    blocks_.emplace_back(scope / "encoder.block" / i, config);
  }
}

at::Tensor Umt5Encoder::operator()(const at::Tensor& input_ids,
                                   const at::Tensor& attention_mask) const {
  const at::ScalarType dtype = shared_.weight.scalar_type();
  // The sum that runs through the blocks isn't rounded to 16 bits.
  at::Tensor x = shared_(input_ids).to(c10::promoteTypes(dtype, at::kFloat));
  const at::Tensor buckets = relative_buckets(input_ids.size(1), config_, x.device());
  at::Tensor mask;
  if (attention_mask.defined() && !attention_mask.ne(0).all().item<bool>()) {
    mask = at::zeros({x.size(0), 1, 1, x.size(1)}, shared_.weight.options());
    const double lowest = dtype == at::kHalf ? -65504.0 : -3.3895313892515355e38;
    mask.masked_fill_(attention_mask.eq(0).unsqueeze(1).unsqueeze(1), lowest);
  }
  for (const Umt5Block& block : blocks_) x = block(x, buckets, mask);
  return final_layer_norm_(x);
}

Model make_umt5_encoder(const Source& source, const nn::Placement& placement) {
  Model model;
  const Umt5Config config(source.config);
  const auto encoder = std::make_shared<const Umt5Encoder>(model.scope(placement), config);
  const auto forward = [encoder, config](const Inputs& inputs) {
    const at::Tensor& ids = inputs.tensor("input_ids", 2);
    const at::Tensor mask = inputs.optional("attention_mask", 2);
    if (c10::isFloatingType(ids.scalar_type())) inputs.fail("input_ids", "must hold integers");
    if (ids.numel() == 0) inputs.fail("input_ids", "is empty");
    if (ids.min().item<std::int64_t>() < 0 || ids.max().item<std::int64_t>() >= config.vocab_size) {
      inputs.fail("input_ids", "holds ids outside of the vocabulary");
    }
    if (mask.defined() && mask.sizes() != ids.sizes()) {
      inputs.fail("attention_mask", "must have the shape of input_ids");
    }
    return Values{{{"last_hidden_state", (*encoder)(ids.to(at::kLong), mask)}}, {}};
  };
  model.entries = {{"forward", {"input_ids", "attention_mask"}, {}, forward}};
  return model;
}

}  // namespace ditto::models::wan
