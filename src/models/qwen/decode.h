#pragma once

#include "models/qwen/prompt_part.h"

namespace ditto::models::qwen {

/// The beginning of some sequences, computed.
class Prefix {
 public:
  Prefix(KvCache keys_and_values, std::vector<std::int64_t> tokens, std::int64_t next_position)
      : cache(std::move(keys_and_values)), ids(std::move(tokens)), next(next_position) {}

  std::int64_t length() const { return static_cast<std::int64_t>(ids.size()); }

  KvCache cache;  ///< one row of length() slots
  std::vector<std::int64_t> ids;
  std::int64_t next;  ///< where text positions go on
};

/// The language model's last hidden states, after the final norm, of each part on its own:
/// [tokens, hidden_size]. An image editor's text encoder.
std::vector<at::Tensor> last_hidden_states(const Network& network,
                                           const std::vector<PromptPart>& parts);

std::shared_ptr<const Prefix> make_prefix(const Network& network, const PromptPart& part,
                                          const Prefix* base);

}  // namespace ditto::models::qwen
