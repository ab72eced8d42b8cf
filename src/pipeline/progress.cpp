#include "ditto/pipeline/progress.h"

#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <thread>

namespace ditto::pipeline {

Progress::Progress(std::int64_t clips_planned, std::int64_t units_planned) {
  counts_.clips_planned = clips_planned;
  counts_.units_planned = units_planned;
}

void Progress::stage_began(const std::string& stage) {
  std::lock_guard lock(mutex_);
  ++stages_[stage].running;
}

void Progress::stage_ended(const std::string& stage, double seconds) {
  std::lock_guard lock(mutex_);
  Stage& entry = stages_[stage];
  --entry.running;
  ++entry.done;
  entry.seconds += seconds;
}

void Progress::sample_done(const std::string& outcome) {
  std::lock_guard lock(mutex_);
  ++(outcome == "accepted"   ? counts_.accepted
     : outcome == "rejected" ? counts_.rejected
                             : counts_.quarantined);
}

void Progress::clip_done() {
  std::lock_guard lock(mutex_);
  ++counts_.clips_done;
}

void Progress::unit_done() {
  std::lock_guard lock(mutex_);
  ++counts_.units_done;
}

Progress::Counts Progress::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

std::string Progress::line() const {
  std::lock_guard lock(mutex_);
  const double elapsed =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  std::string text =
      fmt::format("{}/{} clips, {} samples ({} accepted, {} rejected, {} quarantined)",
                  counts_.clips_done, counts_.clips_planned, counts_.samples(), counts_.accepted,
                  counts_.rejected, counts_.quarantined);
  if (counts_.samples() > 0) {
    text += fmt::format(", {:.1f} samples/min",
                        60.0 * static_cast<double>(counts_.samples()) / elapsed);
  }
  if (counts_.clips_done > 0 && counts_.clips_done < counts_.clips_planned) {
    const double per_clip = elapsed / static_cast<double>(counts_.clips_done);
    text += fmt::format(
        ", about {} left",
        human_duration(per_clip * static_cast<double>(counts_.clips_planned - counts_.clips_done)));
  }
  return text;
}

std::string Progress::stages() const {
  std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [name, stage] : stages_) {
    const double mean = stage.done > 0 ? stage.seconds / static_cast<double>(stage.done) : 0.0;
    text += fmt::format("  {:<9} {:>2} running {:>6} done {:>7.2f} s each\n", name, stage.running,
                        stage.done, mean);
  }
  return text;
}

struct ProgressDisplay::State {
  const Progress& progress;
  bool terminal = false;
  std::chrono::milliseconds interval{};
  std::mutex mutex;
  std::condition_variable wake;
  bool ended = false;
  int drawn_lines = 0;
  std::thread thread;

  void erase() {
    for (; drawn_lines > 0; --drawn_lines) std::fputs("\033[1A\033[2K", stderr);
  }
  void draw() {
    if (terminal) {
      erase();
      const std::string text = progress.line() + "\n" + progress.stages();
      drawn_lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
      std::fputs(text.c_str(), stderr);
      std::fflush(stderr);
    } else {
      spdlog::info("{}", progress.line());
    }
  }
  void loop() {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, interval, [this] { return ended; })) draw();
    if (terminal) erase();
  }
};

ProgressDisplay::ProgressDisplay(const Progress& progress, bool quiet,
                                 std::chrono::seconds interval)
    : state_(std::make_unique<State>(progress)) {
  if (quiet) return;
  state_->terminal = ::isatty(STDERR_FILENO) != 0;
  state_->interval =
      state_->terminal ? std::chrono::milliseconds(500) : std::chrono::milliseconds(interval);
  state_->thread = std::thread([state = state_.get()] { state->loop(); });
}

ProgressDisplay::~ProgressDisplay() {
  if (!state_->thread.joinable()) return;
  {
    std::lock_guard lock(state_->mutex);
    state_->ended = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
}

std::string human_duration(double seconds) {
  const auto total = static_cast<std::int64_t>(seconds + 0.5);
  if (total < 100) return fmt::format("{}s", total);
  if (total < 100 * 60) return fmt::format("{}m", (total + 30) / 60);
  if (total < 48 * 3600) return fmt::format("{}h{:02}m", total / 3600, total / 60 % 60);
  return fmt::format("{:.1f} days", static_cast<double>(total) / 86400.0);
}

std::string human_bytes(double bytes) {
  const std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < units.size()) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

}  // namespace ditto::pipeline
