#include "dataset/merge_plan.h"

#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

/// Finds the samples that several directories have; they must be the same in everything that
/// reaches a shard.
class Clashes {
 public:
  void visit(PlannedUnit& unit, std::size_t directory_index) {
    for (const SampleRecord& record : load(unit.source).samples) {
      const std::string digest = identity(record);
      const auto [found, added] = seen_.try_emplace(record.key, Seen{digest, directory_index});
      if (added) continue;
      const fs::path& first = directories_.at(found->second.directory);
      const fs::path& second = unit.source.directory;
      if (found->second.directory == directory_index) {
        throw Error(ErrorKind::kFatal, fmt::format("{}: the sample {} is in two units",
                                                   printable(second), record.key));
      }
      if (found->second.digest != digest) {
        throw Error(ErrorKind::kFatal,
                    fmt::format("the sample {} is in {} and in {}, and they differ; were the two "
                                "made with different configs or versions?",
                                record.key, printable(first), printable(second)));
      }
      unit.left_out.insert(record.key);
    }
  }

  explicit Clashes(const std::vector<fs::path>& directories) : directories_(directories) {}

 private:
  struct Seen {
    std::string digest;
    std::size_t directory;
  };

  static std::string identity(const SampleRecord& record) {
    Sha256 hash;
    hash.update(dump_line(member_json(record)));
    hash.update(record.stage).update(std::string_view("\0", 1)).update(record.reason);
    return hash.hex();
  }

  const std::vector<fs::path>& directories_;
  std::unordered_map<std::string, Seen> seen_;
};

fs::path normal(const fs::path& path) {
  std::error_code error;
  const fs::path found = fs::weakly_canonical(fs::absolute(path), error);
  fs::path result = error ? fs::absolute(path).lexically_normal() : found;
  return result.has_filename() ? result : result.parent_path();  // without a slash at the end
}

void check_directories(MergePlan& plan, const fs::path& output, const WantedUnits& wanted) {
  if (plan.directories.empty()) {
    throw Error(ErrorKind::kUsage, "nothing to merge: no directory was given");
  }
  for (fs::path& directory : plan.directories) {
    if (!fs::is_directory(directory)) {
      throw Error(ErrorKind::kUsage, fmt::format("{}: no such directory", printable(directory)));
    }
    directory = normal(directory);
  }
  plan.output = normal(output);
  const auto same = std::count(plan.directories.begin(), plan.directories.end(), plan.output);
  plan.in_place = same == 1 && plan.directories.size() == 1;
  if (same > 0 && !plan.in_place) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{} is both an input and the output; give --output a new directory",
                            printable(plan.output)));
  }
  if (!plan.in_place && !wanted.empty()) {
    throw Error(ErrorKind::kUsage, "a plan of wanted units works in place only");
  }
}

UnitSummary::Part without(UnitSummary::Part part, const std::set<std::string>& left_out) {
  const auto key_is_out = [&](const std::string& key) { return left_out.contains(key); };
  std::erase_if(part.keys, key_is_out);
  std::erase_if(part.members, [&](const UnitSummary::Part::Member& member) {
    return key_is_out(member.name.substr(0, member.name.find('.')));
  });
  return part;
}

/// The unit without the samples that are left out; its counts follow.
void leave_out(UnitSummary& summary, const std::set<std::string>& left_out) {
  std::erase_if(summary.samples,
                [&](const SampleRecord& record) { return left_out.contains(record.key); });
  summary.accepted = summary.rejected = summary.quarantined = 0;
  for (const SampleRecord& record : summary.samples) {
    ++(record.outcome == "accepted"   ? summary.accepted
       : record.outcome == "rejected" ? summary.rejected
                                      : summary.quarantined);
  }
  summary.planned = static_cast<std::int64_t>(summary.samples.size());
}

FinalUnit finalize(const PlannedUnit& planned, std::int64_t& next_shard) {
  UnitSummary summary = load(planned.source);
  if (!planned.left_out.empty()) leave_out(summary, planned.left_out);

  FinalUnit unit;
  unit.line = {planned.number,
               planned.fingerprint,
               summary.planned,
               summary.accepted,
               summary.rejected,
               summary.quarantined,
               {},
               {}};
  std::unordered_map<std::string, std::string> shard_of;
  for (std::size_t i = 0; i < summary.parts.size(); ++i) {
    const UnitSummary::Part& whole = summary.parts[i];
    PlannedShard shard;
    shard.part = without(whole, planned.left_out);
    if (shard.part.keys.empty()) continue;
    shard.filtered = shard.part.keys.size() != whole.keys.size();
    shard.name = six_digits(next_shard++);
    shard.source = planned.source.parts.at(i).tar;
    shard.part_index = i;
    shard.companion = shard_companion(shard, unit.line);
    for (const std::string& key : shard.part.keys) shard_of[key] = shard.name;
    unit.line.shards.push_back(shard.name);
    unit.line.bytes.push_back(shard.part.bytes);
    unit.shards.push_back(std::move(shard));
  }
  unit.samples = std::move(summary.samples);
  for (SampleRecord& record : unit.samples) {
    record.unit = planned.number;
    if (record.outcome != "accepted") continue;
    const auto found = shard_of.find(record.key);
    if (found == shard_of.end()) {
      throw Error(ErrorKind::kFatal, fmt::format("{}: unit {}: no part has the accepted sample {}",
                                                 printable(planned.source.directory),
                                                 planned.source.unit, record.key));
    }
    record.shard = found->second;
  }
  return unit;
}

/// What a directory contributes to another output: what it was merged as, else all that is staged.
WantedUnits merged_as(const fs::path& directory) {
  WantedUnits units;
  std::error_code error;
  const fs::path path = directory / "units.jsonl";
  if (!fs::exists(path, error)) return units;
  LineReader reader(path);
  for (std::string line; reader.next(line);) {
    const MergedUnit unit = merged_unit_from_json(parse_json(line, reader.where()));
    units.emplace_back(unit.unit, unit.fingerprint);
  }
  return units;
}

}  // namespace

MergePlan make_plan(const std::vector<fs::path>& directories, const fs::path& output,
                    const WantedUnits& wanted) {
  MergePlan plan;
  plan.directories = directories;
  check_directories(plan, output, wanted);
  const bool several = plan.directories.size() > 1;
  Clashes clashes(plan.directories);
  std::int64_t number = 0;
  for (std::size_t i = 0; i < plan.directories.size(); ++i) {
    const fs::path& directory = plan.directories[i];
    const WantedUnits of_directory = plan.in_place ? wanted : merged_as(directory);
    std::vector<UnitSource> sources = find_units(directory, of_directory);
    if (!plan.in_place && sources.size() < of_directory.size()) {
      throw Error(ErrorKind::kFatal,
                  fmt::format("{}: {} of its {} units are damaged; `ditto verify` tells more, and "
                              "running its config again makes them anew",
                              printable(directory), of_directory.size() - sources.size(),
                              of_directory.size()));
    }
    for (UnitSource& source : sources) {
      PlannedUnit unit;
      unit.source = std::move(source);
      unit.fingerprint = unit.source.fingerprint;
      unit.number = several ? number : unit.source.unit;
      if (several) clashes.visit(unit, i);
      if (!unit.left_out.empty()) {
        const UnitSummary summary = load(unit.source);
        if (unit.left_out.size() == summary.samples.size()) continue;  // nothing new in it
        unit.fingerprint =
            fingerprint({{"unit", unit.source.fingerprint}, {"left_out", unit.left_out}});
      }
      ++number;
      plan.units.push_back(std::move(unit));
    }
  }
  if (plan.units.empty()) {
    throw Error(ErrorKind::kUsage,
                fmt::format("nothing to merge: {} has no finished unit{}; `ditto run` makes them",
                            printable(plan.directories.front()),
                            wanted.empty() ? "" : " of the run that run.json describes"));
  }
  return plan;
}

void for_each_unit(const MergePlan& plan, const std::function<bool(FinalUnit&)>& visit) {
  std::int64_t next_shard = 0;
  for (const PlannedUnit& planned : plan.units) {
    FinalUnit unit = finalize(planned, next_shard);
    if (!visit(unit)) return;
  }
}

std::string shard_companion(const PlannedShard& shard, const MergedUnit& unit) {
  const UnitSummary::Part& part = shard.part;
  nlohmann::ordered_json members = nlohmann::ordered_json::array();
  for (const UnitSummary::Part::Member& member : part.members) {
    members.push_back({{"name", member.name}, {"bytes", member.bytes}, {"sha256", member.sha256}});
  }
  const nlohmann::ordered_json value = {
      {"file", shard.name + ".tar"},     {"samples", part.keys.size()}, {"bytes", part.bytes},
      {"sha256", part.sha256},           {"unit", unit.unit},           {"part", shard.part_index},
      {"fingerprint", unit.fingerprint}, {"keys", part.keys},           {"members", members}};
  return value.dump(1) + "\n";
}

}  // namespace ditto::dataset
