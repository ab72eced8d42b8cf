#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "ditto/pipeline/chain.h"
#include "ditto/pipeline/plan.h"

/// Which clip to open and which sample to compute next, within the planned memory. Order and
/// number of workers change nothing but the time.
namespace ditto::pipeline {

struct ClipJob;

struct SampleJob {
  std::unique_ptr<SampleChain> chain;
  dataset::SampleRecord record;
  int pending = 0;  ///< its computation and its encoding jobs that aren't done yet
};

/// A unit in work: its clips, and how many of them are still open.
struct UnitJob {
  Unit unit;
  std::vector<std::shared_ptr<ClipJob>> clips;
  std::size_t clips_left = 0;
};

struct ClipJob {
  std::shared_ptr<UnitJob> unit;
  std::unique_ptr<ClipChain> chain;
  MemoryNeed need;
  std::vector<SampleJob> samples;
  /// Set when the clip itself failed: it then has one quarantined sample without a chain.
  bool failed = false;

 private:
  friend class Scheduler;
  enum class State { kWaiting, kDecoding, kDecoded, kPreparing, kOpen, kClosed };
  State state_ = State::kWaiting;
  std::vector<std::size_t> to_compute_;  ///< samples not begun, last first
  std::size_t unfinished_ = 0;           ///< samples begun or to do
};

class Scheduler {
 public:
  /// `memory`: bytes for all open clips and running samples together. A clip of which not even one
  /// sample fits must have been refused before. `workers` bounds how many clips are open.
  Scheduler(std::vector<std::shared_ptr<ClipJob>> clips, std::size_t memory, int workers);

  struct Task {
    std::shared_ptr<ClipJob> clip;
    std::optional<std::size_t> sample;  ///< empty: the clip is to be prepared
  };
  /// For workers: waits for a sample to compute or a decoded clip to prepare; samples of the
  /// earliest clip come first. Empty when all is done or after stop().
  std::optional<Task> next_task();
  /// For the decoder: waits until the next clip may be opened.
  std::shared_ptr<ClipJob> next_clip();

  /// The clip's frames are there.
  void decoded(const std::shared_ptr<ClipJob>& clip);
  /// The clip's samples are known; `to_compute` are the ones to compute, in order. Closes the clip
  /// when there are none.
  void opened(const std::shared_ptr<ClipJob>& clip, std::vector<std::size_t> to_compute);
  /// One more encoding job of the sample was handed out.
  void add_pending(const std::shared_ptr<ClipJob>& clip, std::size_t sample);
  /// The sample's computation, or one of its encoding jobs, is done.
  void finished(const std::shared_ptr<ClipJob>& clip, std::size_t sample);
  /// Hears of each closed clip, outside the lock. Set before any thread starts.
  std::function<void(const std::shared_ptr<ClipJob>&)> on_closed;

  void stop();
  bool all_closed() const;

 private:
  bool may_open(const ClipJob& clip) const;
  void close(std::unique_lock<std::mutex>& lock, const std::shared_ptr<ClipJob>& clip);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<ClipJob>> waiting_;
  std::vector<std::shared_ptr<ClipJob>> active_;  ///< from decoding to closed, in order
  const std::size_t memory_;
  std::size_t used_ = 0;
  const int workers_;
  bool stopped_ = false;
};

}  // namespace ditto::pipeline
