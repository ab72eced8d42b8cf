#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Text to token ids and back, equal to what Hugging Face's tokenizers compute for the files of a
/// checkpoint: `tokenizer.json` (the pipeline that it describes) or `spiece.model` (as T5Tokenizer
/// of transformers 5 reads it).
namespace ditto::text {

struct Pipeline;

/// Immutable and cheap to copy; safe to use from several threads.
class Tokenizer {
 public:
  /// True when `directory` holds a tokenizer.
  static bool found_in(const std::filesystem::path& directory);
  /// Throws Error(kInput) naming the file and what is wrong in it, also for a step of a
  /// tokenizer.json that isn't supported.
  static Tokenizer open(const std::filesystem::path& directory);

  /// `text` is UTF-8; bytes that aren't become U+FFFD, one for each maximal invalid part. Special
  /// tokens written out in the text ("</s>") are recognised. With `add_special_tokens`, those of
  /// the checkpoint's template are added ("</s>" at the end for T5). Throws Error(kInput) when
  /// there is a character that the vocabulary has no id for and no id of an unknown token either.
  std::vector<std::int64_t> encode(std::string_view text, bool add_special_tokens = true) const;

  /// Throws Error(kInput) for an id outside of the vocabulary.
  std::string decode(const std::vector<std::int64_t>& ids, bool skip_special_tokens = false) const;

  std::optional<std::int64_t> id(std::string_view token) const;
  /// What fills rows up in a batch of texts of different lengths: `pad_token` of
  /// tokenizer_config.json, or "<pad>". Throws Error(kInput) when there is none.
  std::int64_t pad_id() const;

 private:
  explicit Tokenizer(std::shared_ptr<const Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}
  std::shared_ptr<const Pipeline> pipeline_;
};

}  // namespace ditto::text
