#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "stages/curate/embedding.h"

namespace ditto::stages::curate {

/// The embeddings kept so far, searched one by one. Every pair is compared: kEmbeddingSize
/// multiplications, in blocks that stay in the cache. 100,000 clips take about 3 minutes on one
/// core and 105 MB.
class DuplicateIndex {
 public:
  struct Match {
    std::size_t kept;  ///< number of the embedding, in the order of add()
    double similarity;
  };
  /// The most similar one; the earliest of equals. Empty when there is none yet.
  std::optional<Match> nearest(const Embedding& embedding) const;
  void add(const Embedding& embedding);

 private:
  static constexpr std::size_t kLanes = 32;
  /// kLanes embeddings side by side: term d of lane l at [d][l].
  using Block = std::array<std::array<float, kLanes>, kEmbeddingSize>;
  std::vector<Block> blocks_;
  std::size_t size_ = 0;
};

}  // namespace ditto::stages::curate
