#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "dataset/merge_manifest.h"
#include "dataset/merge_plan.h"
#include "dataset/merge_state.h"
#include "dataset/tar_reader.h"
#include "dataset/tar_writer.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

fs::path tar_of(const MergePlan& plan, const std::string& shard) {
  return plan.output / "shards" / (shard + ".tar");
}

fs::path companion_of(const MergePlan& plan, const std::string& shard) {
  return plan.output / "shards" / (shard + ".json");
}

bool same_file(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

/// The shard as it stands in the output, when its companion says that it is the planned one. A
/// companion never stands beside a tar that it isn't about (see place()).
bool in_place(const MergePlan& plan, PlannedShard& shard) {
  const std::optional<std::string> companion = read_file_if_exists(companion_of(plan, shard.name));
  if (!companion) return false;
  if (!shard.filtered && *companion != shard.companion) return false;
  try {
    const nlohmann::json found = nlohmann::json::parse(*companion);
    if (shard.filtered) {  // its digest is known from here only; its unit's fingerprint and keys
                           // decide
      const nlohmann::json wanted = nlohmann::json::parse(shard.companion);
      for (const char* field : {"file", "unit", "part", "fingerprint", "keys", "members"}) {
        if (found.at(field) != wanted.at(field)) return false;
      }
      shard.part.sha256 = found.at("sha256");
      shard.part.bytes = found.at("bytes");
    }
    std::error_code error;
    return fs::file_size(tar_of(plan, shard.name), error) == shard.part.bytes && !error;
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

/// Writes the samples of a part that stay to a tar of their own.
void write_filtered(const fs::path& target, PlannedShard& shard) {
  const TarScan scan = scan_tar(shard.source, false);
  std::map<std::string, const TarMember*> members;
  for (const TarMember& member : scan.members) members[member.name] = &member;
  TarWriter writer(target);
  for (const UnitSummary::Part::Member& wanted : shard.part.members) {
    const auto found = members.find(wanted.name);
    if (found == members.end()) {
      throw Error(ErrorKind::kFatal, fmt::format("{}: its member {} is missing",
                                                 printable(shard.source), wanted.name));
    }
    const auto written = writer.add(wanted.name, read_member(shard.source, *found->second));
    if (written.sha256 != wanted.sha256) {
      throw Error(ErrorKind::kFatal, fmt::format("{}: its member {} is damaged",
                                                 printable(shard.source), wanted.name));
    }
  }
  const TarWriter::Result result = writer.finish();
  shard.part.sha256 = result.sha256;
  shard.part.bytes = result.bytes;
}

/// Puts a shard to its place unless it is there. The companion goes first and comes last.
void place(const MergePlan& plan, PlannedShard& shard, const MergedUnit& line) {
  if (in_place(plan, shard)) return;
  const fs::path tar = tar_of(plan, shard.name);
  remove_file(companion_of(plan, shard.name));
  if (shard.filtered) {
    write_filtered(tar, shard);
    shard.companion = shard_companion(shard, line);
  } else if (!same_file(shard.source, tar)) {
    link_or_copy(shard.source, tar);
  }
  write_file(companion_of(plan, shard.name), shard.companion);
}

/// What lies in shards/ beyond the first `count` shards.
std::vector<fs::path> surplus(const MergePlan& plan, std::int64_t count) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(plan.output / "shards", error)) {
    const fs::path& path = entry.path();
    const bool ours = path.extension() == ".tar" || path.extension() == ".json";
    const std::int64_t number = number_of(path.stem().string());
    if (ours && number >= count) paths.push_back(path);
  }
  // Companions before their tars, the last shard first: no gap at any time.
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    const std::int64_t x = number_of(a.stem().string()), y = number_of(b.stem().string());
    return x != y ? x > y : a.extension() < b.extension();
  });
  return paths;
}

void count(MergeResult& result, const MergedUnit& unit) {
  result.shards += static_cast<std::int64_t>(unit.shards.size());
  result.planned += unit.planned;
  result.accepted += unit.accepted;
  result.rejected += unit.rejected;
  result.quarantined += unit.quarantined;
}

/// Compares the output with the plan; empty when anything differs.
std::optional<MergeResult> nothing_to_do(const MergePlan& plan) {
  const fs::path samples_path = plan.output / "samples.jsonl";
  const fs::path units_path = plan.output / "units.jsonl";
  if (!fs::exists(units_path) || !fs::exists(samples_path)) return std::nullopt;
  if (!bring_along(plan, true)) return std::nullopt;
  LineReader samples(samples_path);
  LineReader units(units_path);
  MergeResult result;
  bool same = true;
  std::string line;
  for_each_unit(plan, [&](FinalUnit& unit) {
    for (std::size_t i = 0; i < unit.shards.size() && same; ++i) {
      same = in_place(plan, unit.shards[i]);
      unit.line.bytes[i] = unit.shards[i].part.bytes;
    }
    for (std::size_t i = 0; i < unit.samples.size() && same; ++i) {
      same = samples.next(line) && line == dump_line(to_json(unit.samples[i]));
    }
    same = same && units.next(line) && line == dump_line(to_json(unit.line));
    count(result, unit.line);
    return same;
  });
  if (!same || samples.next(line) || units.next(line)) return std::nullopt;
  if (!surplus(plan, result.shards).empty()) return std::nullopt;
  return result;
}

MergeResult apply(const MergePlan& plan) {
  remove_stale_temporaries(plan.output);
  remove_stale_temporaries(plan.output / "shards");
  remove_file(plan.output / "units.jsonl");
  MergeResult result;
  result.changed = true;
  LineWriter samples(plan.output / "samples.jsonl");
  std::vector<std::string> lines;
  for_each_unit(plan, [&](FinalUnit& unit) {
    for (std::size_t i = 0; i < unit.shards.size(); ++i) {
      place(plan, unit.shards[i], unit.line);
      unit.line.bytes[i] = unit.shards[i].part.bytes;
    }
    for (const SampleRecord& record : unit.samples) samples.add(dump_line(to_json(record)));
    lines.push_back(dump_line(to_json(unit.line)));
    count(result, unit.line);
    return true;
  });
  for (const fs::path& path : surplus(plan, result.shards)) remove_file(path);
  samples.commit();
  bring_along(plan, false);
  LineWriter units(plan.output / "units.jsonl");
  for (const std::string& line : lines) units.add(line);
  units.commit();
  return result;
}

}  // namespace

MergeResult merge(const std::vector<fs::path>& directories, const fs::path& output,
                  const WantedUnits& wanted) {
  const std::string inputs = input_state(directories, output, wanted);
  if (std::optional<MergeResult> known = recall(output, inputs)) return *known;

  MergePlan plan = make_plan(directories, output, wanted);
  if (std::optional<MergeResult> done = nothing_to_do(plan)) {
    remember(plan.output, inputs, *done);
    return *done;
  }
  if (!plan.in_place) claim_output(plan);
  const std::optional<FileLock> lock = FileLock::try_acquire(plan.output / "work" / "merge.lock");
  if (!lock) {
    throw Error(ErrorKind::kTransient,
                fmt::format("another merge works on {}", printable(plan.output)));
  }
  plan = make_plan(directories, output, wanted);
  if (plan.in_place) {
    // Shards change places below: what lives only there gets a second name first.
    for (const PlannedUnit& unit : plan.units) {
      if (!unit.source.staged) stage_again(plan.output, unit.source);
    }
    plan = make_plan(directories, output, wanted);
  }
  const MergeResult result = apply(plan);
  remember(plan.output, inputs, result);
  return result;
}

}  // namespace ditto::dataset
