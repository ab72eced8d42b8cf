#pragma once

#include <cstdint>
#include <deque>
#include <opencv2/core.hpp>
#include <vector>

#include "stages/curate/motion.h"

/// Finds shot boundaries in a stream of decoded pictures (repeated output frames are left out).
///
/// A picture begins a shot when all of these hold:
/// - the content change from the picture before (mean absolute difference of luma and chroma of a
///   64x36 version, summed over the three planes) is at least kMinContent and at least `threshold`
///   times the mean change around it, two pictures on either side, the largest of them left out:
///   fast motion changes every picture, a cut one;
/// - at most kMaxTracked of the motion grid's points could be followed from the picture before.
///   Measured on real footage: cuts 0.00 to 0.10, the fastest motion 0.26 to 0.6. Between two
///   uniform pictures this isn't asked;
/// - no picture shortly before looks like one shortly after: then it was a flash.
///
/// Besides, stretches that belong to neither shot are set apart as shots of their own:
/// - a run of at least kBlankRun blank (uniform) pictures;
/// - a dissolve or fade: pictures kDissolve before and after differ by at least kDissolveContent,
///   the ones between are their blends (within kBlendError of that difference), and motion explains
///   little of the change. On real motion the blend error is 0.28 and more, on dissolves 0.02 to
///   0.21.
namespace ditto::stages::curate {

inline constexpr double kMinContent = 8;
inline constexpr float kMaxTracked = 0.2F;
inline constexpr int kBlankRun = 3;
inline constexpr std::size_t kDissolve = 6;
inline constexpr double kDissolveContent = 30;
inline constexpr double kBlendError = 0.25;
inline constexpr double kDissolveUnexplained = 0.35;

class ShotDetector {
 public:
  explicit ShotDetector(double threshold) : threshold_(threshold) {}

  /// The next decoded picture, first shown at frame `index`; indices grow. `step`: the motion from
  /// the picture before.
  void push(std::int64_t index, const cv::Mat& rgb, const MotionStep& step, bool blank);
  /// Decides on every picture given so far as if the source ended here. push() may go on after it.
  void settle();
  /// First frames of new shots, in order, found since the last call. The source's first isn't one.
  std::vector<std::int64_t> take_cuts();
  /// Whether frames before this one begin a shot is settled.
  std::int64_t decided_before() const { return decided_; }

 private:
  struct Picture {
    std::int64_t index = 0;
    cv::Mat small{};     ///< 64x36 YCrCb
    double content = 0;  ///< change from the picture before
    float tracked = 1;
    float unexplained = 0;
    bool blank = false;
  };
  bool begins_shot(std::size_t at) const;
  bool stands_out(std::size_t at) const;
  bool is_flash(std::size_t at) const;
  bool is_blank_border(std::size_t at) const;
  bool is_dissolve_border(std::size_t at) const;
  /// Whether the pictures around `centre` blend from one into another.
  bool is_blend(std::size_t centre) const;
  void decide(std::size_t at);

  double threshold_;
  std::deque<Picture> pictures_;  ///< the last few; those from `next_` on are undecided
  std::size_t next_ = 0;
  std::int64_t decided_ = 0;
  std::vector<std::int64_t> cuts_;
};

}  // namespace ditto::stages::curate
