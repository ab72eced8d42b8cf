#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ditto/core/files.h"

namespace ditto::pipeline {

/// Which share of the units a process works on: units u with u mod count == index.
struct TaskShare {
  int index = 0;
  int count = 1;
};

/// An attempt at one stage of one sample (or clip), as it ended.
struct Attempt {
  std::string key;  ///< sample key or clip id
  std::string stage;
  std::string fingerprint;
  std::string result;      ///< done | refused | rejected | failed
  double seconds = 0;      ///< wall time of the stage itself
  double cpu_seconds = 0;  ///< of the calling thread
  std::string error;
};

/// OUT/journal/task-I-of-N.sqlite (WAL): the diary of one task: its runs, every attempt with its
/// cost, finished units, log of errors. Nothing of it enters results: it may be deleted. Holds a
/// lock, so that a second process can't work as the same task. Thread-safe.
class Journal {
 public:
  /// Throws Error(kUsage) when another process holds this task.
  Journal(const std::filesystem::path& out, TaskShare share, const std::string& config_fingerprint);
  ~Journal();

  void record(const Attempt& attempt);
  void record_unit(std::int64_t unit, const std::string& fingerprint, std::int64_t accepted,
                   std::int64_t rejected, std::int64_t quarantined);
  /// What the task is doing, for `status`: planned samples and units, and those done.
  void heartbeat(std::int64_t units_planned, std::int64_t units_done, std::int64_t samples_done,
                 const std::string& doing);
  void end_run(int exit_status);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a journal says, read without disturbing its writer.
struct TaskStatus {
  std::string name;           ///< "task-0-of-1"
  bool running = false;       ///< its lock is held
  double last_heartbeat = 0;  ///< Unix seconds
  std::int64_t units_planned = 0;
  std::int64_t units_done = 0;
  std::int64_t samples_done = 0;
  std::string doing;
  std::optional<int> exit_status;  ///< of the last run; empty while running or when it was killed
  struct StageCost {
    std::string stage;
    std::int64_t attempts = 0;
    std::int64_t failed = 0;
    double seconds = 0;
    double cpu_seconds = 0;
  };
  std::vector<StageCost> costs;  ///< over all runs of the task
  std::vector<std::string> recent_errors;
};
std::vector<TaskStatus> read_journals(const std::filesystem::path& out);

}  // namespace ditto::pipeline
