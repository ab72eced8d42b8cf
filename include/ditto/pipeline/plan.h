#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ditto/pipeline/journal.h"
#include "ditto/pipeline/lineage.h"

namespace ditto::pipeline {

/// Consecutive clips of the manifest: scheduled, resumed and written as a whole. Membership depends
/// on the manifest alone.
struct Unit {
  std::int64_t index = 0;
  std::int64_t first_ordinal = 0;
  std::vector<stages::ClipRecord> clips;
  std::string fingerprint;
};

/// `limit`: only the first so many clips of the manifest; 0: all.
std::vector<Unit> plan_units(const std::vector<stages::ClipRecord>& manifest, std::int64_t limit,
                             const config::Config& config, const Lineage& lineage);
bool belongs_to(const Unit& unit, TaskShare share);

/// run.json: the resolved config, its fingerprint, program and library versions, weight digests.
void write_run_json(const std::filesystem::path& out, const config::Config& config,
                    const Backends& backends, std::int64_t limit, const std::string& version);
struct RunInfo {
  config::Config config;
  std::int64_t limit = 0;
};
/// Throws Error(kUsage) when DIR has no run.json, or one that this version can't read.
RunInfo read_run_json(const std::filesystem::path& out);

/// The units that the last `run` on DIR planned, with their fingerprints, for merge and status.
std::vector<Unit> planned_units(const std::filesystem::path& out);

/// Where a unit's finished state is: staged by some task, already merged, or nowhere.
enum class UnitState { kMissing, kStaged, kMerged };
/// For each planned unit. Reads units.jsonl once.
std::vector<UnitState> unit_states(const std::filesystem::path& out,
                                   const std::vector<Unit>& units);

}  // namespace ditto::pipeline
