#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ditto/dataset/sample.h"

/// The figures of a report, gathered in one pass over the text files of an output directory.
/// Memory is bounded: counts, and a few samples of each kind.
namespace ditto::dataset {

struct OutcomeCounts {
  std::int64_t accepted = 0, rejected = 0, quarantined = 0;
  std::int64_t sum() const { return accepted + rejected + quarantined; }
};

/// Rejects, quarantined samples or drops that share a reason; numbers in the text set apart.
struct ReasonGroup {
  std::int64_t count = 0;
  std::string stage;              ///< empty for drops
  std::string example;            ///< a whole reason, with its numbers
  std::vector<std::string> keys;  ///< the first few: sample keys, or source paths for drops
};

/// Scores of one criterion, 1 .. 10 in steps of a half.
struct ScoreHistogram {
  static constexpr int kBins = 18;
  std::array<std::int64_t, kBins> accepted{};
  std::array<std::int64_t, kBins> rejected{};
  std::int64_t unscored = 0;
  double accepted_sum = 0;
  std::int64_t accepted_count = 0;
  std::optional<double> threshold;  ///< judge.min_CRITERION of the config, when it is known
};

struct StageCost {
  double seconds = 0;
  std::int64_t samples = 0;  ///< that have a time for this stage
};

struct ReportData {
  nlohmann::json run;  ///< run.json; null when there is none
  std::int64_t files = 0;
  std::int64_t dropped_files = 0;  ///< of which nothing became a clip
  std::int64_t clips = 0;
  double accepted_seconds = 0;  ///< of video
  std::uint64_t shard_bytes = 0;
  std::int64_t shards = 0;
  OutcomeCounts outcomes;
  /// Samples that got through: instructed, edited, passed the gate, generated.
  std::int64_t edited = 0, gated = 0, generated = 0;
  std::map<std::string, StageCost> costs;
  std::map<std::string, OutcomeCounts> tasks;
  std::map<std::string, ScoreHistogram> scores;
  std::vector<ReasonGroup> rejects, quarantines, drops;  ///< the most frequent first
  std::vector<SampleRecord> examples;                    ///< accepted, over all tasks
};

/// The stages in their order, as the samples' times and ends name them.
const std::vector<std::string>& stage_order();

ReportData gather_report(const std::filesystem::path& out, std::size_t most_examples);

}  // namespace ditto::dataset
