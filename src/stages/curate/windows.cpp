#include "stages/curate/windows.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "ditto/core/rational.h"

namespace ditto::stages::curate {
namespace {

// Fewer points than this share followed: the step's length isn't known.
constexpr float kTrackedEnough = 0.1F;
// With a limit, so many times more candidates than needed are kept for an even choice.
constexpr std::size_t kSpareCandidates = 64;

float lower_quartile(std::vector<float> values) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 4);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

/// What a run of frames says about bars: on each side, what most frames that aren't black show.
double letterbox_of(const std::vector<const FrameMeasure*>& frames, double black_level) {
  std::vector<float> top, bottom, left, right;
  for (const FrameMeasure* frame : frames) {
    if (frame->luma < black_level && frame->bars.area() >= 1) continue;
    top.push_back(frame->bars.top);
    bottom.push_back(frame->bars.bottom);
    left.push_back(frame->bars.left);
    right.push_back(frame->bars.right);
  }
  return Bars{.top = lower_quartile(std::move(top)),
              .bottom = lower_quartile(std::move(bottom)),
              .left = lower_quartile(std::move(left)),
              .right = lower_quartile(std::move(right))}
      .area();
}

/// The path of the tracks over the frames after the first. A step that couldn't be followed counts
/// as the mean of the others.
double motion_of(const std::vector<const FrameMeasure*>& frames, double& tracked) {
  double path = 0;
  double followed = 0;
  int steps = 0;
  for (std::size_t i = 1; i < frames.size(); ++i) {
    followed += frames[i]->tracked;
    if (frames[i]->tracked < kTrackedEnough) continue;
    path += frames[i]->motion;
    ++steps;
  }
  const auto all = static_cast<double>(frames.size() - 1);
  tracked = followed / all;
  return steps == 0 ? 0 : path * all / steps;
}

struct Fault {
  const char* reason = nullptr;
  std::string detail;
  double score = 0;
};

std::optional<Fault> fault_of(const Window& window, const config::Clip& clip,
                              const config::Curate& curate) {
  if (window.black > curate.max_black_fraction) {
    return Fault{"black",
                 fmt::format("{:.3g} of the frames are black, at most {:.3g} may be", window.black,
                             curate.max_black_fraction),
                 window.black};
  }
  const double least_fps = curate.min_fps_ratio * clip.fps;
  // One picture more or less falls into the clip by its place alone.
  if (window.fps + clip.fps / clip.frames < least_fps) {
    return Fault{
        "low_frame_rate",
        fmt::format("{:.3g} pictures a second, at least {:.3g} are wanted", window.fps, least_fps),
        window.fps};
  }
  if (window.letterbox > curate.max_letterbox) {
    return Fault{"letterbox",
                 fmt::format("bars take {:.3g} of the picture, at most {:.3g} may be",
                             window.letterbox, curate.max_letterbox),
                 window.letterbox};
  }
  if (window.frozen > curate.max_frozen_fraction) {
    return Fault{"frozen",
                 fmt::format("{:.3g} of the pictures repeat the one before, at most {:.3g} may",
                             window.frozen, curate.max_frozen_fraction),
                 window.frozen};
  }
  if (window.motion < curate.min_motion) {
    return Fault{
        "static",
        fmt::format("motion {:.3g}, at least {:.3g} is wanted", window.motion, curate.min_motion),
        window.motion};
  }
  if (window.motion > curate.max_motion) {
    return Fault{
        "too_fast",
        fmt::format("motion {:.3g}, at most {:.3g} is wanted", window.motion, curate.max_motion),
        window.motion};
  }
  return std::nullopt;
}

}  // namespace

WindowCutter::WindowCutter(const config::Clip& clip, const config::Curate& curate)
    : clip_(clip), curate_(curate) {
  clip_.fps = frame_rate_from(clip.fps).value();
}

void WindowCutter::push(const FrameMeasure& measure, const Descriptor& descriptor) {
  frames_.push_back({measure, descriptor});
  ++pushed_;
}

void WindowCutter::cut(std::int64_t first) {
  lay(static_cast<std::size_t>(first - first_), true);
  ++shot_;
  shot_has_window_ = false;
}

void WindowCutter::settle_before(std::int64_t frame) {
  while (frame - first_ >= static_cast<std::int64_t>(stretch())) lay(stretch(), false);
}

void WindowCutter::finish() { lay(frames_.size(), true); }

void WindowCutter::lay(std::size_t count, bool whole_shot) {
  const auto length = static_cast<std::size_t>(clip_.frames);
  const std::size_t windows = count / length;
  // The frames to spare go before, between and after the clips in equal parts: the borders of
  // shots are the least certain and least settled frames.
  const std::size_t spare = count - windows * length;
  for (std::size_t i = 0; i < windows; ++i) {
    judge(i * length + spare * (i + 1) / (windows + 1));
    shot_has_window_ = true;
  }
  if (whole_shot && !shot_has_window_ && count > 0) {
    drops_.push_back(
        {.reason = "too_short",
         .detail = fmt::format("a shot of {} of the {} frames of a clip, at {:.4g} fps", count,
                               clip_.frames, clip_.fps),
         .score = static_cast<double>(count) / clip_.fps,
         .start_frame = first_});
  }
  frames_.erase(frames_.begin(), frames_.begin() + static_cast<std::ptrdiff_t>(count));
  first_ += static_cast<std::int64_t>(count);
}

void WindowCutter::judge(std::size_t first) {
  std::vector<const FrameMeasure*> measures;
  std::vector<const Descriptor*> descriptors;
  for (std::size_t i = first; i < first + static_cast<std::size_t>(clip_.frames); ++i) {
    measures.push_back(&frames_[i].measure);
    descriptors.push_back(&frames_[i].descriptor);
  }
  Window window{.start = first_ + static_cast<std::int64_t>(first), .shot = shot_};
  int pictures = 1;
  int frozen = 0;
  int black = 0;
  for (std::size_t i = 0; i < measures.size(); ++i) {
    window.luma += measures[i]->luma / clip_.frames;
    black += measures[i]->luma < curate_.black_level ? 1 : 0;
    if (i == 0 || measures[i]->repeated) continue;
    ++pictures;
    frozen += measures[i]->frozen ? 1 : 0;
  }
  window.fps = clip_.fps * pictures / clip_.frames;
  window.black = static_cast<double>(black) / clip_.frames;
  window.frozen = static_cast<double>(frozen) / pictures;
  window.letterbox = letterbox_of(measures, curate_.black_level);
  window.motion = motion_of(measures, window.tracked);
  if (const std::optional<Fault> fault = fault_of(window, clip_, curate_)) {
    drops_.push_back({.reason = fault->reason,
                      .detail = fault->detail,
                      .score = fault->score,
                      .start_frame = window.start});
    return;
  }
  window.embedding = embed(descriptors);
  keep(window);
}

void WindowCutter::keep(const Window& window) {
  ++passed_;
  // Of candidates that outnumber the limit by far every second goes, again and again: what remains
  // is still evenly spread, and memory doesn't grow.
  const auto limit = static_cast<std::size_t>(curate_.max_clips_per_source);
  if ((passed_ - 1) % stride_ != 0) return drop_surplus(window);
  windows_.push_back(window);
  if (limit == 0 || windows_.size() < 2 * kSpareCandidates * limit) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    if (i % 2 == 0) {
      windows_[kept++] = windows_[i];
    } else {
      drop_surplus(windows_[i]);
    }
  }
  windows_.resize(kept);
  stride_ *= 2;
}

void WindowCutter::drop_surplus(const Window& window) {
  drops_.push_back({.reason = "surplus",
                    .detail = fmt::format("not among the {} clips taken from this source, evenly "
                                          "spread over it (curate.max_clips_per_source)",
                                          curate_.max_clips_per_source),
                    .score = window.motion,
                    .start_frame = window.start});
}

std::vector<Window> WindowCutter::take_windows() {
  const auto limit = static_cast<std::size_t>(curate_.max_clips_per_source);
  if (limit == 0 || windows_.size() <= limit) return std::exchange(windows_, {});
  std::vector<Window> chosen;
  for (std::size_t i = 0; i < windows_.size(); ++i) {
    const std::size_t next = (2 * chosen.size() + 1) * windows_.size() / (2 * limit);
    if (chosen.size() < limit && i == next) {
      chosen.push_back(windows_[i]);
    } else {
      drop_surplus(windows_[i]);
    }
  }
  windows_.clear();
  return chosen;
}

std::vector<Drop> WindowCutter::take_drops() { return std::exchange(drops_, {}); }

}  // namespace ditto::stages::curate
