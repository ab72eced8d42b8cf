#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ditto/stages/instruct.h"

namespace ditto::dataset {

/// One line of samples.jsonl: what became of a sample.
struct SampleRecord {
  std::string key;  ///< <clip id>_<n>, [A-Za-z0-9_-]+
  std::string clip_id;
  std::int64_t unit = 0;
  stages::Instruction instruction;
  std::string outcome;     ///< accepted | rejected | quarantined
  std::string stage;       ///< where a rejected or quarantined sample ended; empty when accepted
  std::string reason;      ///< why; the error for a quarantined one
  nlohmann::json scores;   ///< the judge's scores, an array; null when it never got there
  nlohmann::json details;  ///< edit program, generator and gate measurements
  std::map<std::string, double> seconds;            ///< per stage; not part of shards
  std::map<std::string, std::string> fingerprints;  ///< per stage
  /// SHA-256 of source_file, clip (pixels), key_frame (pixels), edited_key_frame (pixels),
  /// generated (pixels), final (pixels), source_video and edited_video (the mp4 members' bytes).
  std::map<std::string, std::string> hashes;
  nlohmann::json clip;  ///< fps, frames, width, height, key_frame, start_frame, start_seconds,
                        ///< motion, caption when there is one
  std::string config_fingerprint;
  std::string shard;  ///< "000000"; empty until merged and for samples without files
};

/// The line of samples.jsonl: the instruction's text as "instruction", its task, target, origin and
/// program beside it; stage, reason and shard are null where they are empty (docs/formats.md).
nlohmann::ordered_json to_json(const SampleRecord& record);
/// Throws Error(kInput) naming the missing or wrong field.
SampleRecord sample_from_json(const nlohmann::json& line);
/// The shard member KEY.json: the same without seconds, shard, unit, and anything else that differs
/// between two runs with the same result.
nlohmann::ordered_json member_json(const SampleRecord& record);

/// The members of an accepted sample in the order they are written: KEY.source.mp4 KEY.edited.mp4
/// KEY.keyframe.png KEY.edited_keyframe.png [KEY.mask.png] KEY.txt KEY.json. The last two are made
/// by the writer from the record; KEY.txt is the instruction without a newline.
struct SampleFiles {
  std::string source_mp4;
  std::string edited_mp4;
  std::string keyframe_png;
  std::string edited_keyframe_png;
  std::string mask_png;  ///< empty: none
};

}  // namespace ditto::dataset
