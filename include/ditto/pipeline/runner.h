#pragma once

#include <cstdint>
#include <string>

#include "ditto/config/config.h"
#include "ditto/pipeline/journal.h"

namespace ditto::pipeline {

struct RunOptions {
  TaskShare share;
  bool shared = false;     ///< --task was given: others work on the same output; don't merge
  std::int64_t limit = 0;  ///< only the first so many clips; 0: all
  bool retry_quarantined = false;  ///< also redo finished units that hold quarantined samples
  bool quiet = false;
  std::string version;
};

/// What a run left behind.
struct RunResult {
  std::int64_t units_done_now = 0;
  std::int64_t samples_computed = 0;                         ///< not taken from the work store
  std::int64_t accepted = 0, rejected = 0, quarantined = 0;  ///< of all units of this share
  bool complete = false;  ///< every unit of this share is finished
};

/// The main job: curate when needed, plan, compute the missing units of this share, and merge
/// unless others share the output. Throws Error(kUsage) before any work when the preflight fails,
/// Error(kInterrupted) after a clean stop, Error(kFatal) when it can't go on; the directory can be
/// continued by the same command in each case.
RunResult run(const config::Config& config, const RunOptions& options);

/// What run would do, as text for --dry-run; writes nothing.
std::string dry_run(const config::Config& config, const RunOptions& options);

/// Threads for samples: run.workers, or as many as there are cores.
int worker_count(const config::Config& config);

}  // namespace ditto::pipeline
