#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ditto/dataset/sample.h"
#include "ditto/pipeline/journal.h"
#include "ditto/pipeline/work_store.h"

/// The chain of stages over one clip and over one sample, evaluated on demand: a result that the
/// work store holds is never computed again, and its inputs are not even loaded.
namespace ditto::pipeline {

/// Runs a job that encodes and stores, now or on another thread; the job must be done before the
/// sample counts as finished. May block for back-pressure.
using EncodeLater = std::function<void(std::function<void()>)>;

/// What all chains of a run share.
struct ChainContext {
  const config::Config& config;
  const Backends& backends;
  const Lineage& lineage;
  const WorkStore& store;
  std::string config_fingerprint;
  /// Hears of every attempt; may be empty.
  std::function<void(const Attempt&)> on_attempt;
  /// Hears when a stage begins; on_attempt tells its end. May be empty.
  std::function<void(const std::string& stage)> on_stage;
};

class ClipChain;

/// A clip's place in the unit it is worked on with.
struct UnitPlace {
  std::int64_t ordinal = 0;       ///< of the clip in the manifest
  int clips_after = 0;            ///< in a whole unit
  StageKey instruct_key = {};     ///< from Lineage::instruct
  ClipChain* previous = nullptr;  ///< the clip before it in the unit; outlives this one
};

/// One open clip: its frames and what is made once for all of its samples. Thread-safe.
class ClipChain {
 public:
  ClipChain(const ChainContext& context, const stages::ClipRecord& record, UnitPlace place);

  const stages::ClipRecord& record() const { return record_; }
  int key_frame() const;

  /// Decodes on first use. Throws Error(kInput) when the source no longer yields the clip.
  const stages::Clip& clip();
  std::shared_ptr<const stages::Generator::Prepared> prepared();
  std::shared_ptr<const stages::Enhancer::Prepared> prepared_to_enhance();
  const StageKey& instruct_key() const { return place_.instruct_key; }
  /// From the store or by the instructor, which needs to know what earlier clips of the unit owe.
  std::vector<stages::Instruction> instructions();
  /// The instructions if the store has them; doesn't decode.
  std::optional<std::vector<stages::Instruction>> known_instructions() const;
  /// What the clip shows, as far as the store has it; empty where the instructor doesn't say.
  std::string caption() const;
  /// SHA-256 of the pixels of the clip and of its key frame.
  std::pair<std::string, std::string> pixel_hashes();
  /// Makes the clip's mp4 and its key frame's png if the store lacks them.
  void ensure_source_video(const EncodeLater& later);
  /// Frees frames and prepared data.
  void close();

 private:
  /// What the clips of the unit up to this one leave to be made up for. A clip that can't be used
  /// hands on what it was given.
  stages::TaskCounts owed();
  /// A timed attempt at something without which the clip is of no use.
  template <class F>
  auto try_to_use(const StageKey& key, double* seconds, F&& work);
  /// What a stage prepares for all samples of the clip, made at its first use.
  template <class Stage>
  std::shared_ptr<const typename Stage::Prepared> once(
      std::shared_ptr<const typename Stage::Prepared>& prepared, const char* name,
      const Stage& stage);
  const ChainContext& context_;
  const stages::ClipRecord record_;
  const UnitPlace place_;
  std::mutex instruct_mutex_;  // taken before that of a previous clip and before mutex_
  std::mutex mutex_;
  std::atomic<bool> unusable_ = false;  // decoding or instructing failed for good
  std::unique_ptr<stages::Clip> clip_;
  std::shared_ptr<const stages::Generator::Prepared> prepared_;
  std::shared_ptr<const stages::Enhancer::Prepared> prepared_to_enhance_;
  std::pair<std::string, std::string> hashes_;
  bool source_video_begun_ = false;
};

/// One sample: clip x instruction.
class SampleChain {
 public:
  SampleChain(const ChainContext& context, ClipChain& clip, std::int64_t unit, int number,
              stages::Instruction instruction);

  const std::string& key() const { return key_; }

  /// The finished record if the store has it; computes and loads nothing.
  std::optional<dataset::SampleRecord> known_record() const;

  /// The paper's chain: edit the key frame, gate, generate, enhance, judge; then encode. The
  /// returned record is complete once the jobs given to `later` are done. Asks for a stop between
  /// stages (Error(kInterrupted)).
  dataset::SampleRecord run(const EncodeLater& later);

  /// Frees frames once run() has returned; jobs given to `later` hold their own.
  void release();

  /// A record for a sample whose chain threw.
  dataset::SampleRecord quarantined(const std::string& error) const;

  /// Shard members of an accepted sample, read from the store.
  dataset::SampleFiles files() const;

 private:
  struct Edited {
    cv::Mat image, mask;
    std::string refusal;
    nlohmann::json details;
    std::string hash;
  };
  const Edited& edited();
  stages::GateResult gated();
  /// Why the generator makes no video of this clip; empty when it does.
  std::string generator_refusal();
  const media::Video& generated();  ///< no frames when the generator refused
  const media::Video& enhanced();
  stages::Judgement judged();
  dataset::SampleRecord rejected(const std::string& stage, const std::string& reason);
  void encode(dataset::SampleRecord record);
  dataset::SampleRecord base_record() const;
  void add_caption(dataset::SampleRecord& record) const;
  /// Times `work`, tells the listeners, and names the stage in what it throws.
  template <class F>
  auto attempt(const StageKey& key, F&& work);

  const ChainContext& context_;
  ClipChain& clip_;
  const std::int64_t unit_;
  const stages::Instruction instruction_;
  const std::string key_;
  const SampleKeys keys_;
  EncodeLater later_;
  std::optional<Edited> edited_;
  std::optional<media::Video> generated_;
  std::string refusal_;  ///< of the generator
  std::optional<media::Video> enhanced_;
  std::vector<float> confidence_;
  std::map<std::string, double> seconds_;
  std::map<std::string, std::string> hashes_;
  nlohmann::json details_ = nlohmann::json::object();
  std::string current_stage_;
};

}  // namespace ditto::pipeline
