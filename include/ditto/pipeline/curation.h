#pragma once

#include <filesystem>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/pipeline/journal.h"
#include "ditto/stages/curate.h"

namespace ditto::pipeline {

struct CurationCounts {
  std::int64_t files = 0;    ///< found by the listing
  std::int64_t curated = 0;  ///< worked on now; others had results already
  std::int64_t clips = 0;
  std::int64_t drops = 0;
  bool manifest_reused = false;
};

/// Makes OUT/clips.jsonl and its companion unless they are there for the same files and keys.
/// Sources are worked on by `workers` threads. Several processes may do it at once on one OUT: each
/// takes its share first, then whatever nobody has begun, and waits for those that another one is
/// at; one of them joins the results. A source's result is kept in work/curate by path, size,
/// time of change and keys, so that an interrupted curation goes on where it was.
CurationCounts curate(const std::filesystem::path& out, const config::Config& config,
                      TaskShare share, int workers);

/// True when the manifest is there and nothing has changed since it was made.
bool manifest_is_current(const std::filesystem::path& out, const config::Config& config,
                         const stages::Listing& listing);

}  // namespace ditto::pipeline
