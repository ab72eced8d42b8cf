#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

#include "ditto/core/error.h"
#include "models/qwen/config.h"
#include "models/qwen/vision.h"

/// Positions of tokens in time, height and width (M-RoPE), as get_rope_index of transformers 5.23
/// models/qwen2_5_vl/modeling_qwen2_5_vl.py computes them.
namespace ditto::models::qwen {

/// What a token stands for; the numbers are those of mm_token_type_ids.
enum class TokenType : std::uint8_t { kText = 0, kImage = 1, kVideo = 2 };

/// The images and videos of some prompts, in the order in which their tokens come.
struct Media {
  std::vector<Grid> images, videos;
  /// Temporal positions from one pair of frames to the next, for each video, float32 or float64;
  /// undefined: tokens_per_second.
  at::Tensor video_intervals;
  std::size_t next_image = 0, next_video = 0;
};

/// For each axis, each token's position.
using Positions = std::array<std::vector<std::int64_t>, 3>;

/// Appends the positions of `more` tokens to those of others.
void append(Positions& positions, const Positions& more);
/// [3, N] i64
at::Tensor as_tensor(const Positions& positions, at::Device device);

/// Positions from `next` on, which becomes where the text goes on after this part of a prompt.
/// Takes the part's images and videos from `media`. After an image or a video, the text goes on
/// where the larger of its sides ends, even where its temporal positions went further. Throws
/// Error(kInput) when the tokens and the grids don't fit.
Positions prompt_positions(const std::vector<TokenType>& types, Media& media,
                           const VisionConfig& config, std::int64_t& next);

/// Of tokens that stand for themselves: 0, 1, 2, ...
Positions text_positions(std::int64_t count, std::int64_t first = 0);

}  // namespace ditto::models::qwen
