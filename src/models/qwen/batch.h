#pragma once

#include "ditto/models/model.h"
#include "models/qwen/network.h"

namespace ditto::models::qwen {

/// The tensors that the entries forward and generate take: prompts of one length, padded, with
/// the images and videos of all of them one after the other.
struct Batch {
  at::Tensor ids;   ///< [B, L] i64 on the network's device
  at::Tensor mask;  ///< [B, L] bool on the CPU: tokens that aren't padding
  std::vector<std::vector<TokenType>> types;  ///< of each row, padding included
  at::Tensor image_pixels, video_pixels;      ///< undefined where there are none
  Media media;

  std::int64_t rows() const { return ids.size(0); }
  std::int64_t length() const { return ids.size(1); }
  bool has_media() const { return !media.images.empty() || !media.videos.empty(); }
  /// Places of a row's tokens that aren't padding.
  std::vector<std::int64_t> kept(std::int64_t row) const;
};

/// Names of the tensors and arguments that read_batch looks at.
const std::vector<std::string>& batch_tensors();
const std::vector<std::string>& batch_arguments();

/// Throws Error(kInput) for anything missing, or that doesn't fit together or with the network.
Batch read_batch(const Inputs& inputs, const Network& network);

/// Positions of the row's tokens, media taken from the batch in order: call it for each row once,
/// from the first on. Padding gets 0 where the batch has media.
Positions row_positions(Batch& batch, std::int64_t row, const Config& config);

}  // namespace ditto::models::qwen
