#include "ditto/text/tokenizer.h"

#include <fmt/format.h>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "text/pipeline.h"
#include "text/tokenizer_files.h"
#include "text/unicode.h"

namespace ditto::text {

bool Tokenizer::found_in(const std::filesystem::path& directory) {
  return std::filesystem::exists(directory / kTokenizerJson) ||
         std::filesystem::exists(directory / kSentencePiece);
}

Tokenizer Tokenizer::open(const std::filesystem::path& directory) {
  if (std::filesystem::exists(directory / kTokenizerJson)) {
    return Tokenizer(std::make_shared<const Pipeline>(read_tokenizer_json(directory)));
  }
  if (std::filesystem::exists(directory / kSentencePiece)) {
    return Tokenizer(std::make_shared<const Pipeline>(read_sentencepiece(directory)));
  }
  throw Error(ErrorKind::kInput, fmt::format("{}: no tokenizer here (neither {} nor {})",
                                             printable(directory), kTokenizerJson, kSentencePiece));
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text, bool add_special_tokens) const {
  const Pipeline& pipeline = *pipeline_;
  std::vector<std::int64_t> ids;
  if (add_special_tokens) ids = pipeline.before;
  const std::string valid = valid_utf8(text);
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
        for (const std::string& word : pipeline.pre_tokenize(std::string(segment.text), first)) {
          pipeline.model.encode(word, ids);
        }
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
    if (const AddedToken* token = pipeline.added.find(id)) {
      if (!token->special || !skip_special_tokens) tokens.push_back(token->content);
    } else if (id >= 0 && id < static_cast<std::int64_t>(pipeline.model.size())) {
      tokens.push_back(pipeline.model.piece(static_cast<std::size_t>(id)));
    } else {
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: there is no token with the id {}", pipeline.where, id));
    }
  }
  std::string text;
  for (const std::string& part : pipeline.decode(std::move(tokens))) text += part;
  return text;
}

std::optional<std::int64_t> Tokenizer::id(std::string_view token) const {
  if (const AddedToken* added = pipeline_->added.find(token)) return added->id;
  return pipeline_->model.id(token);
}

std::int64_t Tokenizer::pad_id() const {
  if (!pipeline_->pad) {
    throw Error(ErrorKind::kInput, pipeline_->where + ": this tokenizer has no padding token");
  }
  return *pipeline_->pad;
}

}  // namespace ditto::text
