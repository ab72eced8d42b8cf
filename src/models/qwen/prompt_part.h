#pragma once

#include "ditto/models/qwen.h"
#include "models/qwen/batch.h"

namespace ditto::models::qwen {

/// Consecutive tokens of one sequence.
struct PromptPart {
  std::vector<std::int64_t> ids;
  std::vector<TokenType> types;
  at::Tensor image_pixels, video_pixels;  ///< undefined where there are none
  at::Tensor image_tokens, video_tokens;  ///< of the vision tower, in place of the pixels
  Media media;
};

/// The rows of a batch without their padding, each with its own images and videos. Throws
/// Error(kInput) when the tokens and the grids don't fit.
std::vector<PromptPart> split_rows(const Batch& batch, const Config& config);

/// Throws Error(kInput) as read_batch does.
PromptPart read_prompt(const Prompt& prompt, const Network& network);

/// Where a part goes: the row of the cache, how many of its slots are filled, and where text
/// positions go on.
struct PartPlace {
  std::int64_t row = 0, past = 0, next = 0;
};

/// Parts as the language model takes them.
struct JoinedParts {
  TextInputs inputs;
  std::vector<std::int64_t> last;  ///< the place of each part's last token
  std::vector<std::int64_t> next;  ///< where text positions go on after each part
  /// The positions of a token that is drawn after each part: one more than those of its last
  /// token on each axis, as the reference's generate() has them.
  std::vector<std::array<std::int64_t, 3>> drawn;
};

/// Computes the parts' vision tokens too.
JoinedParts join_parts(const Network& network, const std::vector<PromptPart>& parts,
                       const std::vector<PartPlace>& places);

}  // namespace ditto::models::qwen
