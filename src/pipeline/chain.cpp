#include "ditto/pipeline/chain.h"

#include <time.h>

#include <new>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/core/stop.h"
#include "ditto/media/media.h"

namespace ditto::pipeline {
namespace {

double thread_cpu_seconds() {
  timespec now = {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  double cpu_seconds() const { return thread_cpu_seconds() - cpu_start_; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double cpu_start_ = thread_cpu_seconds();
};

/// Runs `work` as one attempt of `stage` and tells the listeners how it ended. A fault that can
/// pass is tried again.
template <class F>
auto attempt(const ChainContext& context, const std::string& key, const StageKey& stage,
             double* seconds, F&& work) {
  for (int tries_left = context.config.run.retries;; --tries_left) {
    if (context.on_stage) context.on_stage(stage.stage);
    const Stopwatch watch;
    const auto tell = [&](const std::string& result, const std::string& error) {
      if (!context.on_attempt) return;
      context.on_attempt({key, stage.stage, stage.fingerprint, result, watch.seconds(),
                          watch.cpu_seconds(), error});
    };
    // A journal that can't be written, on a full disk say, must not hide what went wrong before.
    const auto tell_failure = [&](const std::string& result, const std::string& error) {
      try {
        tell(result, error);
      } catch (const Error& second) {
        spdlog::debug("{}", second.what());
      }
    };
    bool done = false;
    try {
      auto result = work();
      done = true;
      if (seconds != nullptr) *seconds = watch.seconds();
      tell("done", "");
      return result;
    } catch (const Error& e) {
      if (done) throw;  // the journal's own
      tell_failure(e.kind() == ErrorKind::kInterrupted ? "interrupted" : "failed", e.what());
      if (e.kind() != ErrorKind::kTransient || tries_left <= 0) throw;
    } catch (const std::bad_alloc&) {
      tell_failure("failed", "out of memory");
      if (tries_left <= 0) throw Error(ErrorKind::kInput, stage.stage + ": out of memory");
    } catch (const std::exception& e) {
      tell_failure("failed", e.what());
      throw Error(ErrorKind::kInput, stage.stage + ": " + e.what());
    }
  }
}

/// Stores a result's lossless frames and then the result; timed as the stage "store".
void store_frames(const ChainContext& context, const std::string& sample, const StageKey& key,
                  const media::Video& video, const nlohmann::json& result) {
  attempt(context, sample, {"store", {}, key.fingerprint}, nullptr, [&] {
    context.store.put_file(key, "mkv", media::encode_lossless(video));
    context.store.put(key, result);
    return true;
  });
}

}  // namespace

ClipChain::ClipChain(const ChainContext& context, const stages::ClipRecord& record, UnitPlace place)
    : context_(context), record_(record), place_(std::move(place)) {}

template <class F>
auto ClipChain::try_to_use(const StageKey& key, double* seconds, F&& work) {
  try {
    return attempt(context_, record_.id, key, seconds, std::forward<F>(work));
  } catch (const Error&) {
    unusable_ = true;
    throw;
  }
}

int ClipChain::key_frame() const {
  return static_cast<int>(std::lround(context_.config.edit.keyframe_position *
                                      static_cast<double>(record_.frames - 1)));
}

const stages::Clip& ClipChain::clip() {
  std::lock_guard lock(mutex_);
  if (!clip_) {
    const StageKey key{"decode", {}, context_.lineage.clip_fingerprint(record_)};
    clip_ = try_to_use(key, nullptr, [&] {
      media::DecodeRequest request;
      request.fps = record_.fps;
      request.first = record_.start_frame;
      request.count = record_.frames;
      request.width = record_.width;
      request.height = record_.height;
      auto clip = std::make_unique<stages::Clip>();
      clip->id = record_.id;
      clip->ordinal = place_.ordinal;
      clip->key_frame = key_frame();
      clip->video = media::read_video(stages::source_path_of(record_), request);
      return clip;
    });
  }
  return *clip_;
}

template <class Stage>
std::shared_ptr<const typename Stage::Prepared> ClipChain::once(
    std::shared_ptr<const typename Stage::Prepared>& prepared, const char* name,
    const Stage& stage) {
  const stages::Clip& frames = clip();
  std::lock_guard lock(mutex_);
  if (!prepared) {
    const StageKey key{name, {}, context_.lineage.clip_fingerprint(record_)};
    prepared = attempt(context_, record_.id, key, nullptr, [&] { return stage.prepare(frames); });
  }
  return prepared;
}

std::shared_ptr<const stages::Generator::Prepared> ClipChain::prepared() {
  return once(prepared_, "prepare", *context_.backends.generator);
}

std::shared_ptr<const stages::Enhancer::Prepared> ClipChain::prepared_to_enhance() {
  return once(prepared_to_enhance_, "motion", *context_.backends.enhancer);
}

std::optional<std::vector<stages::Instruction>> ClipChain::known_instructions() const {
  const auto stored = context_.store.find(place_.instruct_key);
  if (!stored) return std::nullopt;
  std::vector<stages::Instruction> instructions;
  for (const auto& value : stored->at("instructions")) {
    instructions.push_back(stages::instruction_from_json(value));
  }
  return instructions;
}

std::vector<stages::Instruction> ClipChain::instructions() {
  std::lock_guard lock(instruct_mutex_);
  if (auto known = known_instructions()) return *known;
  stages::InstructRequest request{.count = context_.config.instruct.count,
                                  .clips_after = place_.clips_after,
                                  .taken = context_.backends.user_instructions.for_clip(record_),
                                  .objects = context_.backends.editor->own_objects()};
  if (place_.previous != nullptr) request.owed = place_.previous->owed();
  const stages::Clip& frames = clip();
  double seconds = 0;
  const auto own = try_to_use(place_.instruct_key, &seconds, [&] {
    return context_.backends.instructor->instruct(
        frames, request, Stream(context_.config.run.seed, record_.id, "instruct"));
  });
  std::vector<stages::Instruction> all = request.taken;
  all.insert(all.end(), own.list.begin(), own.list.end());
  nlohmann::json result = {{"seconds", seconds},
                           {"instructions", nlohmann::json::array()},
                           {"owed", own.owed},
                           {"caption", own.caption},
                           {"drops", nlohmann::json::array()}};
  for (const auto& instruction : all) {
    result["instructions"].push_back(nlohmann::json(stages::to_json(instruction)));
  }
  for (const auto& drop : own.drops) {
    result["drops"].push_back(nlohmann::json(stages::to_json(drop)));
  }
  context_.store.put(place_.instruct_key, std::move(result));
  return all;
}

std::string ClipChain::caption() const {
  const auto stored = context_.store.find(place_.instruct_key);
  return stored ? stored->value("caption", "") : "";
}

stages::TaskCounts ClipChain::owed() {
  if (!unusable_) {
    try {
      instructions();
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kInput && e.kind() != ErrorKind::kTransient) throw;
    }
  }
  if (const auto stored = context_.store.find(place_.instruct_key)) return stored->at("owed");
  return place_.previous != nullptr ? place_.previous->owed() : stages::TaskCounts{};
}

std::pair<std::string, std::string> ClipChain::pixel_hashes() {
  const stages::Clip& frames = clip();
  std::lock_guard lock(mutex_);
  if (hashes_.first.empty()) {
    hashes_ = {media::pixel_hash(frames.video), media::pixel_hash(frames.key())};
  }
  return hashes_;
}

void ClipChain::ensure_source_video(const EncodeLater& later) {
  {
    std::lock_guard lock(mutex_);
    if (source_video_begun_) return;
    source_video_begun_ = true;
  }
  const StageKey key = context_.lineage.source_video(record_);
  if (context_.store.find(key)) return;
  const stages::Clip& frames = clip();
  later([this, key, video = frames.video, key_frame = frames.key()] {
    attempt(context_, record_.id, key, nullptr, [&] {
      const auto& output = context_.config.output;
      context_.store.put_file(
          key, "mp4",
          media::encode_mp4(video, {output.crf, output.preset, output.encoder_threads}));
      context_.store.put_file(key, "png", media::encode_png(key_frame));
      return true;
    });
    context_.store.put(key, nlohmann::json::object());
  });
}

void ClipChain::close() {
  std::lock_guard lock(mutex_);
  clip_.reset();
  prepared_.reset();
  prepared_to_enhance_.reset();
}

SampleChain::SampleChain(const ChainContext& context, ClipChain& clip, std::int64_t unit,
                         int number, stages::Instruction instruction)
    : context_(context),
      clip_(clip),
      unit_(unit),
      instruction_(std::move(instruction)),
      key_(fmt::format("{}_{}", clip.record().id, number)),
      keys_(context.lineage.sample(clip.record(), key_, instruction_)) {}

template <class F>
auto SampleChain::attempt(const StageKey& key, F&& work) {
  throw_if_stopped();
  current_stage_ = key.stage;
  return pipeline::attempt(context_, key_, key, &seconds_[key.stage], std::forward<F>(work));
}

std::optional<dataset::SampleRecord> SampleChain::known_record() const {
  const auto stored = context_.store.find(keys_.encode);
  if (!stored) return std::nullopt;
  dataset::SampleRecord record = dataset::sample_from_json(*stored);
  record.unit = unit_;
  record.config_fingerprint = context_.config_fingerprint;
  // The same instruction may have come from another instructor, who saw something else.
  record.fingerprints["instruct"] = clip_.instruct_key().fingerprint;
  add_caption(record);
  if (record.outcome == "accepted") {
    const StageKey source = context_.lineage.source_video(clip_.record());
    std::error_code ignored;
    if (!context_.store.find(source) ||
        !std::filesystem::exists(context_.store.file(keys_.encode, "mp4"), ignored) ||
        !std::filesystem::exists(context_.store.file(keys_.edit, "png"), ignored)) {
      return std::nullopt;
    }
  }
  return record;
}

dataset::SampleRecord SampleChain::run(const EncodeLater& later) {
  later_ = later;
  if (auto record = known_record()) return *record;

  if (const Edited& edit = edited(); !edit.refusal.empty()) return rejected("edit", edit.refusal);
  if (const stages::GateResult gate = gated(); !gate.pass) return rejected("gate", gate.reason);
  if (const std::string refusal = generator_refusal(); !refusal.empty())
    return rejected("generate", refusal);
  // The judge asks for the enhanced frames, these for the generated ones, these for the key frame.
  const stages::Judgement judgement = judged();

  dataset::SampleRecord record = base_record();
  record.scores = stages::to_json(judgement)["scores"];
  record.details["judge"] = judgement.measurements;
  if (!judgement.accepted) {
    record.outcome = "rejected";
    record.stage = "judge";
    record.reason = judgement.reason;
    context_.store.put(keys_.encode, dataset::to_json(record));
    return record;
  }
  record.outcome = "accepted";
  encode(record);
  return record;
}

const SampleChain::Edited& SampleChain::edited() {
  if (edited_) return *edited_;
  Edited edit;
  if (const auto stored = context_.store.find(keys_.edit)) {
    edit.refusal = stored->at("refusal");
    edit.details = stored->at("details");
    edit.hash = stored->value("hash", "");
    seconds_["edit"] = stored->at("seconds");
    if (edit.refusal.empty()) {
      edit.image = media::read_image(context_.store.file(keys_.edit, "png"));
      if (stored->at("has_mask").get<bool>()) {
        cv::extractChannel(media::read_image(context_.store.file(keys_.edit, "mask.png")),
                           edit.mask, 0);
      }
    }
  } else {
    const stages::Clip& clip = clip_.clip();
    const stages::EditResult result = attempt(keys_.edit, [&] {
      return context_.backends.editor->edit(clip.key(), &clip, instruction_,
                                            Stream(context_.config.run.seed, key_, "edit"));
    });
    edit = {result.image, result.mask, result.refusal, result.details, ""};
    if (edit.refusal.empty()) {
      edit.hash = media::pixel_hash(edit.image);
      context_.store.put_file(keys_.edit, "png", media::encode_png(edit.image));
      if (!edit.mask.empty())
        context_.store.put_file(keys_.edit, "mask.png", media::encode_png(edit.mask));
    }
    context_.store.put(keys_.edit, {{"refusal", edit.refusal},
                                    {"details", edit.details},
                                    {"hash", edit.hash},
                                    {"has_mask", !edit.mask.empty()},
                                    {"seconds", seconds_["edit"]}});
  }
  details_["edit"] = edit.details;
  if (!edit.hash.empty()) hashes_["edited_key_frame"] = edit.hash;
  edited_ = std::move(edit);
  return *edited_;
}

stages::GateResult SampleChain::gated() {
  stages::GateResult gate;
  if (const auto stored = context_.store.find(keys_.gate)) {
    gate = {stored->at("pass"), stored->at("reason"), stored->at("scores")};
    seconds_["gate"] = stored->at("seconds");
  } else {
    const stages::Clip& clip = clip_.clip();
    const Edited& edit = edited();
    gate = attempt(keys_.gate, [&] {
      return context_.backends.gate->check(clip.key(), edit.image, edit.mask, instruction_);
    });
    context_.store.put(keys_.gate, {{"pass", gate.pass},
                                    {"reason", gate.reason},
                                    {"scores", gate.scores},
                                    {"seconds", seconds_["gate"]}});
  }
  details_["gate"] = gate.scores;
  return gate;
}

std::string SampleChain::generator_refusal() {
  // Enhanced frames have been generated.
  if (context_.store.find(keys_.enhance)) return "";
  generated();
  return refusal_;
}

const media::Video& SampleChain::generated() {
  if (generated_) return *generated_;
  if (const auto stored = context_.store.find(keys_.generate)) {
    refusal_ = stored->value("refusal", "");
    if (!refusal_.empty()) {
      generated_ = media::Video();
      details_["generate"] = stored->at("details");
      seconds_["generate"] = stored->at("seconds");
      return *generated_;
    }
    generated_ = media::read_lossless(context_.store.file(keys_.generate, "mkv"));
    confidence_ = stored->at("confidence").get<std::vector<float>>();
    details_["generate"] = stored->at("details");
    hashes_["generated"] = stored->at("hash");
    seconds_["generate"] = stored->at("seconds");
    return *generated_;
  }
  const stages::Clip& clip = clip_.clip();
  const auto prepared = clip_.prepared();
  const Edited& edit = edited();
  stages::Generation generation = attempt(keys_.generate, [&] {
    return context_.backends.generator->generate(
        clip, *prepared, {{clip.key_frame, edit.image}}, instruction_.text,
        Stream(context_.config.run.seed, key_, "generate"));
  });
  generated_ = generation.video;
  refusal_ = generation.refusal;
  if (!refusal_.empty()) {
    details_["generate"] = generation.details;
    context_.store.put(keys_.generate, {{"refusal", refusal_},
                                        {"details", generation.details},
                                        {"seconds", seconds_["generate"]}});
    return *generated_;
  }
  confidence_ = generation.confidence;
  details_["generate"] = generation.details;
  hashes_["generated"] = media::pixel_hash(*generated_);
  nlohmann::json result = {{"confidence", confidence_},
                           {"details", generation.details},
                           {"hash", hashes_["generated"]},
                           {"seconds", seconds_["generate"]}};
  later_([this, video = *generated_, result = std::move(result)] {
    store_frames(context_, key_, keys_.generate, video, result);
  });
  return *generated_;
}

const media::Video& SampleChain::enhanced() {
  if (enhanced_) return *enhanced_;
  if (const auto stored = context_.store.find(keys_.enhance)) {
    enhanced_ = media::read_lossless(context_.store.file(keys_.enhance, "mkv"));
    hashes_["final"] = stored->at("hash");
    hashes_["generated"] = stored->at("generated_hash");
    seconds_["enhance"] = stored->at("seconds");
    // What the generator measured belongs to the record, though its frames aren't needed again.
    if (const auto generation = context_.store.find(keys_.generate)) {
      confidence_ = generation->at("confidence").get<std::vector<float>>();
      details_["generate"] = generation->at("details");
      seconds_["generate"] = generation->at("seconds");
    } else {
      generated();
    }
    return *enhanced_;
  }
  const media::Video& input = generated();
  const stages::Clip& clip = clip_.clip();
  const auto prepared = clip_.prepared_to_enhance();
  enhanced_ = attempt(keys_.enhance, [&] {
    return context_.backends.enhancer->enhance(clip, *prepared, input, instruction_.text,
                                               Stream(context_.config.run.seed, key_, "enhance"));
  });
  hashes_["final"] = media::pixel_hash(*enhanced_);
  nlohmann::json result = {{"hash", hashes_["final"]},
                           {"generated_hash", hashes_["generated"]},
                           {"seconds", seconds_["enhance"]}};
  later_([this, video = *enhanced_, result = std::move(result)] {
    store_frames(context_, key_, keys_.enhance, video, result);
  });
  generated_.reset();
  return *enhanced_;
}

stages::Judgement SampleChain::judged() {
  if (const auto stored = context_.store.find(keys_.judge)) {
    seconds_["judge"] = stored->at("seconds");
    enhanced();  // hashes and measurements for the record; the encoder wants the frames
    return stages::judgement_from_json(stored->at("judgement"));
  }
  const stages::Clip& clip = clip_.clip();
  const media::Video& video = enhanced();
  const Edited& edit = edited();
  const stages::Judgement judgement = attempt(keys_.judge, [&] {
    stages::JudgeContext judge_context;
    judge_context.instruction = instruction_;
    judge_context.key_frame = clip.key_frame;
    judge_context.edited_key_frame = edit.image;
    judge_context.mask = edit.mask;
    judge_context.confidence = confidence_;
    return context_.backends.judge->judge(clip.video, video, judge_context);
  });
  context_.store.put(keys_.judge,
                     {{"judgement", stages::to_json(judgement)}, {"seconds", seconds_["judge"]}});
  return judgement;
}

void SampleChain::encode(dataset::SampleRecord record) {
  clip_.ensure_source_video(later_);
  const auto [clip_hash, key_frame_hash] = clip_.pixel_hashes();
  record.hashes["clip"] = clip_hash;
  record.hashes["key_frame"] = key_frame_hash;
  later_([this, record = std::move(record), video = *enhanced_]() mutable {
    // The frames came from the judge; encoding is timed as its own stage.
    const auto& output = context_.config.output;
    const std::string bytes =
        pipeline::attempt(context_, key_, keys_.encode, &record.seconds["encode"], [&] {
          return media::encode_mp4(video, {output.crf, output.preset, output.encoder_threads});
        });
    context_.store.put_file(keys_.encode, "mp4", bytes);
    context_.store.put(keys_.encode, dataset::to_json(record));
  });
}

dataset::SampleRecord SampleChain::rejected(const std::string& stage, const std::string& reason) {
  dataset::SampleRecord record = base_record();
  record.outcome = "rejected";
  record.stage = stage;
  record.reason = reason;
  context_.store.put(keys_.encode, dataset::to_json(record));
  return record;
}

void SampleChain::release() {
  edited_.reset();
  generated_.reset();
  enhanced_.reset();
}

dataset::SampleRecord SampleChain::quarantined(const std::string& error) const {
  dataset::SampleRecord record = base_record();
  record.outcome = "quarantined";
  record.stage = current_stage_.empty() ? "decode" : current_stage_;
  record.reason = error;
  return record;
}

dataset::SampleRecord SampleChain::base_record() const {
  const stages::ClipRecord& clip = clip_.record();
  dataset::SampleRecord record;
  record.key = key_;
  record.clip_id = clip.id;
  record.unit = unit_;
  record.instruction = instruction_;
  record.details = details_;
  record.seconds = seconds_;
  for (const StageKey* key : keys_.all()) record.fingerprints[key->stage] = key->fingerprint;
  record.fingerprints["instruct"] = clip_.instruct_key().fingerprint;
  record.hashes = hashes_;
  record.hashes["source_file"] = clip.source_sha256;
  record.clip = {{"fps", {clip.fps.num, clip.fps.den}},
                 {"frames", clip.frames},
                 {"width", clip.width},
                 {"height", clip.height},
                 {"key_frame", clip_.key_frame()},
                 {"start_frame", clip.start_frame},
                 {"start_seconds", clip.start_seconds},
                 {"motion", clip.motion}};
  add_caption(record);
  record.config_fingerprint = context_.config_fingerprint;
  return record;
}

void SampleChain::add_caption(dataset::SampleRecord& record) const {
  record.clip.erase("caption");
  if (const std::string caption = clip_.caption(); !caption.empty())
    record.clip["caption"] = caption;
}

dataset::SampleFiles SampleChain::files() const {
  const StageKey source = context_.lineage.source_video(clip_.record());
  dataset::SampleFiles files;
  files.source_mp4 = read_file(context_.store.file(source, "mp4"));
  files.keyframe_png = read_file(context_.store.file(source, "png"));
  files.edited_mp4 = read_file(context_.store.file(keys_.encode, "mp4"));
  files.edited_keyframe_png = read_file(context_.store.file(keys_.edit, "png"));
  const auto edit = context_.store.find(keys_.edit);
  if (edit && edit->value("has_mask", false)) {
    files.mask_png = read_file(context_.store.file(keys_.edit, "mask.png"));
  }
  return files;
}

}  // namespace ditto::pipeline
