#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ditto/pipeline/backends.h"

/// What each stage result depends on, as JSON, and its fingerprint. The inputs are kept beside the
/// results, so that `explain` can say which of them has changed.
namespace ditto::pipeline {

struct StageKey {
  std::string stage;
  nlohmann::json inputs;    ///< backend, parameters, input fingerprints, seed
  std::string fingerprint;  ///< of `inputs`
};

/// The keys of a sample's stages in their order: edit, gate, generate, enhance, judge, encode.
/// `encode` stands for the finished sample: its mp4 and its record.
struct SampleKeys {
  StageKey edit, gate, generate, enhance, judge, encode;
  std::vector<const StageKey*> all() const {
    return {&edit, &gate, &generate, &enhance, &judge, &encode};
  }
};

class Lineage {
 public:
  Lineage(const config::Config& config, const Backends& backends);

  /// The clip's frames: source bytes, place, rate and size.
  std::string clip_fingerprint(const stages::ClipRecord& clip) const;
  /// Of each of these clips, which begin a unit. A clip's instructions depend on those of the clips
  /// before it, which may leave tasks to make up for, and on how many a whole unit has after it;
  /// not on how many there are, so that a run that goes on keeps what it has.
  std::vector<StageKey> instruct(std::int64_t first_ordinal,
                                 std::span<const stages::ClipRecord> clips) const;
  /// The clip's own mp4.
  StageKey source_video(const stages::ClipRecord& clip) const;
  SampleKeys sample(const stages::ClipRecord& clip, const std::string& key,
                    const stages::Instruction& instruction) const;
  /// Everything that decides a unit's bytes, known before anything is computed.
  std::string unit_fingerprint(std::int64_t unit, std::int64_t first_ordinal,
                               const std::vector<stages::ClipRecord>& clips) const;

 private:
  nlohmann::json stage_inputs(const std::string& stage, const stages::BackendId& id) const;

  const config::Config& config_;
  const Backends& backends_;
};

/// Raise it when the runner itself starts to write other bytes for the same stage results.
inline constexpr int kFormatVersion = 1;

}  // namespace ditto::pipeline
