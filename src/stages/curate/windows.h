#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/stages/curate.h"
#include "stages/curate/embedding.h"
#include "stages/curate/frame.h"

/// Lays clips into shots and filters them. Works on numbers per frame as they arrive and forgets
/// them once their shot, or kStretchWindows clips of a longer one, are settled.
namespace ditto::stages::curate {

/// Longer shots are cut into stretches of this many clips, to bound memory.
inline constexpr int kStretchWindows = 32;

/// A clip that passed every filter, with what was measured on it.
struct Window {
  std::int64_t start = 0;  ///< on the grid of clip.fps
  int shot = 0;            ///< counted from 0 within the source
  double motion = 0;       ///< motion score, diagonals
  double luma = 0;         ///< mean, 0..255
  double letterbox = 0;    ///< fraction of the area
  double black = 0;        ///< fraction of the frames
  double frozen = 0;       ///< fraction of the decoded pictures
  double tracked = 0;      ///< mean fraction of the points that could be followed
  double fps = 0;          ///< decoded pictures a second
  Embedding embedding{};
};

class WindowCutter {
 public:
  WindowCutter(const config::Clip& clip, const config::Curate& curate);

  void push(const FrameMeasure& measure, const Descriptor& descriptor);
  /// A shot begins at frame `first`. Boundaries come in order.
  void cut(std::int64_t first);
  /// No shot will begin before this frame any more, beyond those told.
  void settle_before(std::int64_t frame);
  /// The source has ended.
  void finish();

  std::size_t pending() const { return frames_.size(); }
  /// How many frames before pending() calls for a decision.
  std::size_t stretch() const { return static_cast<std::size_t>(clip_.frames) * kStretchWindows; }
  std::int64_t frames() const { return pushed_; }
  /// How many clips passed, including those beyond the limit.
  std::int64_t passed() const { return passed_; }
  /// At most curate.max_clips_per_source of those that passed, evenly spread over the source; the
  /// others become drops.
  std::vector<Window> take_windows();
  /// Clips that failed a filter or are beyond the limit, and shots shorter than a clip; the
  /// source's names are left empty. Call it after take_windows().
  std::vector<Drop> take_drops();

 private:
  struct Frame {
    FrameMeasure measure;
    Descriptor descriptor;
  };
  void lay(std::size_t count, bool whole_shot);
  void judge(std::size_t first);
  void keep(const Window& window);
  void drop_surplus(const Window& window);

  config::Clip clip_;
  config::Curate curate_;
  std::deque<Frame> frames_;  ///< of the current shot and what follows undecided
  std::int64_t first_ = 0;    ///< index of frames_.front()
  std::int64_t pushed_ = 0;
  std::int64_t passed_ = 0;
  std::int64_t stride_ = 1;  ///< every how many-th clip that passes is a candidate
  int shot_ = 0;
  bool shot_has_window_ = false;
  std::vector<Window> windows_;
  std::vector<Drop> drops_;
};

}  // namespace ditto::stages::curate
