#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace ditto::pipeline {

/// Counts of a run in progress, and their display: a few lines redrawn in place on a terminal, a
/// plain line now and then elsewhere. Thread-safe.
class Progress {
 public:
  Progress(std::int64_t clips_planned, std::int64_t units_planned);

  void stage_began(const std::string& stage);
  void stage_ended(const std::string& stage, double seconds);
  void sample_done(const std::string& outcome);
  void clip_done();
  void unit_done();

  struct Counts {
    std::int64_t clips_planned = 0, clips_done = 0, units_planned = 0, units_done = 0;
    std::int64_t accepted = 0, rejected = 0, quarantined = 0;
    std::int64_t samples() const { return accepted + rejected + quarantined; }
  };
  Counts counts() const;
  /// "3/12 clips, 9 samples (7 accepted, 2 rejected, 0 quarantined), 4.2 samples/min, 5m left |
  /// generate 2".
  std::string line() const;
  /// A table of stages for the terminal: running now, done, mean seconds.
  std::string stages() const;

 private:
  struct Stage {
    std::int64_t running = 0;
    std::int64_t done = 0;
    double seconds = 0;
  };
  mutable std::mutex mutex_;
  Counts counts_;
  std::map<std::string, Stage> stages_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Draws `progress` on stderr until destroyed. `interval`: of the plain lines.
class ProgressDisplay {
 public:
  ProgressDisplay(const Progress& progress, bool quiet, std::chrono::seconds interval);
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "45s", "12m", "3h20m".
std::string human_duration(double seconds);
/// "3.4 MB"
std::string human_bytes(double bytes);

}  // namespace ditto::pipeline
