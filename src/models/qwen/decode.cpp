#include "models/qwen/decode.h"

namespace ditto::models::qwen {

std::vector<at::Tensor> last_hidden_states(const Network& network,
                                           const std::vector<PromptPart>& parts) {
  std::vector<PartPlace> places(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) places[i].row = static_cast<std::int64_t>(i);
  const JoinedParts joined = join_parts(network, parts, places);
  std::vector<std::int64_t> counts;
  for (const PromptPart& part : parts) counts.push_back(static_cast<std::int64_t>(part.ids.size()));
  return network.language_model()(joined.inputs).split_with_sizes(counts);
}

std::shared_ptr<const Prefix> make_prefix(const Network& network, const PromptPart& part,
                                          const Prefix* base) {
  if (part.ids.empty()) throw Error(ErrorKind::kInput, "a prefix is empty");
  const std::int64_t past = base != nullptr ? base->length() : 0;
  std::vector<std::int64_t> ids;
  if (base != nullptr) ids = base->ids;
  ids.insert(ids.end(), part.ids.begin(), part.ids.end());
  KvCache cache(network.config().text, 1, static_cast<std::int64_t>(ids.size()),
                at::TensorOptions().dtype(network.dtype()).device(network.device()));
  if (base != nullptr) cache.copy_row(base->cache, 0, 0, past);
  const JoinedParts joined =
      join_parts(network, {part}, {{0, past, base != nullptr ? base->next : 0}});
  network.language_model()(joined.inputs, &cache);
  return std::make_shared<const Prefix>(std::move(cache), std::move(ids), joined.next.front());
}

}  // namespace ditto::models::qwen
