#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "ditto/core/queue.h"
#include "ditto/dataset/unit.h"
#include "ditto/pipeline/progress.h"
#include "ditto/pipeline/scheduler.h"

namespace ditto::pipeline {

/// Computes units with one decoder thread, `workers` threads for the stages, as many for encoding
/// and storing, and one that writes finished units, joined by bounded queues: decode, compute,
/// encode and write overlap. The first fatal error stops everything and is thrown by run().
class Execution {
 public:
  Execution(const ChainContext& context, const std::filesystem::path& out, Journal& journal,
            Progress& progress, int workers);

  /// Returns when all units are written, or after a stop; throws the first fatal error. Returns how
  /// many samples were computed now.
  std::int64_t run(const std::vector<Unit>& units);

 private:
  std::vector<std::shared_ptr<ClipJob>> make_jobs(const std::vector<Unit>& units) const;
  void decode_loop();
  void work_loop();
  void encode_loop();
  void write_loop();

  bool try_known(const std::shared_ptr<ClipJob>& clip);
  void prepare(const std::shared_ptr<ClipJob>& clip);
  void compute(const std::shared_ptr<ClipJob>& clip, std::size_t sample);
  void make_samples(ClipJob& clip, const std::vector<stages::Instruction>& instructions) const;
  void quarantine_clip(const std::shared_ptr<ClipJob>& clip, const std::string& error);
  void encode_later(const std::shared_ptr<ClipJob>& clip, std::size_t sample,
                    std::function<void()> job);
  void clip_closed(const std::shared_ptr<ClipJob>& clip);
  void write_unit(const UnitJob& unit);
  void check_disk() const;
  /// Keeps the first error and stops all threads.
  void fail(std::exception_ptr error);
  /// Runs `loop`; what it throws fails the execution.
  void guard(const std::function<void()>& loop);

  const ChainContext& context_;
  const std::filesystem::path out_;
  Journal& journal_;
  Progress& progress_;
  const int workers_;
  std::unique_ptr<Scheduler> scheduler_;
  BoundedQueue<std::function<void()>> encode_queue_;
  BoundedQueue<std::shared_ptr<UnitJob>> write_queue_;
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::int64_t computed_ = 0;
};

}  // namespace ditto::pipeline
