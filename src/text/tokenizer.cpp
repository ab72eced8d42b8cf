#include "ditto/text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "text/pipeline.h"
#include "text/tokenizer_files.h"
#include "text/unicode.h"

namespace ditto::text {

namespace {

namespace fs = std::filesystem;

bool has_byte_pairs(const fs::path& directory) {
  return fs::exists(directory / kVocabulary) && fs::exists(directory / kMerges);
}

void need_bytes(const Pipeline& pipeline) {
  if (pipeline.byte_level) return;
  throw Error(ErrorKind::kInput,
              pipeline.where +
                  ": the text of a token depends on those beside it; only a byte-level "
                  "tokenizer's doesn't");
}

/// As files write it; null for one that is left out.
const std::string* token_of(const Pipeline& pipeline, std::int64_t id, bool skip_special_tokens) {
  if (const AddedToken* token = pipeline.added.find(id)) {
    return token->special && skip_special_tokens ? nullptr : &token->content;
  }
  if (const std::string* piece = pipeline.piece(id)) return piece;
  throw Error(ErrorKind::kInput,
              fmt::format("{}: there is no token with the id {}", pipeline.where, id));
}

}  // namespace

bool Tokenizer::found_in(const fs::path& directory) {
  return fs::exists(directory / kTokenizerJson) || has_byte_pairs(directory) ||
         fs::exists(directory / kSentencePiece);
}

Tokenizer Tokenizer::open(const fs::path& directory) {
  const auto made = [](Pipeline pipeline) {
    return Tokenizer(std::make_shared<const Pipeline>(std::move(pipeline)));
  };
  if (fs::exists(directory / kTokenizerJson)) return made(read_tokenizer_json(directory));
  if (has_byte_pairs(directory)) return made(read_byte_pairs(directory));
  if (fs::exists(directory / kSentencePiece)) return made(read_sentencepiece(directory));
  throw Error(
      ErrorKind::kInput,
      fmt::format("{}: no tokenizer here (neither {} nor {} with {} nor {})", printable(directory),
                  kTokenizerJson, kVocabulary, kMerges, kSentencePiece));
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  const Pipeline& pipeline = *pipeline_;
  std::vector<std::int64_t> ids;
  if (add_special_tokens) ids = pipeline.before;
  const std::string valid = valid_utf8(text);
  const PartEncoder encode_part = pipeline.make_encoder();
  bool first = true;
  for (const Segment& raw : pipeline.added.split(valid, false)) {
    if (raw.token) {
      ids.push_back(*raw.token);
      first = false;
      continue;
    }
    const std::string normalised_text = pipeline.normalize(std::string(raw.text));
    for (const Segment& segment : pipeline.added.split(normalised_text, true)) {
      if (segment.token) {
        ids.push_back(*segment.token);
      } else {
        encode_part(segment.text, first, ids);
      }
      first = false;
    }
  }
  if (add_special_tokens) ids.insert(ids.end(), pipeline.behind.begin(), pipeline.behind.end());
  return ids;
}

std::string Tokenizer::decode(const std::vector<std::int64_t>& ids,
                              bool skip_special_tokens) const {
  const Pipeline& pipeline = *pipeline_;
  std::vector<std::string> tokens;
  for (const std::int64_t id : ids) {
    if (const std::string* token = token_of(pipeline, id, skip_special_tokens)) {
      tokens.push_back(*token);
    }
  }
  std::string text;
  for (const std::string& part : pipeline.decode(std::move(tokens))) text += part;
  return text;
}

std::optional<std::int64_t> Tokenizer::id(std::string_view token) const {
  if (const AddedToken* added = pipeline_->added.find(token)) return added->id;
  return pipeline_->id(token);
}

std::int64_t Tokenizer::size() const {
  return std::max(pipeline_->model_ids, pipeline_->added.end_id());
}

std::optional<std::string> Tokenizer::bytes(std::int64_t id) const {
  need_bytes(*pipeline_);
  const AddedToken* added = pipeline_->added.find(id);
  if (added != nullptr && added->special) return std::nullopt;
  const std::string* token = added != nullptr ? &added->content : pipeline_->piece(id);
  return token != nullptr ? std::optional(bytes_of_token(*token).value_or(*token)) : std::nullopt;
}

std::int64_t Tokenizer::pad_id() const {
  if (!pipeline_->pad) {
    throw Error(ErrorKind::kInput, pipeline_->where + ": this tokenizer has no padding token");
  }
  return *pipeline_->pad;
}

StreamDecoder::StreamDecoder(Tokenizer tokenizer, bool skip_special_tokens)
    : tokenizer_(std::move(tokenizer)), skip_special_tokens_(skip_special_tokens) {
  need_bytes(*tokenizer_.pipeline_);
}

std::string StreamDecoder::push(std::int64_t id) {
  const std::string* token = token_of(*tokenizer_.pipeline_, id, skip_special_tokens_);
  if (token == nullptr) return {};
  held_ += bytes_of_token(*token).value_or(*token);
  const std::size_t certain = held_.size() - unfinished_bytes(held_);
  std::string text = valid_utf8(std::string_view(held_).substr(0, certain));
  held_.erase(0, certain);
  return text;
}

std::string StreamDecoder::finish() { return valid_utf8(std::exchange(held_, {})); }

}  // namespace ditto::text
