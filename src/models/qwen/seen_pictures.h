#pragma once

#include <ATen/core/Tensor.h>

#include <list>
#include <mutex>
#include <optional>
#include <string>

namespace ditto::models::qwen {

/// What the vision tower made of a still or a video.
struct Seen {
  at::Tensor tokens;  ///< [tokens, hidden_size]
  at::Tensor grid;    ///< [1, 3]
  float seconds = 0;  ///< of a video, from one of its rows in the grid to the next
};

/// Keeps what was seen last, for prompts that show it again: a clip's frames are in the questions
/// about each of its samples. Safe to use from several threads.
class SeenPictures {
 public:
  /// Keeps at most so many tokens.
  explicit SeenPictures(std::int64_t most) : most_(most) {}

  std::optional<Seen> find(const std::string& key);
  void keep(const std::string& key, const Seen& seen);

 private:
  const std::int64_t most_;
  std::mutex mutex_;
  std::list<std::pair<std::string, Seen>> kept_;  ///< what was used last comes first
  std::int64_t tokens_ = 0;
};

}  // namespace ditto::models::qwen
