#include "dataset/merge_source.h"

#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

std::vector<std::int64_t> staged_numbers(const fs::path& out) {
  std::vector<std::int64_t> numbers;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(out / "work" / "units", error)) {
    const std::int64_t number = number_of(entry.path().filename().string());
    if (number >= 0) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

UnitSource staged_source(const fs::path& out, const UnitSummary& summary) {
  UnitSource source;
  source.directory = out;
  source.unit = summary.unit;
  source.fingerprint = summary.fingerprint;
  source.staged = true;
  for (const UnitSummary::Part& part : summary.parts) {
    source.parts.push_back({unit_directory(out, summary.unit) / part.file, part.bytes});
  }
  return source;
}

fs::path shard_file(const fs::path& out, const std::string& shard, const char* extension) {
  return out / "shards" / (shard + extension);
}

/// A part from the companion of the shard that it became.
UnitSummary::Part part_of_shard(const fs::path& out, const std::string& shard, std::size_t index) {
  const fs::path file = shard_file(out, shard, ".json");
  const nlohmann::json value = parse_json(read_file(file), printable(file));
  try {
    UnitSummary::Part part;
    part.file = fmt::format("part-{:03}.tar", index);
    part.sha256 = value.at("sha256");
    part.bytes = value.at("bytes");
    part.keys = value.at("keys").get<std::vector<std::string>>();
    for (const nlohmann::json& member : value.at("members")) {
      part.members.push_back({member.at("name"), member.at("sha256"), member.at("bytes")});
    }
    return part;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, printable(file) + ": " + e.what());
  }
}

struct MergedSource {
  UnitSource source;
  std::string damage;  ///< empty: intact
};

/// The merged units of a directory by number, with the place of their lines in samples.jsonl: the
/// lines of units.jsonl's units follow each other there.
std::map<std::int64_t, MergedSource> merged_sources(const fs::path& out) {
  std::map<std::int64_t, MergedSource> sources;
  const fs::path samples_path = out / "samples.jsonl";
  if (!fs::exists(out / "units.jsonl")) return sources;
  std::set<std::int64_t> intact;
  for (const MergedUnit& unit : read_merged_units(out)) intact.insert(unit.unit);
  LineReader units(out / "units.jsonl");
  std::optional<LineReader> samples;
  if (fs::exists(samples_path)) samples.emplace(samples_path);
  std::string line;
  std::string sample;
  while (units.next(line)) {
    MergedSource found;
    UnitSource& source = found.source;
    source.merged = merged_unit_from_json(parse_json(line, units.where()));
    source.directory = out;
    source.unit = source.merged.unit;
    source.fingerprint = source.merged.fingerprint;
    if (!intact.contains(source.unit)) found.damage = "its shards are damaged";
    source.samples_offset = samples ? samples->offset() : 0;
    for (std::int64_t i = 0; i < source.merged.planned; ++i) {
      if (samples && samples->next(sample)) continue;
      found.damage = "samples.jsonl lacks its lines";
      break;
    }
    for (std::size_t i = 0; i < source.merged.shards.size(); ++i) {
      source.parts.push_back(
          {shard_file(out, source.merged.shards[i], ".tar"), source.merged.bytes[i]});
    }
    sources[source.unit] = std::move(found);
  }
  return sources;
}

}  // namespace

std::vector<UnitSource> find_units(const fs::path& out, const WantedUnits& wanted) {
  const std::map<std::int64_t, std::string> plan(wanted.begin(), wanted.end());
  const auto is_wanted = [&](const UnitSource& source) {
    if (plan.empty()) return true;
    const auto found = plan.find(source.unit);
    return found != plan.end() && found->second == source.fingerprint;
  };
  std::map<std::int64_t, UnitSource> units;
  for (const std::int64_t number : staged_numbers(out)) {
    if (!plan.empty() && !plan.contains(number)) continue;
    const std::optional<UnitSummary> summary = read_unit(out, number);
    if (!summary) continue;
    UnitSource source = staged_source(out, *summary);
    if (is_wanted(source)) units[number] = std::move(source);
  }
  for (auto& [number, merged] : merged_sources(out)) {
    if (units.contains(number) || !is_wanted(merged.source)) continue;
    if (merged.damage.empty()) {
      units[number] = std::move(merged.source);
    } else if (plan.empty()) {
      throw Error(ErrorKind::kFatal,
                  fmt::format("{}: unit {} can't be merged: {}, and work/ has no copy; run the "
                              "config again to make it anew",
                              printable(out), number, merged.damage));
    }
  }
  std::vector<UnitSource> list;
  for (auto& [number, source] : units) list.push_back(std::move(source));
  return list;
}

UnitSummary load(const UnitSource& source) {
  if (source.staged) {
    std::optional<UnitSummary> summary = read_unit(source.directory, source.unit);
    if (!summary || summary->fingerprint != source.fingerprint) {
      throw Error(ErrorKind::kTransient, fmt::format("{}: unit {} changed while it was merged",
                                                     printable(source.directory), source.unit));
    }
    return std::move(*summary);
  }
  const MergedUnit& merged = source.merged;
  UnitSummary summary;
  summary.unit = merged.unit;
  summary.fingerprint = merged.fingerprint;
  summary.planned = merged.planned;
  summary.accepted = merged.accepted;
  summary.rejected = merged.rejected;
  summary.quarantined = merged.quarantined;
  LineReader reader(source.directory / "samples.jsonl", source.samples_offset);
  std::string line;
  while (static_cast<std::int64_t>(summary.samples.size()) < merged.planned && reader.next(line)) {
    const std::string where = fmt::format(
        "{}: a line of unit {}", printable(source.directory / "samples.jsonl"), merged.unit);
    SampleRecord record = sample_from_json(parse_json(line, where));
    if (record.unit != merged.unit) {
      throw Error(ErrorKind::kFatal,
                  fmt::format("{}: its unit is {}; samples.jsonl and units.jsonl disagree", where,
                              record.unit));
    }
    record.shard.clear();
    summary.samples.push_back(std::move(record));
  }
  for (std::size_t i = 0; i < merged.shards.size(); ++i) {
    summary.parts.push_back(part_of_shard(source.directory, merged.shards[i], i));
  }
  return summary;
}

void stage_again(const fs::path& out, const UnitSource& source) {
  const UnitSummary summary = load(source);
  const fs::path directory = unit_directory(out, source.unit);
  remove_stale_temporaries(directory);
  remove_file(directory / "unit.json");
  for (std::size_t i = 0; i < summary.parts.size(); ++i) {
    link_or_copy(source.parts[i].tar, directory / summary.parts[i].file);
  }
  write_file(directory / "unit.json", dump_line(to_json(summary)) + "\n");
}

}  // namespace ditto::dataset
