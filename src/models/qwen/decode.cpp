#include "models/qwen/decode.h"

#include <algorithm>
#include <limits>

#include "ditto/core/stop.h"
#include "models/qwen/sampling.h"

namespace ditto::models::qwen {
namespace {

/// A sequence that is being answered. Its number among those is its row in the cache.
struct Sequence {
  std::size_t request;  ///< its number
  const Request* options;
  Sampler sampler;
  std::vector<std::int64_t> ids = {};      ///< prefix, prompt and what was drawn
  std::size_t drawn = 0;                   ///< of these
  std::array<std::int64_t, 3> position{};  ///< of the last one that was drawn
  std::string text = {};
  text::JsonConstraint::State state = {};  ///< of the text, where it has a form
  bool done = false;
  Finish finish = Finish::kLength;
};

std::int64_t prefix_length(const Request& request) {
  return request.prefix ? request.prefix->length() : 0;
}

/// Answers requests in their order, some at a time.
class Batcher {
 public:
  Batcher(const Network& network, const Meaning& meaning, const std::vector<PromptPart>& parts,
          const std::vector<Request>& requests, const BatchLimits& limits)
      : network_(network),
        meaning_(meaning),
        parts_(parts),
        requests_(requests),
        limits_(limits),
        results_(requests.size()),
        cache_(make_cache()) {}

  std::vector<Completion> run() {
    while (next_ < requests_.size() || !active_.empty()) {
      throw_if_stopped();
      if (next_ < requests_.size() && static_cast<std::int64_t>(active_.size()) < cache_.rows()) {
        admit();
      } else {
        step();
      }
      retire();
    }
    return std::move(results_);
  }

 private:
  KvCache make_cache() const {
    std::int64_t capacity = 1;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      const std::int64_t prompt =
          prefix_length(requests_[i]) + static_cast<std::int64_t>(parts_[i].ids.size());
      capacity = std::max(capacity, prompt + requests_[i].max_new_tokens);
    }
    const TextConfig& config = network_.config().text;
    const std::uint64_t one = KvCache::bytes(config, 1, capacity, network_.dtype());
    const auto fitting = static_cast<std::int64_t>(limits_.cache_bytes / one);
    const auto wanted = std::min(
        limits_.rows, static_cast<std::int64_t>(std::max<std::size_t>(1, requests_.size())));
    if (fitting < 1) {
      throw Error(ErrorKind::kInput, "a prompt of " + std::to_string(capacity) +
                                         " tokens, its answer included, needs " +
                                         std::to_string(one) + " bytes of keys and values, and " +
                                         std::to_string(limits_.cache_bytes) + " are allowed");
    }
    return KvCache(config, std::max<std::int64_t>(1, std::min(wanted, fitting)), capacity,
                   at::TensorOptions().dtype(network_.dtype()).device(network_.device()));
  }

  /// Computes the prompts of as many requests as there is room for.
  void admit() {
    std::vector<PromptPart> parts;
    std::vector<PartPlace> places;
    std::int64_t tokens = 0;
    const std::size_t first = active_.size();
    while (next_ < requests_.size() && static_cast<std::int64_t>(active_.size()) < cache_.rows()) {
      const PromptPart& part = parts_[next_];
      const Request& request = requests_[next_];
      tokens += static_cast<std::int64_t>(part.ids.size());
      if (!parts.empty() && tokens > limits_.prefill_tokens) break;
      PartPlace place = {static_cast<std::int64_t>(active_.size()), prefix_length(request), 0};
      Sequence sequence = {next_, &request, Sampler(request.sampling)};
      if (request.form) sequence.state = request.form->begin();
      if (request.prefix) {
        place.next = request.prefix->next;
        cache_.copy_row(request.prefix->cache, 0, place.row, place.past);
        sequence.ids = request.prefix->ids;
      }
      sequence.ids.insert(sequence.ids.end(), part.ids.begin(), part.ids.end());
      parts.push_back(part);
      places.push_back(place);
      active_.push_back(std::move(sequence));
      ++next_;
    }
    const JoinedParts joined = join_parts(network_, parts, places);
    for (std::size_t i = first; i < active_.size(); ++i) {
      active_[i].position = joined.drawn[i - first];
    }
    const at::Tensor hidden = network_.language_model()(joined.inputs, &cache_);
    const at::Tensor last = at::tensor(joined.last, at::kLong).to(hidden.device());
    draw(hidden.index_select(0, last), first);
  }

  /// One more token of each sequence.
  void step() {
    std::vector<std::int64_t> ids;
    Positions positions;
    TextInputs inputs;
    for (std::size_t i = 0; i < active_.size(); ++i) {
      Sequence& sequence = active_[i];
      ids.push_back(sequence.ids.back());
      for (std::size_t axis = 0; axis < positions.size(); ++axis) {
        positions[axis].push_back(sequence.position[axis]++);
      }
      inputs.segments.push_back({static_cast<std::int64_t>(i),
                                 1,
                                 static_cast<std::int64_t>(sequence.ids.size()) - 1,
                                 {}});
    }
    inputs.positions = as_tensor(positions, network_.device());
    inputs.embeddings =
        network_.language_model().embed(at::tensor(ids, at::kLong).to(network_.device()));
    draw(network_.language_model()(inputs, &cache_), 0);
  }

  /// hidden [n, hidden_size]: of the sequences from `first` on.
  void draw(const at::Tensor& hidden, std::size_t first) {
    const at::Tensor logits = network_.logits(hidden)
                                  .to(at::TensorOptions().dtype(at::kFloat).device(at::kCPU))
                                  .contiguous();
    const auto width = static_cast<std::size_t>(logits.size(1));
    for (std::size_t i = first; i < active_.size(); ++i) {
      Sequence& sequence = active_[i];
      const std::span<float> row(logits.data_ptr<float>() + (i - first) * width, width);
      hide(row, sequence);
      add(sequence, sequence.sampler.draw(row, sequence.ids));
    }
  }

  bool stops(const Sequence& sequence, std::int64_t token) const {
    const auto contains = [token](const std::vector<std::int64_t>& ids) {
      return std::find(ids.begin(), ids.end(), token) != ids.end();
    };
    return contains(meaning_.stop_ids) || contains(sequence.options->stop_ids);
  }

  /// Makes the tokens impossible that the answer's form doesn't allow.
  void hide(std::span<float> logits, const Sequence& sequence) const {
    const text::JsonConstraint* form = sequence.options->form.get();
    if (form == nullptr) return;
    const auto left = sequence.options->max_new_tokens - static_cast<std::int64_t>(sequence.drawn);
    const auto allowed = form->allowed(sequence.state, left);
    const bool may_end = form->can_end(sequence.state);
    for (std::size_t i = 0; i < logits.size(); ++i) {
      const auto token = static_cast<std::int64_t>(i);
      if (allowed->contains(token) || (may_end && stops(sequence, token))) continue;
      logits[i] = -std::numeric_limits<float>::infinity();
    }
  }

  void add(Sequence& sequence, std::int64_t token) {
    sequence.ids.push_back(token);
    ++sequence.drawn;
    if (stops(sequence, token)) {
      sequence.done = true;
      sequence.finish = Finish::kStopId;
      return;
    }
    if (meaning_.vocabulary != nullptr) sequence.text += meaning_.vocabulary->bytes(token);
    stop_at_string(sequence);
    if (sequence.done) return;
    if (const text::JsonConstraint* form = sequence.options->form.get()) {
      if (!form->advance(sequence.state, token)) {
        throw Error(ErrorKind::kInput, "a token was drawn that the form doesn't allow");
      }
      if (form->is_complete(sequence.state)) {
        sequence.done = true;
        sequence.finish = Finish::kForm;
        return;
      }
    }
    if (static_cast<std::int64_t>(sequence.drawn) == sequence.options->max_new_tokens) {
      sequence.done = true;
    }
  }

  static void stop_at_string(Sequence& sequence) {
    std::size_t end = std::string::npos;
    for (const std::string& stop : sequence.options->stop) {
      end = std::min(end, sequence.text.find(stop));
    }
    if (end == std::string::npos) return;
    sequence.text.resize(end);
    sequence.done = true;
    sequence.finish = Finish::kStopString;
  }

  /// Takes out what is done; the last sequence moves to each place that becomes free.
  void retire() {
    for (std::size_t i = active_.size(); i-- > 0;) {
      if (!active_[i].done) continue;
      Sequence& sequence = active_[i];
      results_[sequence.request] = {
          {sequence.ids.end() - static_cast<std::ptrdiff_t>(sequence.drawn), sequence.ids.end()},
          std::move(sequence.text),
          sequence.finish};
      if (i + 1 < active_.size()) {
        const std::size_t last = active_.size() - 1;
        cache_.copy_row(cache_, static_cast<std::int64_t>(last), static_cast<std::int64_t>(i),
                        static_cast<std::int64_t>(active_[last].ids.size()) - 1);
        active_[i] = std::move(active_[last]);
      }
      active_.pop_back();
    }
  }

  const Network& network_;
  const Meaning& meaning_;
  const std::vector<PromptPart>& parts_;
  const std::vector<Request>& requests_;
  BatchLimits limits_;
  std::vector<Completion> results_;
  KvCache cache_;
  std::vector<Sequence> active_;
  std::size_t next_ = 0;
};

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

}  // namespace

std::vector<at::Tensor> last_hidden_states(const Network& network,
                                           const std::vector<PromptPart>& parts) {
  std::vector<PartPlace> places(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) places[i].row = static_cast<std::int64_t>(i);
  const JoinedParts joined = join_parts(network, parts, places);
  std::vector<std::int64_t> counts;
  for (const PromptPart& part : parts) counts.push_back(static_cast<std::int64_t>(part.ids.size()));
  return network.language_model()(joined.inputs).split_with_sizes(counts);
}

std::shared_ptr<const Prefix> make_prefix(const Network& network, const PromptPart& part,
                                          const Prefix* base) {
  if (part.ids.empty()) throw Error(ErrorKind::kInput, "a prefix is empty");
  const std::int64_t past = base != nullptr ? base->length() : 0;
  std::vector<std::int64_t> ids;
  if (base != nullptr) ids = base->ids;
  ids.insert(ids.end(), part.ids.begin(), part.ids.end());
  KvCache cache(network.config().text, 1, static_cast<std::int64_t>(ids.size()),
                at::TensorOptions().dtype(network.dtype()).device(network.device()));
  if (base != nullptr) cache.copy_row(base->cache, 0, 0, past);
  const JoinedParts joined =
      join_parts(network, {part}, {{0, past, base != nullptr ? base->next : 0}});
  network.language_model()(joined.inputs, &cache);
  return std::make_shared<const Prefix>(std::move(cache), std::move(ids), joined.next.front());
}

std::vector<Completion> answer_parts(const Network& network, const Meaning& meaning,
                                     const std::vector<PromptPart>& parts,
                                     const std::vector<Request>& requests,
                                     const BatchLimits& limits) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    check(requests[i], parts[i], network.config().text.vocab_size);
  }
  return Batcher(network, meaning, parts, requests, limits).run();
}

}  // namespace ditto::models::qwen
