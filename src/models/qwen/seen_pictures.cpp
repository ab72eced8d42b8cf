#include "models/qwen/seen_pictures.h"

#include <algorithm>

namespace ditto::models::qwen {

std::optional<Seen> SeenPictures::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) { return one.first == key; });
  if (found == kept_.end()) return std::nullopt;
  kept_.splice(kept_.begin(), kept_, found);
  return kept_.front().second;
}

void SeenPictures::keep(const std::string& key, const Seen& seen) {
  const std::lock_guard lock(mutex_);
  // Somebody else may have been as fast.
  if (std::any_of(kept_.begin(), kept_.end(), [&](const auto& one) { return one.first == key; }))
    return;
  kept_.emplace_front(key, seen);
  tokens_ += seen.tokens.size(0);
  while (tokens_ > most_) {
    tokens_ -= kept_.back().second.tokens.size(0);
    kept_.pop_back();
  }
}

}  // namespace ditto::models::qwen
