#include "models/qwen/engine.h"

#include <algorithm>

#include "ditto/core/stop.h"
#include "models/qwen/decode.h"

namespace ditto::models::qwen {
namespace {

/// The cache's rows grow by so many tokens at a time.
constexpr std::int64_t kGrowth = 512;

}  // namespace

struct Engine::Call {
  const std::vector<PromptPart>& parts;
  const std::vector<Request>& requests;
  std::int64_t capacity = 0;  ///< tokens of its longest sequence, its answer included
  std::size_t left = 0;       ///< requests that aren't answered yet
  std::vector<Completion> results = {};
  std::exception_ptr error = {};
};

Engine::Engine(const Network& network, Meaning meaning, const BatchLimits& limits)
    : network_(network), meaning_(std::move(meaning)), limits_(limits) {}

std::vector<Completion> Engine::answer(const std::vector<PromptPart>& parts,
                                       const std::vector<Request>& requests) {
  Call call = {parts, requests};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    check(requests[i], parts[i], network_.config().text.vocab_size);
    call.capacity = std::max(call.capacity, prefix_length(requests[i]) +
                                                static_cast<std::int64_t>(parts[i].ids.size()) +
                                                requests[i].max_new_tokens);
  }
  call.capacity = (call.capacity + kGrowth - 1) / kGrowth * kGrowth;
  call.left = requests.size();
  call.results.resize(requests.size());

  std::unique_lock lock(mutex_);
  enqueue(call);
  while (call.left > 0) {
    if (busy_ || visitors_ > 0) {
      changed_.wait(lock);
      continue;
    }
    if (stop_requested()) {
      fail(call, nullptr);
      changed_.notify_all();
      throw_if_stopped();
    }
    const std::optional<Pack> pack = next_pack();
    busy_ = true;
    lock.unlock();
    compute(pack);
    lock.lock();
    settle();
    busy_ = false;
    changed_.notify_all();
  }
  if (call.error) std::rethrow_exception(call.error);
  return std::move(call.results);
}

template <class F>
auto Engine::between_passes(F&& work) {
  std::unique_lock lock(mutex_);
  ++visitors_;
  changed_.wait(lock, [this] { return !busy_; });
  --visitors_;
  busy_ = true;
  lock.unlock();
  const auto leave = [&] {
    lock.lock();
    busy_ = false;
    changed_.notify_all();
  };
  try {
    auto result = work();
    leave();
    return result;
  } catch (...) {
    leave();
    throw;
  }
}

std::shared_ptr<const Prefix> Engine::prefix(const PromptPart& part, const Prefix* base) {
  return between_passes([&] {
    count_prompts({part});
    return make_prefix(network_, part, base);
  });
}

at::Tensor Engine::see(const at::Tensor& pixels, const Grid& grid, bool video) {
  return between_passes([&] {
    {
      const std::lock_guard lock(mutex_);
      ++(video ? work_.videos : work_.pictures);
    }
    return network_.see(pixels, {grid});
  });
}

Work Engine::work() const {
  const std::lock_guard lock(mutex_);
  return work_;
}

std::int64_t Engine::rows_for(std::int64_t capacity) const {
  const std::uint64_t one = KvCache::bytes(network_.config().text, 1, capacity, network_.dtype());
  const auto fitting = static_cast<std::int64_t>(limits_.cache_bytes / one);
  if (fitting < 1) {
    throw Error(ErrorKind::kInput, "a prompt of " + std::to_string(capacity) +
                                       " tokens, its answer included, needs " +
                                       std::to_string(one) + " bytes of keys and values, and " +
                                       std::to_string(limits_.cache_bytes) + " are allowed");
  }
  return std::min(limits_.rows, fitting);
}

void Engine::enqueue(Call& call) {
  if (call.requests.empty()) return;
  const auto most =
      static_cast<std::size_t>(std::min(limits_.prefill_rows, rows_for(call.capacity)));
  for (std::size_t first = 0; first < call.requests.size();) {
    Pack pack = {&call, first, 0};
    std::size_t tokens = 0;
    while (first < call.requests.size() && pack.count < most) {
      tokens += call.parts[first].ids.size();
      if (pack.count > 0 && tokens > static_cast<std::size_t>(limits_.prefill_tokens)) break;
      ++pack.count;
      ++first;
    }
    queue_.push_back(pack);
  }
}

std::optional<Engine::Pack> Engine::next_pack() {
  if (queue_.empty()) return std::nullopt;
  const Pack pack = queue_.front();
  if (!active_.empty()) {
    const std::int64_t capacity = std::max(cache_->capacity(), pack.call->capacity);
    const auto rows = static_cast<std::size_t>(rows_for(capacity));
    if (active_.size() + pack.count > rows) return std::nullopt;
  }
  queue_.pop_front();
  return pack;
}

void Engine::make_room(const Pack& pack) {
  const std::int64_t wanted = pack.call->capacity;
  const std::size_t rows = active_.size() + pack.count;
  if (cache_ && cache_->capacity() >= wanted && cache_->rows() >= static_cast<std::int64_t>(rows))
    return;
  const bool keep = !active_.empty();
  const std::int64_t capacity = keep ? std::max(cache_->capacity(), wanted) : wanted;
  const auto options = at::TensorOptions().dtype(network_.dtype()).device(network_.device());
  if (!keep) cache_.reset();
  KvCache larger(network_.config().text, rows_for(capacity), capacity, options);
  for (std::size_t i = 0; i < active_.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i);
    larger.copy_row(*cache_, row, row, active_[i].sequence.length() - 1);
  }
  cache_ = std::move(larger);
}

void Engine::compute(const std::optional<Pack>& pack) {
  try {
    if (pack) {
      make_room(*pack);
      admit(*pack);
    } else {
      step();
    }
  } catch (...) {
    // A prompt's fault is its call's alone; of a pass of all, nobody's token is known.
    if (pack) return faults_.push_back({pack->call, std::current_exception()});
    for (const Active& active : active_) faults_.push_back({active.call, std::current_exception()});
  }
}

void Engine::admit(const Pack& pack) {
  std::vector<PromptPart> parts;
  std::vector<PartPlace> places;
  const std::size_t first = active_.size();
  for (std::size_t i = pack.first; i < pack.first + pack.count; ++i) {
    const PromptPart& part = pack.call->parts[i];
    const Request& request = pack.call->requests[i];
    PartPlace place = {static_cast<std::int64_t>(first + parts.size()), prefix_length(request), 0};
    if (request.prefix) {
      place.next = request.prefix->next;
      cache_->copy_row(request.prefix->cache, 0, place.row, place.past);
    }
    parts.push_back(part);
    places.push_back(place);
  }
  const JoinedParts joined = join_parts(network_, parts, places);
  const at::Tensor hidden = network_.language_model()(joined.inputs, &*cache_);
  const at::Tensor last = at::tensor(joined.last, at::kLong).to(hidden.device());
  const at::Tensor drawn_from = hidden.index_select(0, last);
  count_prompts(parts);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t request = pack.first + i;
    active_.push_back(
        {pack.call, request, Sequence(pack.call->requests[request], parts[i], meaning_)});
    active_.back().sequence.position = joined.drawn[i];
  }
  draw(drawn_from, first);
}

void Engine::step() {
  std::vector<std::int64_t> ids;
  Positions positions;
  TextInputs inputs;
  inputs.one_each = true;
  for (std::size_t i = 0; i < active_.size(); ++i) {
    Sequence& sequence = active_[i].sequence;
    ids.push_back(sequence.last());
    for (std::size_t axis = 0; axis < positions.size(); ++axis) {
      positions[axis].push_back(sequence.position[axis]++);
    }
    inputs.segments.push_back({static_cast<std::int64_t>(i), 1, sequence.length() - 1, {}});
  }
  const auto rows = static_cast<std::size_t>(limits_.rows);
  ids.resize(rows, 0);
  for (std::vector<std::int64_t>& axis : positions) axis.resize(rows, 0);
  inputs.positions = as_tensor(positions, network_.device());
  inputs.embeddings =
      network_.language_model().embed(at::tensor(ids, at::kLong).to(network_.device()));
  const at::Tensor hidden = network_.language_model()(inputs, &*cache_);
  {
    const std::lock_guard lock(mutex_);
    ++work_.passes;
    work_.drawn += static_cast<std::int64_t>(active_.size());
  }
  draw(hidden, 0);
}

void Engine::draw(const at::Tensor& hidden, std::size_t first) {
  const at::Tensor logits = network_.logits(hidden)
                                .to(at::TensorOptions().dtype(at::kFloat).device(at::kCPU))
                                .contiguous();
  const auto width = static_cast<std::size_t>(logits.size(1));
  for (std::size_t i = first; i < active_.size(); ++i) {
    Active& active = active_[i];
    try {
      active.sequence.draw({logits.data_ptr<float>() + (i - first) * width, width});
    } catch (...) {
      faults_.push_back({active.call, std::current_exception()});
    }
  }
}

void Engine::settle() {
  for (const auto& [call, error] : faults_) fail(*call, error);
  faults_.clear();
  for (std::size_t row = active_.size(); row-- > 0;) {
    Active& active = active_[row];
    if (!active.sequence.done()) continue;
    active.call->results[active.request] = active.sequence.take();
    --active.call->left;
    remove(row);
  }
}

void Engine::remove(std::size_t row) {
  const std::size_t last = active_.size() - 1;
  if (row != last) {
    cache_->copy_row(*cache_, static_cast<std::int64_t>(last), static_cast<std::int64_t>(row),
                     active_[last].sequence.length() - 1);
    active_[row] = std::move(active_[last]);
  }
  active_.pop_back();
}

void Engine::fail(Call& call, const std::exception_ptr& error) {
  if (!call.error) call.error = error;
  call.left = 0;
  std::erase_if(queue_, [&](const Pack& pack) { return pack.call == &call; });
  for (std::size_t row = active_.size(); row-- > 0;) {
    if (active_[row].call != &call) continue;
    remove(row);
    // What went wrong may have left values that aren't finite.
    cache_->clear_row(static_cast<std::int64_t>(active_.size()));
  }
}

void Engine::count_prompts(const std::vector<PromptPart>& parts) {
  const std::lock_guard lock(mutex_);
  for (const PromptPart& part : parts) {
    if (part.image_pixels.defined()) {
      work_.pictures += static_cast<std::int64_t>(part.media.images.size());
    }
    if (part.video_pixels.defined()) {
      work_.videos += static_cast<std::int64_t>(part.media.videos.size());
    }
    work_.prompt_tokens += static_cast<std::int64_t>(part.ids.size());
  }
}

}  // namespace ditto::models::qwen
