#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "text/added_tokens.h"
#include "text/steps.h"
#include "text/unigram.h"

namespace ditto::text {

/// A tokenizer's steps in their order.
struct Pipeline {
  AddedTokens added;
  Normalizer normalize;
  PreTokenizer pre_tokenize;
  Unigram model;
  std::vector<std::int64_t> before;  ///< what the template puts around a text
  std::vector<std::int64_t> behind;
  Decoder decode;
  std::optional<std::int64_t> pad;
  std::string where;  ///< the file, for messages
};

/// All throw Error(kInput) naming the file.
Pipeline read_tokenizer_json(const std::filesystem::path& directory);
Pipeline read_sentencepiece(const std::filesystem::path& directory);

}  // namespace ditto::text
