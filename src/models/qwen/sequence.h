#pragma once

#include <array>
#include <exception>
#include <span>

#include "models/qwen/prompt_part.h"
#include "models/qwen/sampling.h"

namespace ditto::models::qwen {

/// What a network's tokens mean.
struct Meaning {
  const text::ByteVocabulary* vocabulary = nullptr;  ///< null where no text is asked for
  std::vector<std::int64_t> stop_ids = {};           ///< end every answer
};

/// Throws Error(kInput) for a request that makes no sense. `vocabulary`: its size.
void check(const Request& request, const PromptPart& part, std::int64_t vocabulary);

/// How many tokens of a request's prompt are computed already.
std::int64_t prefix_length(const Request& request);

/// A request's prompt, and what was drawn after it.
class Sequence {
 public:
  /// The request and the meaning must outlive it.
  Sequence(const Request& request, const PromptPart& part, const Meaning& meaning);

  const Request& request() const { return *request_; }
  std::int64_t length() const { return static_cast<std::int64_t>(ids_.size()); }
  std::int64_t last() const { return ids_.back(); }

  /// Draws the next token. `logits` [vocabulary] are changed. Throws Error(kInput) for logits that
  /// aren't finite.
  void draw(std::span<float> logits);
  bool done() const { return done_; }
  /// Of a sequence that is done; once.
  Completion take();

  /// Of the token that was drawn last, on each axis.
  std::array<std::int64_t, 3> position = {};

 private:
  bool stops(std::int64_t token) const;
  /// Makes the tokens impossible that the answer's form doesn't allow.
  void hide(std::span<float> logits) const;
  void add(std::int64_t token);
  void end(Finish finish);
  void stop_at_string();

  const Request* request_;
  const Meaning* meaning_;
  Sampler sampler_;
  std::vector<std::int64_t> ids_;  ///< prefix, prompt and what was drawn
  std::size_t drawn_ = 0;          ///< of these
  std::string text_;
  text::JsonConstraint::State state_;  ///< of the text, where it has a form
  bool done_ = false;
  Finish finish_ = Finish::kLength;
};

}  // namespace ditto::models::qwen
