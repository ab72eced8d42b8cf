#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/stages/held_model.h"

namespace ditto::pipeline {

/// What a build will cost, from counts and from one calibration clip put through the chain in
/// memory. Seconds are of one core, or of the device that a stage's networks are on. A network on
/// the CPU isn't asked anything, because that can take hours: its stage's time is missing.
struct Estimate {
  std::int64_t files = 0;
  std::int64_t clips = 0;
  bool clips_extrapolated = false;  ///< from a few sources, when there is no manifest yet
  std::int64_t samples = 0;
  std::int64_t units = 0;
  int workers = 1;
  std::string calibration_clip;                ///< id
  std::map<std::string, double> clip_seconds;  ///< per clip: decode, instruct, prepare, encode
  std::map<std::string, double>
      sample_seconds;                  ///< per sample: edit, gate, generate, enhance, judge, encode
  std::vector<std::string> not_timed;  ///< stages whose time isn't in here
  std::vector<stages::HeldModel> models;
  double curation_seconds = 0;  ///< still to come
  /// Wall time with `workers`; what devices compute counts as if one sample waited for the other.
  double total_seconds = 0;
  double dataset_bytes = 0;  ///< shards, if every sample were accepted
  double work_bytes = 0;     ///< intermediates, safe to delete when complete
  double memory_bytes = 0;   ///< planned peak of this machine's memory
  double free_bytes = 0;     ///< on the output's disk now
};

/// Throws Error(kInput) when no source gives a clip to calibrate with.
Estimate estimate(const config::Config& config, std::int64_t limit);
nlohmann::ordered_json to_json(const Estimate& estimate);
std::string to_text(const Estimate& estimate);

}  // namespace ditto::pipeline
