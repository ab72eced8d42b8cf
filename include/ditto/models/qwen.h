#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ditto/nn/weights.h"
#include "ditto/text/json_constraint.h"

/// Answers of Qwen2.5-VL to prompts with images and videos, as the stages use it: many prompts at
/// once, what they have in common computed once.
namespace ditto::models::qwen {

class Engine;
class Network;
class Prefix;

/// How tokens are chosen. Temperature 0 takes the likeliest one.
struct Sampling {
  double temperature = 0;
  double top_p = 1;        ///< the likeliest tokens that have this much probability together
  std::int64_t top_k = 0;  ///< the likeliest tokens; 0: all
  /// Makes tokens that are there already less likely; 1: doesn't.
  double repetition_penalty = 1;
  std::uint64_t seed = 0;
};

/// A prompt, or a part of one, whose images and videos are whole: token ids, among them one
/// <|image_pad|> or <|video_pad|> for each place that the vision tower's output takes, and what the
/// entry `preprocess` makes of the images and videos.
struct Prompt {
  std::vector<std::int64_t> ids;
  at::Tensor pixel_values, image_grid_thw;
  at::Tensor pixel_values_videos, video_grid_thw, second_per_grid_ts;
  /// In place of all pixels: what Generator::see() made of them, [tokens, hidden_size].
  at::Tensor image_tokens, video_tokens;
};

struct Request {
  Prompt prompt;  ///< behind the prefix, if there is one; not empty
  std::shared_ptr<const Prefix> prefix;
  Sampling sampling;
  std::int64_t max_new_tokens = 256;
  std::vector<std::int64_t> stop_ids;  ///< besides the model's own
  std::vector<std::string> stop;       ///< an answer ends before the first of these
  /// The answer's text is JSON of this form, complete within max_new_tokens. May be null.
  std::shared_ptr<const text::JsonConstraint> form;
};

enum class Finish {
  kStopId,
  kStopString,
  kLength,  ///< max_new_tokens
  kForm,    ///< nothing can follow in the form
};

struct Completion {
  std::vector<std::int64_t> ids;  ///< all that were drawn, the one that ends it included
  /// Their bytes without special tokens, and without the stop string and what follows it. UTF-8,
  /// unless the network drew other bytes.
  std::string text;
  Finish finish = Finish::kLength;
};

/// How much is computed at once.
struct BatchLimits {
  std::int64_t rows = 8;  ///< sequences in work; results follow from it, to the last bit
  /// Bounds the sequences in work too: what their keys and values may take.
  std::uint64_t cache_bytes = std::uint64_t{8} << 30;
  std::int64_t prefill_rows = 4;       ///< prompts of a call in one pass
  std::int64_t prefill_tokens = 8192;  ///< theirs; a longer prompt goes alone
};

/// What was computed so far.
struct Work {
  std::int64_t pictures = 0, videos = 0;  ///< by the vision tower
  std::int64_t prompt_tokens = 0;         ///< those of pictures and videos too
  std::int64_t passes = 0;                ///< that drew a token of each sequence in work
  std::int64_t drawn = 0;                 ///< tokens, by these
};

/// Safe to use from several threads, whose requests then share passes.
class Generator {
 public:
  /// `stop_ids` end every answer.
  Generator(std::shared_ptr<const Network> network,
            std::shared_ptr<const text::ByteVocabulary> vocabulary,
            std::vector<std::int64_t> stop_ids, const BatchLimits& limits = {});
  Generator(Generator&&) noexcept;
  Generator& operator=(Generator&&) noexcept;
  ~Generator();

  /// Reads a checkpoint's directory: network, tokenizer, and the ids that end answers
  /// (generation_config.json). Throws Error(kInput).
  static Generator load(const std::filesystem::path& directory, const nn::Placement& placement,
                        const BatchLimits& limits = {}, const nn::LoadOptions& options = {});

  const text::ByteVocabulary& vocabulary() const { return *vocabulary_; }
  std::shared_ptr<const text::ByteVocabulary> shared_vocabulary() const { return vocabulary_; }

  /// Through the vision tower, what the entry `preprocess` makes of one image or video: for any
  /// number of prompts. -> [tokens, hidden_size]
  at::Tensor see(const at::Tensor& pixels, const at::Tensor& grid, bool video) const;

  /// Keys and values of the beginning that several prompts share, behind `base` where there is one.
  std::shared_ptr<const Prefix> prefix(const Prompt& prompt,
                                       std::shared_ptr<const Prefix> base = nullptr) const;

  /// An answer to each request, in their order. Sequences of all callers are computed together, as
  /// many as the limits allow; as one ends, the next takes its place. An answer doesn't depend on
  /// what else is computed with it. Throws Error(kInput) for a request that makes no sense,
  /// Error(kInterrupted).
  std::vector<Completion> answer(const std::vector<Request>& requests) const;

  Work work() const;

 private:
  std::shared_ptr<const Network> network_;
  std::shared_ptr<const text::ByteVocabulary> vocabulary_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace ditto::models::qwen
