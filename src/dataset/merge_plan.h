#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "dataset/merge_source.h"

/// What a merge is to leave in its output, worked out before anything is touched.
namespace ditto::dataset {

struct PlannedUnit {
  UnitSource source;
  std::int64_t number = 0;         ///< in the output
  std::string fingerprint;         ///< the source's, or a new one when samples are left out
  std::set<std::string> left_out;  ///< keys that an earlier directory has as well
};

struct MergePlan {
  std::filesystem::path output;
  std::vector<std::filesystem::path> directories;
  bool in_place = false;
  std::vector<PlannedUnit> units;
};

/// Throws what merge() throws for its arguments and for clashes.
MergePlan make_plan(const std::vector<std::filesystem::path>& directories,
                    const std::filesystem::path& output, const WantedUnits& wanted);

/// A shard to be: a part of a unit under its number.
struct PlannedShard {
  std::string name;              ///< "000007"
  std::filesystem::path source;  ///< tar of the part
  std::size_t part_index = 0;    ///< in its unit
  UnitSummary::Part part;        ///< with the samples that are left out removed
  bool filtered = false;         ///< samples are left out: the tar can't be taken as it is
  std::string companion;         ///< text of shards/NNNNNN.json; of a filtered one without digests
};
/// A unit as it will be: its samples with their shards, its line of units.jsonl.
struct FinalUnit {
  std::vector<PlannedShard> shards;
  std::vector<SampleRecord> samples;
  MergedUnit line;
};
/// Loads the plan's units one after the other; `visit` may return false to end.
void for_each_unit(const MergePlan& plan, const std::function<bool(FinalUnit&)>& visit);

/// The text of shards/NNNNNN.json.
std::string shard_companion(const PlannedShard& shard, const MergedUnit& unit);

}  // namespace ditto::dataset
