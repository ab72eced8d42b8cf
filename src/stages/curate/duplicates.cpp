#include "stages/curate/duplicates.h"

namespace ditto::stages::curate {

std::vector<std::optional<DuplicateIndex::Match>> DuplicateIndex::nearest(
    std::span<const Embedding> queries) const {
  std::vector<std::optional<Match>> best(queries.size());
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const Embedding& query = queries[q];
      // The lanes are independent sums, which the compiler keeps in vector registers.
      std::array<float, kLanes> sums{};
      for (std::size_t d = 0; d < query.size(); ++d) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += query[d] * block[d][lane];
      }
      for (std::size_t lane = 0; lane < kLanes && b * kLanes + lane < size_; ++lane) {
        if (!best[q] || sums[lane] > best[q]->similarity) {
          best[q] = Match{b * kLanes + lane, sums[lane]};
        }
      }
    }
  }
  return best;
}

void DuplicateIndex::add(const Embedding& embedding) {
  const std::size_t lane = size_ % kLanes;
  if (lane == 0) blocks_.emplace_back();
  for (std::size_t d = 0; d < embedding.size(); ++d) blocks_.back()[d][lane] = embedding[d];
  ++size_;
}

}  // namespace ditto::stages::curate
