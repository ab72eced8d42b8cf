#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.h"
#include "text/bpe.h"
#include "text/byte_level.h"
#include "text/steps.h"
#include "text/unigram.h"

namespace ditto::text {

/// Appends the ids of a part of a text, normalised. `first`: the part is at the text's start.
using PartEncoder =
    std::function<void(std::string_view part, bool first, std::vector<std::int64_t>& ids)>;

/// A tokenizer's steps in their order.
struct Pipeline {
  AddedTokens added;
  Normalizer normalize;
  /// Pre-tokenizer and model. One encoder for each text: it may remember words.
  std::function<PartEncoder()> make_encoder;
  std::function<std::optional<std::int64_t>(std::string_view token)> id;
  /// A token of the model as files write it; null for an id that isn't one.
  std::function<const std::string*(std::int64_t id)> piece;
  std::int64_t model_ids = 0;        ///< the model's ids are below this
  std::vector<std::int64_t> before;  ///< what the template puts around a text
  std::vector<std::int64_t> behind;
  Decoder decode;
  bool byte_level = false;  ///< a token is bytes, whatever is beside it (byte_level.h)
  std::optional<std::int64_t> pad;
  std::string where;  ///< the file, for messages

  void use(PreTokenizer pre_tokenize, Unigram model);
  /// Sets the decoder too.
  void use(Splitter split, Bpe model);
};

/// All throw Error(kInput) naming the file.
Pipeline read_tokenizer_json(const std::filesystem::path& directory);
/// vocab.json and merges.txt.
Pipeline read_byte_pairs(const std::filesystem::path& directory);
Pipeline read_sentencepiece(const std::filesystem::path& directory);

}  // namespace ditto::text
