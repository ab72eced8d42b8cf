#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/dataset/sample.h"

namespace ditto::dataset {

/// What a finished unit left in units/NNNNNN of the output's folder `work`: unit.json (this,
/// written last, so that its presence means that the unit is complete) and part-000.tar ...
struct UnitSummary {
  std::int64_t unit = 0;
  std::string fingerprint;  ///< of everything that decides the unit's bytes
  std::int64_t planned = 0;
  std::int64_t accepted = 0;
  std::int64_t rejected = 0;
  std::int64_t quarantined = 0;
  std::vector<SampleRecord> samples;  ///< in order of clip, then n
  struct Part {
    std::string file;  ///< "part-000.tar"
    std::string sha256;
    std::uint64_t bytes = 0;
    std::vector<std::string> keys;
    struct Member {
      std::string name;
      std::string sha256;
      std::uint64_t bytes = 0;
    };
    std::vector<Member> members;
  };
  std::vector<Part> parts;
};
nlohmann::ordered_json to_json(const UnitSummary& summary);
UnitSummary unit_from_json(const nlohmann::json& value);
std::filesystem::path unit_directory(const std::filesystem::path& out, std::int64_t unit);
/// Empty when the unit was not finished, or when a part is gone or has another size than recorded
/// (with a warning): the unit is then made again.
std::optional<UnitSummary> read_unit(const std::filesystem::path& out, std::int64_t unit);

/// Writes one unit: samples in order, accepted ones with their files into USTAR parts (mode 0444,
/// mtime 0, owner 0, contiguous per sample, one directory level) of at most output.shard_samples
/// samples and output.shard_megabytes (a larger sample gets a part of its own). Nothing counts
/// until commit(); an older result of the same unit counts until the first new part is complete.
class UnitWriter {
 public:
  UnitWriter(const std::filesystem::path& out, std::int64_t unit, std::string fingerprint,
             const config::Output& output);
  ~UnitWriter();
  /// Adds hashes source_video and edited_video to the record; for accepted samples. Throws
  /// Error(kFatal) for a key that is malformed or was added before.
  void add(SampleRecord record, const SampleFiles& files);
  /// For rejected and quarantined samples.
  void add(SampleRecord record);
  UnitSummary commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A line of OUT/units.jsonl, written last by merge: the units that shards/ and samples.jsonl hold.
struct MergedUnit {
  std::int64_t unit = 0;
  std::string fingerprint;
  std::int64_t planned = 0, accepted = 0, rejected = 0, quarantined = 0;
  std::vector<std::string> shards;
  std::vector<std::uint64_t> bytes;  ///< of each shard's tar
};
nlohmann::ordered_json to_json(const MergedUnit& unit);
/// Throws Error(kInput) naming the missing or wrong field.
MergedUnit merged_unit_from_json(const nlohmann::json& line);
/// Empty when there is no units.jsonl: nothing was merged, or a merge was interrupted. Units whose
/// shards are gone or have another size are left out with a warning.
std::vector<MergedUnit> read_merged_units(const std::filesystem::path& out);

struct MergeResult {
  std::int64_t shards = 0, planned = 0, accepted = 0, rejected = 0, quarantined = 0;
  bool changed = false;  ///< false when everything was already in place
};
/// Numbers the shards densely in the order of (directory, unit, part): writes shards/NNNNNN.tar
/// and .json, samples.jsonl, units.jsonl (last) in `output`. With one directory and output equal to
/// it, works in place (hard links to work/, or copies), and removes shards that are no longer
/// wanted. Staged units win over already merged ones of the same number; already merged ones are
/// used where work/ was deleted. `wanted`: only these units with these fingerprints (in place; from
/// the run's plan); empty: everything that is there.
///
/// Interrupted at any step, it leaves a state from which the same call ends with the same files:
/// before anything is changed in place, every unit to be kept is staged (again), and units.jsonl is
/// removed. Where nothing changed since the last merge, only the files' states are looked at.
///
/// With another output, a directory that was merged itself contributes what it was merged as (run
/// or merge it first when there is more), another one all that is staged; the manifests
/// (clips.jsonl, clips.dropped.jsonl) and run.json come along. Several directories: units are
/// numbered anew, keys and clips must not clash unless they are identical, in which case the first
/// stays; run.json lists the joined ones under "joined". The output must be new, empty or the
/// output of an earlier merge of these directories (or of some of them); OUT/joined.json tells
/// which.
///
/// Throws Error(kUsage) when there is nothing to merge or the output can't be used, Error(kFatal)
/// on a clash, Error(kTransient) while another merge works on the output.
MergeResult merge(const std::vector<std::filesystem::path>& directories,
                  const std::filesystem::path& output,
                  const std::vector<std::pair<std::int64_t, std::string>>& wanted = {});

}  // namespace ditto::dataset
