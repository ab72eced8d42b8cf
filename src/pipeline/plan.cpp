#include "ditto/pipeline/plan.h"

#include <opencv2/core/utility.hpp>

#include "ditto/config/load.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/dataset/manifest.h"
#include "ditto/dataset/unit.h"
#include "ditto/media/media.h"

namespace ditto::pipeline {

namespace fs = std::filesystem;

std::vector<Unit> plan_units(const std::vector<stages::ClipRecord>& manifest, std::int64_t limit,
                             const config::Config& config, const Lineage& lineage) {
  const auto total = static_cast<std::int64_t>(manifest.size());
  const std::int64_t count = limit > 0 ? std::min(limit, total) : total;
  std::vector<Unit> units;
  for (std::int64_t first = 0; first < count; first += config.run.unit_clips) {
    Unit unit;
    unit.index = static_cast<std::int64_t>(units.size());
    unit.first_ordinal = first;
    const std::int64_t end = std::min<std::int64_t>(first + config.run.unit_clips, count);
    unit.clips.assign(manifest.begin() + first, manifest.begin() + end);
    unit.fingerprint = lineage.unit_fingerprint(unit.index, first, unit.clips);
    units.push_back(std::move(unit));
  }
  return units;
}

bool belongs_to(const Unit& unit, TaskShare share) {
  return unit.index % share.count == share.index;
}

void write_run_json(const fs::path& out, const config::Config& config, const Backends& backends,
                    std::int64_t limit, const std::string& version) {
  nlohmann::ordered_json weights = nlohmann::ordered_json::object();
  const auto add = [&](const char* stage, const stages::BackendId& id) {
    if (!id.weights_digest.empty()) weights[stage] = id.weights_digest;
  };
  add("instruct", backends.instructor->id());
  add("edit", backends.editor->id());
  add("gate", backends.gate->id());
  add("generate", backends.generator->id());
  add("enhance", backends.enhancer->id());
  add("judge", backends.judge->id());
  const nlohmann::ordered_json run = {
      {"program", "ditto"},
      {"version", version},
      {"fingerprint", config::fingerprint(config)},
      {"limit", limit},
      {"weights", weights},
      {"libraries", {{"ffmpeg", media::versions()}, {"opencv", cv::getVersionString()}}},
      {"config", config::to_json(config)},
  };
  const std::string text = run.dump(2) + "\n";
  if (read_file_if_exists(out / "run.json") != text) write_file(out / "run.json", text);
}

RunInfo read_run_json(const fs::path& out) {
  const auto text = read_file_if_exists(out / "run.json");
  if (!text) {
    throw Error(ErrorKind::kUsage,
                printable(out) + " holds no run.json: it is no output directory of ditto");
  }
  const nlohmann::json run = nlohmann::json::parse(*text, nullptr, false);
  if (run.is_discarded() || !run.contains("config")) {
    throw Error(ErrorKind::kUsage, printable(out / "run.json") + ": not a run.json of ditto");
  }
  return {config::parse(run["config"].dump(), printable(out / "run.json"), {}),
          run.value("limit", std::int64_t{0})};
}

std::vector<Unit> planned_units(const fs::path& out) {
  const RunInfo info = read_run_json(out);
  const Backends backends = make_backends(info.config, 1);
  const Lineage lineage(info.config, backends);
  return plan_units(dataset::read_manifest(out), info.limit, info.config, lineage);
}

std::vector<UnitState> unit_states(const fs::path& out, const std::vector<Unit>& units) {
  std::map<std::int64_t, std::string> merged;
  for (const auto& unit : dataset::read_merged_units(out)) merged[unit.unit] = unit.fingerprint;
  std::vector<UnitState> states;
  for (const Unit& unit : units) {
    const auto found = merged.find(unit.index);
    if (found != merged.end() && found->second == unit.fingerprint) {
      states.push_back(UnitState::kMerged);
      continue;
    }
    const auto staged = dataset::read_unit(out, unit.index);
    states.push_back(staged && staged->fingerprint == unit.fingerprint ? UnitState::kStaged
                                                                       : UnitState::kMissing);
  }
  return states;
}

}  // namespace ditto::pipeline
