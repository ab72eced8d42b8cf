#include "ditto/pipeline/runner.h"

#include <thread>

#include "ditto/config/load.h"
#include "ditto/core/error.h"
#include "ditto/core/log.h"
#include "ditto/core/stop.h"
#include "ditto/dataset/manifest.h"
#include "ditto/dataset/report.h"
#include "ditto/dataset/unit.h"
#include "ditto/pipeline/curation.h"
#include "ditto/pipeline/execution.h"

namespace ditto::pipeline {
namespace {

namespace fs = std::filesystem;

std::size_t memory_budget(const config::Config& config) {
  return static_cast<std::size_t>(config.run.memory_megabytes * 1e6);
}

/// Everything that can be refused before any work.
void preflight(const config::Config& config, const Backends& backends, const RunOptions& options) {
  std::string problems;
  const auto problem = [&](const std::string& text) {
    problems += (problems.empty() ? "" : "\n") + text;
  };
  if (config.sources.input.empty()) {
    problem(
        "sources.input: no folder with videos is named (set it in the config or with --input DIR)");
  }
  if (config.output.dir.empty()) {
    problem("output.dir: no output directory is named (set it in the config or with --output DIR)");
  }
  if (options.share.count < 1 || options.share.index < 0 ||
      options.share.index >= options.share.count) {
    problem(fmt::format("--task {}/{}: expected i/N with 0 <= i < N", options.share.index,
                        options.share.count));
  }
  const stages::ClipShape shape = clip_shape(config.clip);
  const MemoryNeed need = memory_need(backends, shape);
  const std::size_t held = stages::host_bytes(held_models(backends, shape));
  if (held + need.clip + need.sample > memory_budget(config)) {
    std::string beside;
    if (held > 0) {
      beside = fmt::format(" beside {:.0f} MB of networks", 1e-6 * static_cast<double>(held));
    }
    problem(fmt::format(
        "run.memory_megabytes: one clip of {}x{}x{} needs {:.0f} MB{}, but only {:.0f} MB are "
        "allowed",
        config.clip.width, config.clip.height, config.clip.frames,
        1e-6 * static_cast<double>(need.clip + need.sample), beside, config.run.memory_megabytes));
  }
  if (!problems.empty()) throw Error(ErrorKind::kUsage, problems);
  std::error_code error;
  fs::create_directories(config.output.dir, error);
  if (error) {
    throw Error(ErrorKind::kUsage, fmt::format("output.dir: can't create {}: {}",
                                               printable(config.output.dir), error.message()));
  }
}

/// This share's units that have to be computed, in order.
std::vector<Unit> missing_units(const fs::path& out, const std::vector<Unit>& units,
                                const RunOptions& options) {
  const std::vector<UnitState> states = unit_states(out, units);
  std::map<std::int64_t, std::int64_t> quarantined;
  if (options.retry_quarantined) {
    for (const auto& unit : dataset::read_merged_units(out))
      quarantined[unit.unit] = unit.quarantined;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (states[i] != UnitState::kStaged) continue;
      quarantined[units[i].index] = dataset::read_unit(out, units[i].index)->quarantined;
    }
  }
  std::vector<Unit> missing;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (!belongs_to(units[i], options.share)) continue;
    if (states[i] == UnitState::kMissing || quarantined[units[i].index] > 0)
      missing.push_back(units[i]);
  }
  return missing;
}

std::int64_t clip_count(const std::vector<Unit>& units) {
  std::int64_t count = 0;
  for (const Unit& unit : units) count += static_cast<std::int64_t>(unit.clips.size());
  return count;
}

/// Computes `units`; what the threads tell goes to journal and progress.
std::int64_t execute(const std::vector<Unit>& units, const fs::path& out,
                     const config::Config& config, const Backends& backends, const Lineage& lineage,
                     Journal& journal, Progress& progress) {
  const WorkStore store(out);
  const ChainContext context = {config,
                                backends,
                                lineage,
                                store,
                                config::fingerprint(config),
                                [&](const Attempt& attempt) {
                                  journal.record(attempt);
                                  progress.stage_ended(attempt.stage, attempt.seconds);
                                },
                                [&](const std::string& stage) { progress.stage_began(stage); }};
  Execution execution(context, out, journal, progress, worker_count(config));
  return execution.run(units);
}

/// Numbers the shards and writes the report when anything changed.
void merge_and_report(const fs::path& out, const std::vector<Unit>& units) {
  std::vector<std::pair<std::int64_t, std::string>> wanted;
  for (const Unit& unit : units) wanted.emplace_back(unit.index, unit.fingerprint);
  if (wanted.empty()) return;
  const dataset::MergeResult merged = dataset::merge({out}, out, wanted);
  if (merged.changed || !fs::exists(out / "report.html")) dataset::write_report(out);
}

void count_outcomes(const fs::path& out, const std::vector<Unit>& units, const RunOptions& options,
                    RunResult& result) {
  std::map<std::int64_t, dataset::MergedUnit> merged;
  for (auto& unit : dataset::read_merged_units(out)) merged[unit.unit] = std::move(unit);
  result.complete = true;
  for (const Unit& unit : units) {
    if (!belongs_to(unit, options.share)) continue;
    const auto found = merged.find(unit.index);
    if (found != merged.end() && found->second.fingerprint == unit.fingerprint) {
      result.accepted += found->second.accepted;
      result.rejected += found->second.rejected;
      result.quarantined += found->second.quarantined;
    } else if (const auto staged = dataset::read_unit(out, unit.index);
               staged && staged->fingerprint == unit.fingerprint) {
      result.accepted += staged->accepted;
      result.rejected += staged->rejected;
      result.quarantined += staged->quarantined;
    } else {
      result.complete = false;
    }
  }
}

}  // namespace

int worker_count(const config::Config& config) {
  if (config.run.workers > 0) return config.run.workers;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

RunResult run(const config::Config& config, const RunOptions& options) {
  const Backends backends = make_backends(config, 1);
  preflight(config, backends, options);
  if (!config.run.deadline.empty()) {
    const double seconds = config::parse_duration(config.run.deadline);
    set_stop_deadline(std::chrono::steady_clock::now() +
                      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                          std::chrono::duration<double>(seconds)));
  }
  const fs::path out = fs::absolute(config.output.dir);
  const std::string fingerprint = config::fingerprint(config);
  Journal journal(out, options.share, fingerprint);
  add_log_files(out / "journal",
                fmt::format("task-{}-of-{}", options.share.index, options.share.count));

  RunResult result;
  int exit_status = kExitFatal;
  try {
    const CurationCounts curated = curate(out, config, options.share, worker_count(config));
    if (!curated.manifest_reused) {
      spdlog::info(
          "{} files give {} clips; {} files or pieces were dropped (clips.dropped.jsonl says why)",
          curated.files, curated.clips, curated.drops);
    }
    write_run_json(out, config, backends, options.limit, options.version);
    const Lineage lineage(config, backends);
    const auto units = plan_units(dataset::read_manifest(out), options.limit, config, lineage);
    const auto missing = missing_units(out, units, options);
    if (!missing.empty()) {
      spdlog::info("{} of {} units to do ({} clips), {} samples at a time", missing.size(),
                   units.size(), clip_count(missing), worker_count(config));
      Progress progress(clip_count(missing), static_cast<std::int64_t>(missing.size()));
      const ProgressDisplay display(progress, options.quiet, std::chrono::seconds(15));
      const auto beat = [&] {
        const auto counts = progress.counts();
        journal.heartbeat(counts.units_planned, counts.units_done, counts.samples(),
                          progress.line());
      };
      beat();
      std::jthread heart([&](const std::stop_token& token) {
        while (!token.stop_requested()) {
          for (int i = 0; i < 50 && !token.stop_requested(); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
          }
          try {
            beat();
          } catch (const Error& e) {
            spdlog::debug("{}", e.what());  // the journal's next real entry will tell
          }
        }
      });
      result.samples_computed = execute(missing, out, config, backends, lineage, journal, progress);
      result.units_done_now = progress.counts().units_done;
    }
    throw_if_stopped();
    if (!options.shared) merge_and_report(out, units);
    count_outcomes(out, units, options, result);
    exit_status = result.quarantined > 0 ? kExitQuarantined : kExitComplete;
  } catch (const Error& e) {
    exit_status = e.kind() == ErrorKind::kInterrupted ? kExitInterrupted : kExitFatal;
    try {
      journal.end_run(exit_status);
    } catch (const Error& second) {
      spdlog::debug("{}", second.what());  // the first error is the one to show
    }
    throw;
  }
  journal.end_run(exit_status);
  return result;
}

std::string dry_run(const config::Config& config, const RunOptions& options) {
  const Backends backends = make_backends(config, 1);
  const Lineage lineage(config, backends);
  const stages::Listing listing = stages::list_sources(config.sources);
  const fs::path out = fs::absolute(config.output.dir);
  std::string text = fmt::format("sources: {} files in {} folders\n", listing.files.size(),
                                 config.sources.input.size());
  if (!manifest_is_current(out, config, listing)) {
    return text +
           "manifest: not made yet (or the sources or the keys of curation have changed); run "
           "would make it\n";
  }
  const auto units = plan_units(dataset::read_manifest(out), options.limit, config, lineage);
  const auto missing = missing_units(out, units, options);
  text += fmt::format("manifest: {} clips in {} units\n", clip_count(units), units.size());
  text += fmt::format("to do: {} units, {} clips, up to {} samples\n", missing.size(),
                      clip_count(missing), clip_count(missing) * config.instruct.count);
  return text;
}

}  // namespace ditto::pipeline
