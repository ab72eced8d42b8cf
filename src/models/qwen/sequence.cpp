#include "models/qwen/sequence.h"

#include <algorithm>
#include <limits>

#include "models/qwen/decode.h"

namespace ditto::models::qwen {
namespace {

bool contains(const std::vector<std::int64_t>& ids, std::int64_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

}  // namespace

void check(const Request& request, const PromptPart& part, std::int64_t vocabulary) {
  const auto fail = [](const std::string& what) { throw Error(ErrorKind::kInput, what); };
  const Sampling& sampling = request.sampling;
  if (part.ids.empty()) fail("a prompt is empty");
  if (request.max_new_tokens < 1) fail("max_new_tokens must be at least 1");
  if (!(sampling.temperature >= 0)) fail("temperature must not be negative");
  if (!(sampling.top_p > 0)) fail("top_p must be positive");
  if (sampling.top_k < 0) fail("top_k must not be negative");
  if (!(sampling.repetition_penalty > 0)) fail("repetition_penalty must be positive");
  if (request.form) {
    const std::int64_t least = request.form->shortest(request.form->begin());
    if (least > request.max_new_tokens) {
      fail("an answer of this form takes up to " + std::to_string(least) +
           " tokens, more than max_new_tokens");
    }
  }
  for (const std::string& stop : request.stop) {
    if (stop.empty()) fail("a stop string is empty");
  }
  for (const std::int64_t id : request.stop_ids) {
    if (id < 0 || id >= vocabulary) fail("a stop id is outside of the vocabulary");
  }
}

std::int64_t prefix_length(const Request& request) {
  return request.prefix ? request.prefix->length() : 0;
}

Sequence::Sequence(const Request& request, const PromptPart& part, const Meaning& meaning)
    : request_(&request), meaning_(&meaning), sampler_(request.sampling) {
  if (request.form) state_ = request.form->begin();
  if (request.prefix) ids_ = request.prefix->ids;
  ids_.insert(ids_.end(), part.ids.begin(), part.ids.end());
}

void Sequence::draw(std::span<float> logits) {
  hide(logits);
  add(sampler_.draw(logits, ids_));
}

Completion Sequence::take() {
  return {
      {ids_.end() - static_cast<std::ptrdiff_t>(drawn_), ids_.end()}, std::move(text_), finish_};
}

bool Sequence::stops(std::int64_t token) const {
  return contains(meaning_->stop_ids, token) || contains(request_->stop_ids, token);
}

void Sequence::hide(std::span<float> logits) const {
  const text::JsonConstraint* form = request_->form.get();
  if (form == nullptr) return;
  const auto left = request_->max_new_tokens - static_cast<std::int64_t>(drawn_);
  const auto allowed = form->allowed(state_, left);
  std::vector<std::pair<std::size_t, float>> may_stop;
  if (form->can_end(state_)) {
    for (const auto* ids : {&meaning_->stop_ids, &request_->stop_ids}) {
      for (const std::int64_t id : *ids) {
        // A config may name ids of a larger vocabulary.
        const auto place = static_cast<std::size_t>(id);
        if (place < logits.size()) may_stop.emplace_back(place, logits[place]);
      }
    }
  }
  allowed->each_missing(logits.size(), [&](std::size_t token) {
    logits[token] = -std::numeric_limits<float>::infinity();
  });
  for (const auto& [token, logit] : may_stop) logits[token] = logit;
}

void Sequence::add(std::int64_t token) {
  ids_.push_back(token);
  ++drawn_;
  if (stops(token)) return end(Finish::kStopId);
  if (meaning_->vocabulary != nullptr) text_ += meaning_->vocabulary->bytes(token);
  stop_at_string();
  if (done_) return;
  if (const text::JsonConstraint* form = request_->form.get()) {
    if (!form->advance(state_, token)) {
      throw Error(ErrorKind::kInput, "a token was drawn that the form doesn't allow");
    }
    if (form->is_complete(state_)) return end(Finish::kForm);
  }
  if (static_cast<std::int64_t>(drawn_) == request_->max_new_tokens) end(Finish::kLength);
}

void Sequence::end(Finish finish) {
  done_ = true;
  finish_ = finish;
}

void Sequence::stop_at_string() {
  std::size_t first = std::string::npos;
  for (const std::string& stop : request_->stop) first = std::min(first, text_.find(stop));
  if (first == std::string::npos) return;
  text_.resize(first);
  end(Finish::kStopString);
}

}  // namespace ditto::models::qwen
