#include "models/qwen/language_model.h"

#include <algorithm>
#include <limits>

#include "ditto/nn/attention.h"
#include "ditto/nn/few_rows.h"
#include "ditto/nn/rope.h"

namespace ditto::models::qwen {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr std::int64_t kKeyBlock = 512;

/// Angles of each token: each part of mrope_section follows its axis of the positions. Frequencies
/// in float32, as the reference has them. positions [3, N] -> [N, 1, head_dim / 2]
at::Tensor text_angles(const at::Tensor& positions, const TextConfig& config) {
  const std::int64_t dim = config.head_dim();
  const at::Tensor exponents = at::arange(0, dim, 2, at::kFloat) / dim;
  const at::Tensor frequencies =
      at::pow(config.rope_theta, exponents).reciprocal().to(positions.device());
  const at::Tensor places = positions.to(at::kFloat).unsqueeze(-1);
  std::vector<at::Tensor> parts;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < config.mrope_section.size(); ++i) {
    const std::int64_t count = config.mrope_section[i];
    parts.push_back(places[static_cast<std::int64_t>(i % 3)] * frequencies.narrow(0, first, count));
    first += count;
  }
  return at::cat(parts, -1).unsqueeze(1);
}

/// Query i, which is token past + i, may see what is not after it, and visible. Kernels differ in
/// what they make of a query that sees nothing: it is let see itself, and told apart.
SegmentMask mask_of(const Segment& segment, const at::TensorOptions& options) {
  const std::int64_t keys = segment.past + segment.count;
  const at::Tensor places = at::arange(keys, options.dtype(at::kLong));
  const at::Tensor queries = places.narrow(0, segment.past, segment.count).unsqueeze(1);
  at::Tensor hidden = places.unsqueeze(0) > queries;
  SegmentMask mask;
  if (segment.visible.defined()) {
    const at::Tensor blind = segment.visible.cumsum(0).eq(0).unsqueeze(1);
    hidden.logical_or_(segment.visible.eq(0).unsqueeze(0));
    hidden.masked_fill_(blind.logical_and(places.unsqueeze(0).eq(queries)), false);
    if (blind.any().item<bool>()) mask.blind = blind;
  }
  mask.bias = at::zeros({1, 1, segment.count, keys}, options).masked_fill_(hidden, kNever);
  return mask;
}

/// For each kv head the queries that share it; its keys are repeated without a copy on the CPU.
/// queries [count, heads, D], keys and values [kv_heads, L, D] -> [count, heads * D]
at::Tensor grouped_attention(const at::Tensor& queries, const at::Tensor& keys,
                             const at::Tensor& values, const SegmentMask& mask) {
  const std::int64_t kv_heads = keys.size(0);
  const at::Tensor q = queries.unflatten(1, {kv_heads, -1}).permute({1, 2, 0, 3});
  const auto repeated = [&](const at::Tensor& x) {
    const at::Tensor all = x.unsqueeze(1).expand({-1, q.size(1), -1, -1});
    return x.is_cpu() ? all : all.contiguous();
  };
  nn::AttentionOptions options;
  options.bias = mask.bias;
  options.causal = !mask.bias.defined() && queries.size(0) > 1;
  const at::Tensor attended =
      nn::attention(q, repeated(keys), repeated(values), options).permute({2, 0, 1, 3}).flatten(1);
  return mask.blind.defined() ? attended.masked_fill(mask.blind, 0) : attended;
}

/// One query for each row of the cache: those that share a kv head are its queries. What comes out
/// for a row doesn't follow from the other rows. queries [segments, heads, D] ->
/// [segments, heads * D]
at::Tensor attention_of_rows(const at::Tensor& queries, const TextPass& pass,
                             const LayerCache& cache) {
  const at::Tensor q = queries.unflatten(1, {cache.keys.size(1), -1});
  if (pass.longest > 0) {
    const auto filled = [&](const at::Tensor& all) {
      return all.narrow(0, 0, queries.size(0)).narrow(2, 0, pass.longest);
    };
    nn::AttentionOptions options;
    if (pass.shared_bias.defined()) {
      options.bias = pass.shared_bias.expand({-1, -1, q.size(2), -1});
    }
    return nn::attention(q, filled(cache.keys), filled(cache.values), options).flatten(1);
  }
  std::vector<at::Tensor> attended;
  for (const Segment& segment : pass.segments) {
    const auto filled = [&](const at::Tensor& all) {
      return all.narrow(0, segment.row, 1).narrow(2, 0, segment.past + 1);
    };
    attended.push_back(
        nn::attention(q.narrow(0, segment.row, 1), filled(cache.keys), filled(cache.values))
            .flatten(1));
  }
  return at::cat(attended);
}

at::Tensor concatenated(const std::vector<at::Tensor>& parts) {
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

}  // namespace

TextAttention::TextAttention(const nn::Scope& scope, const TextConfig& config)
    : q_proj(scope / "q_proj", config.hidden_size, config.hidden_size),
      k_proj(scope / "k_proj", config.hidden_size, config.num_key_value_heads * config.head_dim()),
      v_proj(scope / "v_proj", config.hidden_size, config.num_key_value_heads * config.head_dim()),
      o_proj(scope / "o_proj", config.hidden_size, config.hidden_size, false),
      heads(config.num_attention_heads),
      kv_heads(config.num_key_value_heads) {}

at::Tensor TextAttention::operator()(const at::Tensor& x, const TextPass& pass,
                                     LayerCache* cache) const {
  const at::Tensor q =
      nn::rope_half(nn::linear_of_few(x, q_proj).unflatten(-1, {heads, -1}), pass.cos, pass.sin);
  const at::Tensor k =
      nn::rope_half(nn::linear_of_few(x, k_proj).unflatten(-1, {kv_heads, -1}), pass.cos, pass.sin);
  const at::Tensor v = nn::linear_of_few(x, v_proj).unflatten(-1, {kv_heads, -1});
  if (pass.one_each) {
    const std::int64_t count = pass.rows.size(0);
    cache->keys.transpose(1, 2).index_put_({pass.rows, pass.slots}, k.narrow(0, 0, count));
    cache->values.transpose(1, 2).index_put_({pass.rows, pass.slots}, v.narrow(0, 0, count));
    const at::Tensor attended = attention_of_rows(q.narrow(0, 0, count), pass, *cache);
    return nn::linear_of_few(at::constant_pad_nd(attended, {0, 0, 0, x.size(0) - count}), o_proj);
  }
  std::vector<at::Tensor> attended;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < pass.segments.size(); ++i) {
    const Segment& segment = pass.segments[i];
    // Of the segment's own tokens [kv_heads, count, D], then with its past.
    at::Tensor keys = k.narrow(0, first, segment.count).transpose(0, 1);
    at::Tensor values = v.narrow(0, first, segment.count).transpose(0, 1);
    const auto with_past = [&](const at::Tensor& all, at::Tensor& own) {
      const at::Tensor row = all.select(0, segment.row);
      row.narrow(1, segment.past, segment.count).copy_(own);
      if (segment.past > 0) own = row.narrow(1, 0, segment.past + segment.count);
    };
    if (cache != nullptr) {
      with_past(cache->keys, keys);
      with_past(cache->values, values);
    }
    attended.push_back(
        grouped_attention(q.narrow(0, first, segment.count), keys, values, pass.masks[i]));
    first += segment.count;
  }
  return nn::linear_of_few(concatenated(attended), o_proj);
}

DecoderLayer::DecoderLayer(const nn::Scope& scope, const TextConfig& config)
    : input_layernorm(scope / "input_layernorm", config.hidden_size, config.rms_norm_eps),
      post_attention_layernorm(scope / "post_attention_layernorm", config.hidden_size,
                               config.rms_norm_eps),
      self_attn(scope / "self_attn", config),
      mlp(scope / "mlp", config.hidden_size, config.intermediate_size, false, config.hidden_act) {}

LanguageModel::LanguageModel(const nn::Scope& scope, const TextConfig& config)
    : config_(config),
      embed_tokens_(scope / "embed_tokens", config.vocab_size, config.hidden_size),
      norm_(scope / "norm", config.hidden_size, config.rms_norm_eps) {
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    layers_.emplace_back(scope / "layers" / i, config);
  }
}

TextPass LanguageModel::begin(const TextInputs& inputs, const KvCache* cache) const {
  const at::Tensor angles = text_angles(inputs.positions, config_);
  TextPass pass;
  pass.cos = angles.cos();
  pass.sin = angles.sin();
  pass.segments = inputs.segments;
  const at::TensorOptions options = embed_tokens_.weight.options();
  pass.one_each = inputs.one_each;
  if (!pass.one_each) {
    for (const Segment& segment : pass.segments) {
      const bool plain = !segment.visible.defined() && (segment.past == 0 || segment.count == 1);
      pass.masks.push_back(plain ? SegmentMask() : mask_of(segment, options));
    }
    return pass;
  }
  std::vector<std::int64_t> rows, slots;
  bool same_length = true;
  for (const Segment& segment : pass.segments) {
    same_length = same_length && segment.past == pass.segments.front().past;
    rows.push_back(segment.row);
    slots.push_back(segment.past);
    pass.longest = std::max(pass.longest, segment.past + 1);
  }
  pass.rows = at::tensor(rows, at::kLong).to(options.device());
  pass.slots = at::tensor(slots, at::kLong).to(options.device());
  if (options.device().is_cpu()) {
    // Each row of its own length: kernels round according to the number of keys.
    if (!same_length) pass.longest = 0;
    return pass;
  }
  // Other devices want few calls: all rows have as many keys, in whole blocks of the kernels, and
  // what a row doesn't have is hidden.
  const std::int64_t blocks = (pass.longest + kKeyBlock - 1) / kKeyBlock;
  pass.longest = std::min(blocks * kKeyBlock, cache->capacity());
  const at::Tensor hidden =
      at::arange(pass.longest, options.dtype(at::kLong)).unsqueeze(0) > pass.slots.unsqueeze(1);
  pass.shared_bias = at::zeros({pass.slots.size(0), 1, 1, pass.longest}, options)
                         .masked_fill_(hidden.unsqueeze(1).unsqueeze(1), kNever);
  return pass;
}

at::Tensor LanguageModel::operator()(const TextInputs& inputs, KvCache* cache) const {
  const TextPass pass = begin(inputs, cache);
  // The sum that runs through the layers isn't rounded to 16 bits.
  const at::ScalarType wide = c10::promoteTypes(embed_tokens_.weight.scalar_type(), at::kFloat);
  const at::Tensor x = inputs.embeddings.to(wide, false, true);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const DecoderLayer& layer = layers_[i];
    x.add_(layer.self_attn(layer.input_layernorm(x), pass,
                           cache == nullptr ? nullptr : &cache->layer(i)));
    x.add_(layer.mlp(layer.post_attention_layernorm(x)));
  }
  return norm_(x);
}

}  // namespace ditto::models::qwen
