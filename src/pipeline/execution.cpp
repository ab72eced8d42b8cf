#include "ditto/pipeline/execution.h"

#include <sys/statvfs.h>

#include <thread>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"

namespace ditto::pipeline {

Execution::Execution(const ChainContext& context, const std::filesystem::path& out,
                     Journal& journal, Progress& progress, int workers)
    : context_(context),
      out_(out),
      journal_(journal),
      progress_(progress),
      workers_(workers),
      encode_queue_(static_cast<std::size_t>(workers)),
      write_queue_(2) {}

std::int64_t Execution::run(const std::vector<Unit>& units) {
  const auto memory = static_cast<std::size_t>(context_.config.run.memory_megabytes * 1e6);
  const std::size_t held =
      stages::host_bytes(held_models(context_.backends, clip_shape(context_.config.clip)));
  const std::size_t budget = memory - std::min(memory, held);
  scheduler_ = std::make_unique<Scheduler>(make_jobs(units), budget, workers_);
  scheduler_->on_closed = [this](const auto& clip) { clip_closed(clip); };

  std::jthread writer([this] { guard([this] { write_loop(); }); });
  {
    std::vector<std::jthread> encoders;
    for (int i = 0; i < workers_; ++i)
      encoders.emplace_back([this] { guard([this] { encode_loop(); }); });
    {
      std::vector<std::jthread> workers;
      workers.emplace_back([this] { guard([this] { decode_loop(); }); });
      for (int i = 0; i < workers_; ++i)
        workers.emplace_back([this] { guard([this] { work_loop(); }); });
    }
    encode_queue_.close();  // what is queued is still stored, also after a stop
  }
  write_queue_.close();
  writer.join();
  if (failure_) std::rethrow_exception(failure_);
  return computed_;
}

std::vector<std::shared_ptr<ClipJob>> Execution::make_jobs(const std::vector<Unit>& units) const {
  std::vector<std::shared_ptr<ClipJob>> jobs;
  for (const Unit& unit : units) {
    auto unit_job = std::make_shared<UnitJob>();
    unit_job->unit = unit;
    unit_job->clips_left = unit.clips.size();
    UnitPlace place{.ordinal = unit.first_ordinal, .clips_after = context_.config.run.unit_clips};
    const std::vector<StageKey> keys = context_.lineage.instruct(unit.first_ordinal, unit.clips);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const stages::ClipRecord& record = unit.clips[i];
      auto clip = std::make_shared<ClipJob>();
      clip->unit = unit_job;
      --place.clips_after;
      place.instruct_key = keys[i];
      clip->chain = std::make_unique<ClipChain>(context_, record, place);
      ++place.ordinal;
      place.previous = clip->chain.get();
      clip->need = memory_need(context_.backends,
                               {record.frames, record.width, record.height, record.fps.value()});
      unit_job->clips.push_back(clip);
      jobs.push_back(clip);
    }
  }
  return jobs;
}

void Execution::decode_loop() {
  while (const auto clip = scheduler_->next_clip()) {
    if (try_known(clip)) continue;
    check_disk();
    try {
      clip->chain->clip();
      scheduler_->decoded(clip);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kInput && e.kind() != ErrorKind::kTransient) throw;
      quarantine_clip(clip, e.what());
    }
  }
}

bool Execution::try_known(const std::shared_ptr<ClipJob>& clip) {
  const auto instructions = clip->chain->known_instructions();
  if (!instructions) return false;
  make_samples(*clip, *instructions);
  for (SampleJob& sample : clip->samples) {
    auto record = sample.chain->known_record();
    if (!record) return false;
    sample.record = std::move(*record);
  }
  scheduler_->opened(clip, {});
  return true;
}

void Execution::work_loop() {
  while (const auto task = scheduler_->next_task()) {
    if (task->sample) {
      compute(task->clip, *task->sample);
    } else {
      prepare(task->clip);
    }
  }
}

void Execution::prepare(const std::shared_ptr<ClipJob>& clip) {
  try {
    make_samples(*clip, clip->chain->instructions());
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kInput && e.kind() != ErrorKind::kTransient) throw;
    quarantine_clip(clip, e.what());
    return;
  }
  std::vector<std::size_t> to_compute;
  for (std::size_t i = 0; i < clip->samples.size(); ++i) {
    if (auto record = clip->samples[i].chain->known_record()) {
      clip->samples[i].record = std::move(*record);
    } else {
      to_compute.push_back(i);
    }
  }
  scheduler_->opened(clip, std::move(to_compute));
}

void Execution::compute(const std::shared_ptr<ClipJob>& clip, std::size_t index) {
  SampleJob& sample = clip->samples[index];
  try {
    sample.record = sample.chain->run(
        [&](std::function<void()> job) { encode_later(clip, index, std::move(job)); });
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::kInput && e.kind() != ErrorKind::kTransient) throw;
    sample.record = sample.chain->quarantined(e.what());
    spdlog::warn("{}: quarantined at {}: {}", sample.chain->key(), sample.record.stage, e.what());
  }
  sample.chain->release();
  {
    std::lock_guard lock(mutex_);
    ++computed_;
  }
  scheduler_->finished(clip, index);
}

void Execution::encode_later(const std::shared_ptr<ClipJob>& clip, std::size_t sample,
                             std::function<void()> job) {
  scheduler_->add_pending(clip, sample);
  const bool taken = encode_queue_.push([this, clip, sample, job = std::move(job)] {
    try {
      job();
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kInput && e.kind() != ErrorKind::kTransient) throw;
      std::lock_guard lock(mutex_);
      clip->samples[sample].record = clip->samples[sample].chain->quarantined(e.what());
    }
    scheduler_->finished(clip, sample);
  });
  if (!taken) throw Error(ErrorKind::kInterrupted, "stopped");
}

void Execution::encode_loop() {
  while (const auto job = encode_queue_.pop()) (*job)();
}

void Execution::make_samples(ClipJob& clip,
                             const std::vector<stages::Instruction>& instructions) const {
  clip.samples.clear();
  int number = 0;
  for (const auto& instruction : instructions) {
    SampleJob sample;
    sample.chain = std::make_unique<SampleChain>(context_, *clip.chain, clip.unit->unit.index,
                                                 number++, instruction);
    clip.samples.push_back(std::move(sample));
  }
}

void Execution::quarantine_clip(const std::shared_ptr<ClipJob>& clip, const std::string& error) {
  // Its instructions are not known: one sample stands for the clip, so that it is counted and
  // listed.
  spdlog::warn("{}: quarantined: {}", clip->chain->record().id, error);
  make_samples(*clip, {stages::Instruction{}});
  clip->samples[0].record = clip->samples[0].chain->quarantined(error);
  clip->failed = true;
  scheduler_->opened(clip, {});
}

void Execution::clip_closed(const std::shared_ptr<ClipJob>& clip) {
  for (const SampleJob& sample : clip->samples) progress_.sample_done(sample.record.outcome);
  progress_.clip_done();
  bool unit_complete = false;
  {
    std::lock_guard lock(mutex_);
    unit_complete = --clip->unit->clips_left == 0;
  }
  if (unit_complete) write_queue_.push(clip->unit);
}

void Execution::write_loop() {
  while (const auto unit = write_queue_.pop()) {
    write_unit(**unit);
    for (const auto& clip : (*unit)->clips) clip->samples.clear();
    progress_.unit_done();
  }
}

void Execution::write_unit(const UnitJob& job) {
  dataset::UnitWriter writer(out_, job.unit.index, job.unit.fingerprint, context_.config.output);
  for (const auto& clip : job.clips) {
    for (const SampleJob& sample : clip->samples) {
      if (sample.record.outcome != "accepted") {
        writer.add(sample.record);
        continue;
      }
      const auto record = sample.chain->known_record();
      if (!record) {
        throw Error(ErrorKind::kFatal,
                    sample.chain->key() + ": its files have vanished from the work directory");
      }
      writer.add(*record, sample.chain->files());
    }
  }
  const dataset::UnitSummary summary = writer.commit();
  journal_.record_unit(summary.unit, summary.fingerprint, summary.accepted, summary.rejected,
                       summary.quarantined);
  spdlog::debug("unit {}: {} accepted, {} rejected, {} quarantined", summary.unit, summary.accepted,
                summary.rejected, summary.quarantined);
}

void Execution::check_disk() const {
  struct statvfs info = {};
  if (::statvfs(out_.c_str(), &info) != 0) return;
  const double free_megabytes =
      1e-6 * static_cast<double>(info.f_bavail) * static_cast<double>(info.f_frsize);
  if (free_megabytes < context_.config.run.min_free_megabytes) {
    throw Error(
        ErrorKind::kFatal,
        fmt::format("only {:.0f} MB are free in {}, less than run.min_free_megabytes = {:.0f}; "
                    "make room and run the same command again",
                    free_megabytes, printable(out_), context_.config.run.min_free_megabytes));
  }
}

void Execution::fail(std::exception_ptr error) {
  {
    std::lock_guard lock(mutex_);
    if (!failure_) failure_ = error;
  }
  scheduler_->stop();
  encode_queue_.abort();
  write_queue_.abort();
}

void Execution::guard(const std::function<void()>& loop) {
  try {
    loop();
  } catch (const Error& e) {
    // A stop is no failure: the other threads see it by themselves and what is queued is stored.
    if (e.kind() != ErrorKind::kInterrupted) fail(std::current_exception());
  } catch (...) {
    fail(std::current_exception());
  }
}

}  // namespace ditto::pipeline
