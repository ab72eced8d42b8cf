#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Text to token ids and back, equal to what Hugging Face's tokenizers compute for the files of a
/// checkpoint: `tokenizer.json` (the pipeline that it describes: a unigram model, or byte pair
/// encoding of bytes), `vocab.json` with `merges.txt` (as Qwen2Tokenizer of transformers 5 reads
/// them) or `spiece.model` (as its T5Tokenizer does).
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
  /// tokens written out in the text ("</s>") are recognised, before it is normalised. With
  /// `add_special_tokens`, those of the checkpoint's template are added ("</s>" at the end for T5,
  /// none for Qwen). Throws Error(kInput) when there is a character that a unigram vocabulary has
  /// no id for and no id of an unknown token either; of bytes, one without a token is left out.
  std::vector<std::int64_t> encode(std::string_view text, bool add_special_tokens = true) const;

  /// Bytes that are no UTF-8 become U+FFFD, as above. Throws Error(kInput) for an id outside of the
  /// vocabulary.
  std::string decode(const std::vector<std::int64_t>& ids, bool skip_special_tokens = false) const;

  /// Of a token as the files write it (a byte-level " the" is "\u0120the").
  std::optional<std::int64_t> id(std::string_view token) const;
  /// All ids are below this.
  std::int64_t size() const;
  /// The bytes that a token stands for, whatever is beside it: what an output that must follow a
  /// grammar is checked with. Nothing for special tokens, and for ids that aren't tokens. Throws
  /// Error(kInput) for a tokenizer that isn't byte-level.
  std::optional<std::string> bytes(std::int64_t id) const;
  /// What fills rows up in a batch of texts of different lengths: `pad_token` of
  /// tokenizer_config.json, or Qwen's "<|endoftext|>", or "<pad>". Throws Error(kInput) when there
  /// is none.
  std::int64_t pad_id() const;

 private:
  friend class StreamDecoder;
  explicit Tokenizer(std::shared_ptr<const Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}
  std::shared_ptr<const Pipeline> pipeline_;
};

/// Text of tokens that come one by one. What push() returned and finish() returns, joined, is what
/// Tokenizer::decode() makes of all ids; no piece ends within a character.
class StreamDecoder {
 public:
  /// Throws Error(kInput) for a tokenizer that isn't byte-level: the text of its tokens depends on
  /// those beside them.
  explicit StreamDecoder(Tokenizer tokenizer, bool skip_special_tokens = false);

  /// The text that is certain by now: bytes of an unfinished character are held back, at most three
  /// of them. Throws Error(kInput) for an id outside of the vocabulary, and then stays as it was.
  std::string push(std::int64_t id);
  /// The rest: U+FFFD when a character is unfinished, else nothing. Ready for another text then.
  std::string finish();

 private:
  Tokenizer tokenizer_;
  bool skip_special_tokens_;
  std::string held_;
};

}  // namespace ditto::text
