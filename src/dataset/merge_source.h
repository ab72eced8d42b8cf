#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ditto/dataset/unit.h"

namespace ditto::dataset {

/// A unit that can be merged: staged in work/units/, or merged before and living in shards/ and
/// samples.jsonl. Holds no samples, so that many fit in memory; load() reads them.
struct UnitSource {
  std::filesystem::path directory;  ///< the output directory it is in
  std::int64_t unit = 0;
  std::string fingerprint;
  bool staged = false;
  struct Part {
    std::filesystem::path tar;
    std::uint64_t bytes = 0;
  };
  std::vector<Part> parts;
  MergedUnit merged;                 ///< when not staged
  std::uint64_t samples_offset = 0;  ///< where its lines begin in samples.jsonl, when not staged
};

using WantedUnits = std::vector<std::pair<std::int64_t, std::string>>;

/// The units of a directory in order of their number; staged ones win. `wanted` as in merge().
/// Throws Error(kFatal) when a merged unit's files are damaged, nothing is staged for it, and no
/// plan (`wanted`) says that it will be made again.
std::vector<UnitSource> find_units(const std::filesystem::path& out, const WantedUnits& wanted);

/// Everything about a unit; `samples` have no shard.
UnitSummary load(const UnitSource& source);

/// Gives a merged unit its place in work/units/ back, by links to its shards.
void stage_again(const std::filesystem::path& out, const UnitSource& source);

}  // namespace ditto::dataset
