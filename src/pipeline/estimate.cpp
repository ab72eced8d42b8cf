#include "ditto/pipeline/estimate.h"

#include <sys/statvfs.h>

#include <thread>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/dataset/manifest.h"
#include "ditto/media/media.h"
#include "ditto/pipeline/backends.h"
#include "ditto/pipeline/curation.h"
#include "ditto/pipeline/progress.h"
#include "ditto/pipeline/runner.h"

namespace ditto::pipeline {
namespace {

namespace fs = std::filesystem;

/// Sources that are curated to learn how many clips a source gives.
constexpr std::size_t kProbedSources = 3;
/// What the process takes besides frames: code, libraries, buffers of decoders and encoders
/// (measured on clips so small that nothing else counts).
constexpr double kProcessBytes = 280e6;
/// Samples of the calibration clip that are timed.
constexpr std::size_t kTimedSamples = 2;

template <class F>
auto timed(std::map<std::string, double>& seconds, const std::string& stage, F&& work) {
  throw_if_stopped();
  const auto start = std::chrono::steady_clock::now();
  auto result = work();
  seconds[stage] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

/// Clips of a few sources spread over the listing, with the time that took.
std::vector<stages::ClipRecord> probe_sources(const stages::Listing& listing,
                                              const config::Config& config, Estimate& estimate) {
  std::vector<stages::ClipRecord> clips;
  std::map<std::string, double> seconds;
  const std::size_t count = listing.files.size();
  std::size_t probed = 0;
  // Past the wanted number only until one of them gives a clip.
  for (std::size_t i = 0; i < count && (probed < kProbedSources || clips.empty()); ++i, ++probed) {
    const std::size_t place = probed < kProbedSources && count > kProbedSources
                                  ? probed * (count - 1) / (kProbedSources - 1)
                                  : i;
    auto result = timed(seconds, "curate", [&] {
      return stages::curate_source(listing.files[place], config.clip, config.curate);
    });
    clips.insert(clips.end(), result.clips.begin(), result.clips.end());
  }
  const double scale =
      static_cast<double>(count) / static_cast<double>(std::max<std::size_t>(probed, 1));
  estimate.clips = std::llround(static_cast<double>(clips.size()) * scale);
  estimate.clips_extrapolated = probed < count;
  estimate.curation_seconds = seconds["curate"] * scale;
  return clips;
}

/// Whether a stage's networks are on a device, which workers don't share.
bool on_device(const std::vector<stages::HeldModel>& held) {
  return !held.empty() && stages::host_bytes(held) == 0;
}

/// Whether a stage's time can be told. Its first answer, for which the weights are read, isn't what
/// the others take: `ask` gets it out of the way.
template <class Ask>
bool can_be_timed(const std::string& stage, const std::vector<stages::HeldModel>& held,
                  Estimate& estimate, Ask&& ask) {
  if (held.empty()) return true;
  if (on_device(held)) {
    ask();
    return true;
  }
  estimate.not_timed.push_back(stage);
  return false;
}

/// Puts one clip and some of its samples through the chain in memory.
void calibrate(const stages::ClipRecord& record, const config::Config& config,
               const Backends& backends, Estimate& estimate) {
  estimate.calibration_clip = record.id;
  stages::Clip clip;
  clip.id = record.id;
  clip.key_frame =
      static_cast<int>(std::lround(config.edit.keyframe_position * (record.frames - 1)));
  clip.video = timed(estimate.clip_seconds, "decode", [&] {
    return media::read_video(
        stages::source_path_of(record),
        {record.fps, record.start_frame, record.frames, record.width, record.height});
  });
  const stages::ClipShape shape = clip_shape(config.clip);
  const auto instructed_by = [&](const stages::Instructor& instructor) {
    return instructor
        .instruct(clip, {.count = config.instruct.count},
                  Stream(config.run.seed, clip.id, "instruct"))
        .list;
  };
  std::vector<stages::Instruction> instructions;
  if (can_be_timed("instruct", backends.instructor->held_models(shape), estimate,
                   [&] { instructed_by(*backends.instructor); })) {
    instructions = timed(estimate.clip_seconds, "instruct",
                         [&] { return instructed_by(*backends.instructor); });
  } else {
    config::Instruct builtin = config.instruct;
    builtin.backend = "builtin";
    instructions = instructed_by(*stages::make_instructor(builtin));
  }
  const auto prepared =
      timed(estimate.clip_seconds, "prepare", [&] { return backends.generator->prepare(clip); });
  const auto prepared_to_enhance =
      timed(estimate.clip_seconds, "motion", [&] { return backends.enhancer->prepare(clip); });
  const media::EncodeOptions options{config.output.crf, config.output.preset,
                                     config.output.encoder_threads};
  const std::string source_mp4 = timed(estimate.clip_seconds, "encode",
                                       [&] { return media::encode_mp4(clip.video, options); });

  double sample_bytes = 0;
  double work_bytes = 0;
  double done = 0;
  std::map<std::string, double> seconds;
  std::optional<bool> judge_timed;
  for (const auto& instruction : instructions) {
    if (done >= kTimedSamples) break;
    const auto edit = timed(seconds, "edit", [&] {
      return backends.editor->edit(clip.key(), &clip, instruction,
                                   Stream(config.run.seed, clip.id, "edit"));
    });
    if (!edit.refusal.empty()) continue;
    timed(seconds, "gate",
          [&] { return backends.gate->check(clip.key(), edit.image, edit.mask, instruction); });
    const auto generation = timed(seconds, "generate", [&] {
      return backends.generator->generate(clip, *prepared, {{clip.key_frame, edit.image}},
                                          instruction.text,
                                          Stream(config.run.seed, clip.id, "generate"));
    });
    if (!generation.refusal.empty()) continue;
    const auto video = timed(seconds, "enhance", [&] {
      return backends.enhancer->enhance(clip, *prepared_to_enhance, generation.video,
                                        instruction.text,
                                        Stream(config.run.seed, clip.id, "enhance"));
    });
    stages::JudgeContext context{instruction, clip.key_frame, edit.image, edit.mask,
                                 generation.confidence};
    const auto judged = [&] { return backends.judge->judge(clip.video, video, context); };
    if (!judge_timed) {
      judge_timed = can_be_timed("judge", backends.judge->held_models(shape), estimate, judged);
    }
    if (*judge_timed) timed(seconds, "judge", judged);
    const auto lossless =
        timed(seconds, "encode", [&] { return media::encode_lossless(generation.video); });
    const auto lossless2 = timed(seconds, "encode", [&] { return media::encode_lossless(video); });
    const auto mp4 = timed(seconds, "encode", [&] { return media::encode_mp4(video, options); });
    const std::size_t pictures =
        media::encode_png(edit.image).size() + media::encode_png(clip.key()).size();
    sample_bytes += static_cast<double>(source_mp4.size() + mp4.size() + pictures);
    work_bytes += static_cast<double>(lossless.size() + lossless2.size() + mp4.size() + pictures);
    done += 1;
  }
  if (done == 0)
    throw Error(ErrorKind::kInput,
                clip.id + ": no instruction of the calibration clip could be carried out");
  for (const auto& [stage, total] : seconds) estimate.sample_seconds[stage] = total / done;
  estimate.dataset_bytes = sample_bytes / done * static_cast<double>(estimate.samples);
  estimate.work_bytes =
      work_bytes / done * static_cast<double>(estimate.samples) + estimate.dataset_bytes;
}

double sum(const std::map<std::string, double>& seconds) {
  double total = 0;
  for (const auto& [stage, value] : seconds) total += value;
  return total;
}

/// Of the run's seconds, those that workers don't share: of stages whose networks are on a device.
double device_seconds(const Backends& backends, const stages::ClipShape& shape,
                      const Estimate& estimate) {
  const auto of = [](const std::map<std::string, double>& seconds, const std::string& stage) {
    const auto found = seconds.find(stage);
    return found == seconds.end() ? 0.0 : found->second;
  };
  double seconds = 0;
  if (on_device(backends.instructor->held_models(shape))) {
    seconds += of(estimate.clip_seconds, "instruct") * static_cast<double>(estimate.clips);
  }
  if (on_device(backends.judge->held_models(shape))) {
    seconds += of(estimate.sample_seconds, "judge") * static_cast<double>(estimate.samples);
  }
  return seconds;
}

nlohmann::ordered_json to_json(const stages::HeldModel& model) {
  return {{"weights", model.weights},
          {"device", model.device},
          {"dtype", model.dtype},
          {"on_host", model.on_host},
          {"weight_bytes", model.weight_bytes},
          {"cache_bytes", model.cache_bytes}};
}

}  // namespace

Estimate estimate(const config::Config& config, std::int64_t limit) {
  const Backends backends = make_backends(config, 1);
  const stages::Listing listing = stages::list_sources(config.sources);
  const fs::path out = fs::absolute(config.output.dir.empty() ? "." : config.output.dir);
  Estimate result;
  result.files = static_cast<std::int64_t>(listing.files.size());
  std::vector<stages::ClipRecord> clips;
  if (!config.output.dir.empty() && manifest_is_current(out, config, listing)) {
    clips = dataset::read_manifest(out);
    result.clips = static_cast<std::int64_t>(clips.size());
  } else {
    clips = probe_sources(listing, config, result);
  }
  if (clips.empty()) {
    throw Error(ErrorKind::kInput, "no source gives a clip, so there is nothing to estimate from");
  }
  if (limit > 0) result.clips = std::min(result.clips, limit);
  result.samples = result.clips * config.instruct.count;
  result.units = (result.clips + config.run.unit_clips - 1) / config.run.unit_clips;
  result.workers = worker_count(config);
  calibrate(clips[clips.size() / 2], config, backends, result);
  const stages::ClipShape shape = clip_shape(config.clip);
  const double on_devices = device_seconds(backends, shape, result);
  const double serial = result.curation_seconds +
                        sum(result.clip_seconds) * static_cast<double>(result.clips) +
                        sum(result.sample_seconds) * static_cast<double>(result.samples);
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  result.total_seconds = on_devices + (serial - on_devices) / std::min(result.workers, cores);
  const MemoryNeed need = memory_need(backends, shape);
  result.models = held_models(backends, shape);
  const auto held = static_cast<double>(stages::host_bytes(result.models));
  result.memory_bytes =
      kProcessBytes + std::min(config.run.memory_megabytes * 1e6,
                               held + 2.0 * static_cast<double>(need.clip) +
                                   result.workers * static_cast<double>(need.sample));
  struct statvfs info = {};
  fs::path existing = out;
  while (!fs::exists(existing) && existing.has_relative_path()) existing = existing.parent_path();
  if (::statvfs(existing.c_str(), &info) == 0) {
    result.free_bytes = static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
  }
  return result;
}

nlohmann::ordered_json to_json(const Estimate& e) {
  nlohmann::ordered_json models = nlohmann::ordered_json::array();
  for (const stages::HeldModel& model : e.models) models.push_back(to_json(model));
  return {{"files", e.files},
          {"clips", e.clips},
          {"clips_extrapolated", e.clips_extrapolated},
          {"samples", e.samples},
          {"units", e.units},
          {"workers", e.workers},
          {"calibration_clip", e.calibration_clip},
          {"clip_seconds", e.clip_seconds},
          {"sample_seconds", e.sample_seconds},
          {"not_timed", e.not_timed},
          {"models", models},
          {"curation_seconds", e.curation_seconds},
          {"total_seconds", e.total_seconds},
          {"dataset_bytes", e.dataset_bytes},
          {"work_bytes", e.work_bytes},
          {"memory_bytes", e.memory_bytes},
          {"free_bytes", e.free_bytes}};
}

std::string to_text(const Estimate& e) {
  std::string text;
  const auto row = [&](const std::string& name, const std::string& value) {
    text += fmt::format("{:<12} {}\n", name, value);
  };
  row("sources", fmt::format("{} files", e.files));
  row("clips", fmt::format("{}{}", e.clips,
                           e.clips_extrapolated ? " (extrapolated from a few sources)" : ""));
  row("samples", fmt::format("{} at most, in {} units", e.samples, e.units));
  const auto stages = [](const std::map<std::string, double>& seconds) {
    std::string list;
    for (const auto& [stage, value] : seconds)
      list += fmt::format("{}{} {:.2f}", list.empty() ? "" : ", ", stage, value);
    return list;
  };
  row("per clip", fmt::format("{:.2f} s ({})", sum(e.clip_seconds), stages(e.clip_seconds)));
  row("per sample", fmt::format("{:.2f} s ({})", sum(e.sample_seconds), stages(e.sample_seconds)));
  row("measured on", e.calibration_clip);
  row("time", fmt::format("about {} with {} workers", human_duration(e.total_seconds), e.workers));
  if (!e.not_timed.empty()) {
    row("not timed", fmt::format("{}: networks on the CPU, which can take hours; their seconds are "
                                 "in none of these",
                                 fmt::join(e.not_timed, ", ")));
  }
  row("dataset", fmt::format("about {} if every sample is accepted", human_bytes(e.dataset_bytes)));
  row("work", fmt::format("about {} of intermediates, safe to delete when complete",
                          human_bytes(e.work_bytes)));
  row("memory", fmt::format("about {}", human_bytes(e.memory_bytes)));
  for (const stages::HeldModel& model : e.models) {
    row("network",
        fmt::format("{} in {}: {} of weights and up to {} of keys and values, {}", model.weights,
                    model.dtype, human_bytes(static_cast<double>(model.weight_bytes)),
                    human_bytes(static_cast<double>(model.cache_bytes)),
                    model.on_host ? "a part of the memory above"
                                  : "of the device's memory; what it computes with comes on top, "
                                    "and isn't estimated"));
  }
  row("free disk",
      fmt::format("{}{}", human_bytes(e.free_bytes),
                  e.free_bytes < e.dataset_bytes + e.work_bytes ? "  NOT ENOUGH" : ""));
  return text;
}

}  // namespace ditto::pipeline
