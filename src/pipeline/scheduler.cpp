#include "ditto/pipeline/scheduler.h"

#include "ditto/core/stop.h"

namespace ditto::pipeline {
namespace {

/// Waiting threads wake this often to see whether a stop was asked for by a signal.
constexpr auto kPoll = std::chrono::milliseconds(200);

}  // namespace

Scheduler::Scheduler(std::vector<std::shared_ptr<ClipJob>> clips, std::size_t memory, int workers)
    : waiting_(clips.begin(), clips.end()), memory_(memory), workers_(workers) {}

bool Scheduler::may_open(const ClipJob& clip) const {
  if (active_.empty()) return true;
  // Besides the clips at work one more is decoded in advance, but never at the expense of a sample
  // that could run.
  const auto unopened = std::count_if(active_.begin(), active_.end(), [](const auto& other) {
    return other->state_ != ClipJob::State::kOpen;
  });
  if (unopened > 0 || static_cast<int>(active_.size()) > workers_) return false;
  return used_ + clip.need.clip + static_cast<std::size_t>(workers_) * clip.need.sample <= memory_;
}

std::shared_ptr<ClipJob> Scheduler::next_clip() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopped_ || stop_requested() || waiting_.empty()) return nullptr;
    if (may_open(*waiting_.front())) break;
    changed_.wait_for(lock, kPoll);
  }
  auto clip = waiting_.front();
  waiting_.pop_front();
  clip->state_ = ClipJob::State::kDecoding;
  used_ += clip->need.clip;
  active_.push_back(clip);
  return clip;
}

std::optional<Scheduler::Task> Scheduler::next_task() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopped_ || stop_requested() || (waiting_.empty() && active_.empty())) return std::nullopt;
    bool any_running = false;
    for (const auto& clip : active_) {
      if (clip->state_ != ClipJob::State::kOpen) continue;
      any_running = any_running || clip->unfinished_ > clip->to_compute_.size();
      if (clip->to_compute_.empty()) continue;
      // One sample may always run: a lone clip was checked to fit before the run began.
      if (any_running && used_ + clip->need.sample > memory_) break;
      const std::size_t sample = clip->to_compute_.back();
      clip->to_compute_.pop_back();
      clip->samples[sample].pending = 1;
      used_ += clip->need.sample;
      return Task{clip, sample};
    }
    for (const auto& clip : active_) {
      if (clip->state_ != ClipJob::State::kDecoded) continue;
      clip->state_ = ClipJob::State::kPreparing;
      return Task{clip, std::nullopt};
    }
    changed_.wait_for(lock, kPoll);
  }
}

void Scheduler::decoded(const std::shared_ptr<ClipJob>& clip) {
  std::lock_guard lock(mutex_);
  clip->state_ = ClipJob::State::kDecoded;
  changed_.notify_all();
}

void Scheduler::opened(const std::shared_ptr<ClipJob>& clip, std::vector<std::size_t> to_compute) {
  std::unique_lock lock(mutex_);
  clip->state_ = ClipJob::State::kOpen;
  clip->unfinished_ = to_compute.size();
  clip->to_compute_.assign(to_compute.rbegin(), to_compute.rend());
  if (to_compute.empty()) {
    close(lock, clip);
  } else {
    changed_.notify_all();
  }
}

void Scheduler::add_pending(const std::shared_ptr<ClipJob>& clip, std::size_t sample) {
  std::lock_guard lock(mutex_);
  ++clip->samples[sample].pending;
}

void Scheduler::finished(const std::shared_ptr<ClipJob>& clip, std::size_t sample) {
  std::unique_lock lock(mutex_);
  if (--clip->samples[sample].pending > 0) return;
  used_ -= clip->need.sample;
  if (--clip->unfinished_ == 0) {
    close(lock, clip);
  } else {
    changed_.notify_all();
  }
}

void Scheduler::close(std::unique_lock<std::mutex>& lock, const std::shared_ptr<ClipJob>& clip) {
  clip->state_ = ClipJob::State::kClosed;
  used_ -= clip->need.clip;
  std::erase(active_, clip);
  lock.unlock();
  clip->chain->close();
  if (on_closed) on_closed(clip);
  changed_.notify_all();
}

void Scheduler::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool Scheduler::all_closed() const {
  std::lock_guard lock(mutex_);
  return waiting_.empty() && active_.empty();
}

}  // namespace ditto::pipeline
