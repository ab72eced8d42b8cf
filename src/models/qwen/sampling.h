#pragma once

#include <span>

#include "ditto/core/random.h"
#include "ditto/models/qwen.h"

namespace ditto::models::qwen {

/// Draws one sequence's tokens. What it draws follows from the seed, the logits and the number of
/// draws alone.
class Sampler {
 public:
  explicit Sampler(const Sampling& sampling);

  /// The next token. `logits` [vocabulary] are changed. `before` are the sequence's tokens, prompt
  /// included: the repetition penalty divides their logits where these are positive, and multiplies
  /// them where they are negative. Tokens with a logit of -infinity are never drawn; there must be
  /// another. In this order: penalty, temperature, top_k, top_p.
  std::int64_t draw(std::span<float> logits, std::span<const std::int64_t> before);

 private:
  Sampling sampling_;
  Stream stream_;
};

}  // namespace ditto::models::qwen
