#include "ditto/text/byte_vocabulary.h"

#include <algorithm>

#include "ditto/text/tokenizer.h"

namespace ditto::text {

ByteVocabulary::ByteVocabulary(std::vector<std::string> tokens)
    : tokens_(std::move(tokens)), single_(256, false) {
  for (std::size_t id = 0; id < tokens_.size(); ++id) {
    const std::string& token = tokens_[id];
    if (token.empty() || token.size() > kLongest) continue;
    sorted_.push_back(static_cast<std::int64_t>(id));
    if (token.size() == 1) single_[static_cast<unsigned char>(token.front())] = true;
  }
  const auto bytes_of = [this](std::int64_t id) -> const std::string& {
    return tokens_[static_cast<std::size_t>(id)];
  };
  std::stable_sort(sorted_.begin(), sorted_.end(),
                   [&](std::int64_t a, std::int64_t b) { return bytes_of(a) < bytes_of(b); });
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    std::size_t shared = 0;
    if (i > 0) {
      const std::string& one = bytes_of(sorted_[i - 1]);
      const std::string& two = bytes_of(sorted_[i]);
      const std::size_t most = std::min(one.size(), two.size());
      while (shared < most && one[shared] == two[shared]) ++shared;
    }
    common_.push_back(shared);
  }
}

ByteVocabulary ByteVocabulary::of(const Tokenizer& tokenizer, std::int64_t size) {
  std::vector<std::string> tokens;
  for (std::int64_t id = 0; id < size; ++id) tokens.push_back(tokenizer.bytes(id).value_or(""));
  return ByteVocabulary(std::move(tokens));
}

std::string_view ByteVocabulary::bytes(std::int64_t id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= tokens_.size()) return {};
  return tokens_[static_cast<std::size_t>(id)];
}

std::string ByteVocabulary::text(const std::vector<std::int64_t>& ids) const {
  std::string text;
  for (const std::int64_t id : ids) text += bytes(id);
  return text;
}

}  // namespace ditto::text
