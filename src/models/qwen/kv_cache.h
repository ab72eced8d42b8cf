#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/qwen/config.h"

namespace ditto::models::qwen {

/// Keys and values of one layer, each [rows, kv_heads, capacity, head_dim].
struct LayerCache {
  at::Tensor keys, values;
};

/// Keys and values of all layers for a number of sequences: row r holds those of one sequence in
/// the slots 0, 1, ... How many of them count is the caller's knowledge.
class KvCache {
 public:
  KvCache(const TextConfig& config, std::int64_t rows, std::int64_t capacity,
          const at::TensorOptions& options);

  std::int64_t rows() const { return layers_.front().keys.size(0); }
  std::int64_t capacity() const { return layers_.front().keys.size(2); }
  std::uint64_t bytes() const;
  /// Bytes that a cache of that size would take.
  static std::uint64_t bytes(const TextConfig& config, std::int64_t rows, std::int64_t capacity,
                             at::ScalarType dtype);
  LayerCache& layer(std::size_t index) { return layers_[index]; }

  /// Copies the first `length` slots of a row of another cache (or of this one).
  void copy_row(const KvCache& from, std::int64_t from_row, std::int64_t row, std::int64_t length);
  /// Makes a row's content zeros: slots that don't count are computed with, at weight 0, and must
  /// be finite.
  void clear_row(std::int64_t row);
  /// A cache of one row and no more capacity than the first `length` slots of `row`.
  KvCache slice(std::int64_t row, std::int64_t length) const;

 private:
  KvCache() = default;

  std::vector<LayerCache> layers_;
};

}  // namespace ditto::models::qwen
