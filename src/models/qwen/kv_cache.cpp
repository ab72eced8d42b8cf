#include "models/qwen/kv_cache.h"

namespace ditto::models::qwen {

KvCache::KvCache(const TextConfig& config, std::int64_t rows, std::int64_t capacity,
                 const at::TensorOptions& options) {
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    // Zeros, because slots that aren't filled are computed with, at weight 0: no NaN may be there.
    const auto make = [&] {
      return at::zeros({rows, config.num_key_value_heads, capacity, config.head_dim()}, options);
    };
    layers_.push_back({make(), make()});
  }
}

std::uint64_t KvCache::bytes() const {
  std::uint64_t sum = 0;
  for (const LayerCache& layer : layers_) sum += layer.keys.nbytes() + layer.values.nbytes();
  return sum;
}

std::uint64_t KvCache::bytes(const TextConfig& config, std::int64_t rows, std::int64_t capacity,
                             at::ScalarType dtype) {
  return static_cast<std::uint64_t>(2 * config.num_hidden_layers * rows *
                                    config.num_key_value_heads * capacity * config.head_dim()) *
         c10::elementSize(dtype);
}

void KvCache::copy_row(const KvCache& from, std::int64_t from_row, std::int64_t row,
                       std::int64_t length) {
  const auto copy = [&](const at::Tensor& to, const at::Tensor& source) {
    to.select(0, row).narrow(1, 0, length).copy_(source.select(0, from_row).narrow(1, 0, length));
  };
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    copy(layers_[i].keys, from.layers_[i].keys);
    copy(layers_[i].values, from.layers_[i].values);
  }
}

void KvCache::clear_row(std::int64_t row) {
  for (const LayerCache& layer : layers_) {
    layer.keys.select(0, row).zero_();
    layer.values.select(0, row).zero_();
  }
}

KvCache KvCache::slice(std::int64_t row, std::int64_t length) const {
  const auto copy = [&](const at::Tensor& all) {
    return all.narrow(0, row, 1).narrow(2, 0, length).clone(at::MemoryFormat::Contiguous);
  };
  KvCache one;
  for (const LayerCache& layer : layers_) {
    one.layers_.push_back({copy(layer.keys), copy(layer.values)});
  }
  return one;
}

}  // namespace ditto::models::qwen
