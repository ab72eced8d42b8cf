#include "ditto/pipeline/lineage.h"

#include "ditto/config/load.h"
#include "ditto/core/hash.h"

namespace ditto::pipeline {
namespace {

/// Raise it when decoding gives other pixels for the same file.
constexpr int kDecoderVersion = 1;

StageKey key_of(const std::string& stage, nlohmann::json inputs) {
  std::string digest = ditto::fingerprint({stage, inputs});
  return {stage, std::move(inputs), std::move(digest)};
}

nlohmann::json encoding(const config::Output& output) {
  return {
      {"crf", output.crf}, {"preset", output.preset}, {"encoder_threads", output.encoder_threads}};
}

}  // namespace

Lineage::Lineage(const config::Config& config, const Backends& backends)
    : config_(config), backends_(backends) {}

nlohmann::json Lineage::stage_inputs(const std::string& stage, const stages::BackendId& id) const {
  return {{"backend", {{"name", id.name}, {"version", id.version}, {"weights", id.weights_digest}}},
          {"parameters", config::result_keys(config_, stage)},
          {"cpu", config_.run.cpu}};
}

std::string Lineage::clip_fingerprint(const stages::ClipRecord& clip) const {
  return ditto::fingerprint({{"decoder", kDecoderVersion},
                             {"source", clip.source_sha256},
                             {"start_frame", clip.start_frame},
                             {"frames", clip.frames},
                             {"fps", {clip.fps.num, clip.fps.den}},
                             {"width", clip.width},
                             {"height", clip.height}});
}

std::vector<StageKey> Lineage::instruct(std::int64_t first_ordinal,
                                        std::span<const stages::ClipRecord> clips) const {
  nlohmann::json inputs = stage_inputs("instruct", backends_.instructor->id());
  inputs["seed"] = config_.run.seed;
  inputs["keyframe_position"] = config_.edit.keyframe_position;
  for (const auto& object : backends_.editor->own_objects())
    inputs["objects"].push_back(nlohmann::json::array({object.name, object.aspect}));
  std::vector<StageKey> keys;
  for (const auto& clip : clips) {
    inputs["clip"] = clip_fingerprint(clip);
    inputs["ordinal"] = first_ordinal + static_cast<std::int64_t>(keys.size());
    inputs["clips_after"] = config_.run.unit_clips - 1 - static_cast<std::int64_t>(keys.size());
    inputs["previous"] = keys.empty() ? "" : keys.back().fingerprint;
    inputs["user"] = nlohmann::json::array();
    for (const auto& instruction : backends_.user_instructions.for_clip(clip))
      inputs["user"].push_back(nlohmann::json(stages::to_json(instruction)));
    keys.push_back(key_of("instruct", inputs));
  }
  return keys;
}

StageKey Lineage::source_video(const stages::ClipRecord& clip) const {
  return key_of("clip", {{"clip", clip_fingerprint(clip)},
                         {"keyframe_position", config_.edit.keyframe_position},
                         {"parameters", encoding(config_.output)}});
}

SampleKeys Lineage::sample(const stages::ClipRecord& clip, const std::string& key,
                           const stages::Instruction& instruction) const {
  const std::string clip_digest = clip_fingerprint(clip);
  const nlohmann::json instruction_json = stages::to_json(instruction);
  SampleKeys keys;

  nlohmann::json inputs = stage_inputs("edit", backends_.editor->id());
  inputs["clip"] = clip_digest;
  inputs["instruction"] = instruction_json;
  inputs["key"] = key;
  inputs["seed"] = config_.run.seed;
  keys.edit = key_of("edit", std::move(inputs));

  inputs = stage_inputs("gate", backends_.gate->id());
  inputs["edit"] = keys.edit.fingerprint;
  keys.gate = key_of("gate", std::move(inputs));

  inputs = stage_inputs("generate", backends_.generator->id());
  inputs["edit"] = keys.edit.fingerprint;
  keys.generate = key_of("generate", std::move(inputs));

  inputs = stage_inputs("enhance", backends_.enhancer->id());
  inputs["generate"] = keys.generate.fingerprint;
  keys.enhance = key_of("enhance", std::move(inputs));

  inputs = stage_inputs("judge", backends_.judge->id());
  inputs["enhance"] = keys.enhance.fingerprint;
  keys.judge = key_of("judge", std::move(inputs));

  keys.encode = key_of("encode", {{"format", kFormatVersion},
                                  {"gate", keys.gate.fingerprint},
                                  {"judge", keys.judge.fingerprint},
                                  {"parameters", encoding(config_.output)}});
  return keys;
}

std::string Lineage::unit_fingerprint(std::int64_t unit, std::int64_t first_ordinal,
                                      const std::vector<stages::ClipRecord>& clips) const {
  nlohmann::json inputs = {
      {"format", kFormatVersion},
      {"unit", unit},
      {"config", config::fingerprint(config_)},
      {"gate", stage_inputs("gate", backends_.gate->id())},
      {"edit", stage_inputs("edit", backends_.editor->id())},
      {"generate", stage_inputs("generate", backends_.generator->id())},
      {"enhance", stage_inputs("enhance", backends_.enhancer->id())},
      {"judge", stage_inputs("judge", backends_.judge->id())},
  };
  // The last one's fingerprint holds those before it.
  inputs["clips"] = instruct(first_ordinal, clips).back().fingerprint;
  return ditto::fingerprint(inputs);
}

}  // namespace ditto::pipeline
