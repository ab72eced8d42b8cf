#include "stages/judge/structure.h"

#include <fmt/format.h>

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"
#include "stages/judge/orientation.h"

namespace ditto::stages::measure {
namespace {

/// Cells along the longer side of the fields that are compared over time, and in space.
constexpr int kTimeCells = 80;
constexpr int kSpaceCells = 160;

Finding find_blank(const Sample& sample, double limit) {
  constexpr double kFlat = 3.0;  // levels: below this a viewer sees one even tone
  std::vector<bool> blank;
  for (std::size_t t = 0; t < sample.edited.grey.size(); ++t) {
    cv::Scalar mean, edited, source;
    cv::meanStdDev(sample.edited.grey[t], mean, edited);
    cv::meanStdDev(sample.source.grey[t], mean, source);
    blank.push_back(edited[0] < kFlat && edited[0] < 0.25 * source[0]);
  }
  const auto count = std::count(blank.begin(), blank.end(), true);
  return at_most("quality", "blank_fraction",
                 static_cast<double>(count) / static_cast<double>(blank.size()), limit,
                 fmt::format("blank frames: {} ({} of {}; at most {:.0f} % allowed)",
                             frame_ranges(blank), count, blank.size(), 100 * limit));
}

/// A frame is frozen when it doesn't change where the source does.
Finding find_frozen(const Sample& sample, double limit) {
  constexpr double kMoving = 10;        // levels of change that are no noise
  constexpr double kLeastArea = 0.002;  // of the picture, for a change to be judged
  constexpr double kStill = 0.08;       // change of the edited frame over that of the source
  std::vector<bool> frozen(sample.source.grey.size(), false);
  std::vector<double> ratio(frozen.size(), -1.0);
  cv::Mat change, moving, edited_change;
  for (std::size_t t = 1; t < frozen.size(); ++t) {
    cv::absdiff(sample.source.grey[t], sample.source.grey[t - 1], change);
    moving = change > kMoving;
    if (cv::countNonZero(moving) < kLeastArea * static_cast<double>(moving.total())) continue;
    cv::absdiff(sample.edited.grey[t], sample.edited.grey[t - 1], edited_change);
    ratio[t] = cv::mean(edited_change, moving)[0] / cv::mean(change, moving)[0];
  }
  std::vector<double> known;
  for (const double r : ratio) {
    if (r >= 0) known.push_back(r);
  }
  if (known.empty()) {
    return at_most("source", "frozen_fraction", 0, limit,
                   "the source hardly moves, so that a still picture can't be told");
  }
  // Dark or faint edits change less throughout: what counts is a frame that falls behind its clip.
  const double still = std::min(kStill, 0.25 * std::max(quantile(known, 0.75), 0.02));
  for (std::size_t t = 1; t < frozen.size(); ++t) frozen[t] = ratio[t] >= 0 && ratio[t] < still;
  const auto count = std::count(frozen.begin(), frozen.end(), true);
  const double fraction = static_cast<double>(count) / static_cast<double>(frozen.size());
  return at_most("source", "frozen_fraction", fraction, limit,
                 fmt::format("frozen while the source moves: frames {} ({:.0f} % of those that "
                             "move; at most {:.0f} % allowed)",
                             frame_ranges(frozen), 100 * fraction, 100 * limit));
}

std::vector<cv::Mat> fields_of(const std::vector<cv::Mat>& grey, cv::Size cells) {
  std::vector<cv::Mat> fields;
  for (const cv::Mat& frame : grey) fields.push_back(orientation_field(frame, cells));
  return fields;
}

std::vector<Finding> find_other_content(const Sample& sample, const std::vector<cv::Mat>& source,
                                        const std::vector<cv::Mat>& edited, double limit) {
  // A local edit may change the structure inside its region.
  cv::Mat outside;
  if (!sample.region.empty() && !is_global(sample.instruction.task)) {
    cv::resize(255 - sample.region, outside, source[0].size(), 0, 0, cv::INTER_NEAREST);
  }
  std::vector<double> agreement;
  for (std::size_t t = 0; t < source.size(); ++t)
    agreement.push_back(correlation(source[t], edited[t], outside));
  double least = limit;
  if (!sample.edited_key.empty()) {
    const cv::Mat key = orientation_field(media::grey(sample.edited_key), source[0].size());
    least = std::min(limit, 0.7 * correlation(source[sample.key_index()], key, outside));
  }
  const double low = quantile(agreement, 0.1), typical = quantile(agreement, 0.5);
  std::vector<bool> lost;
  for (const double a : agreement) lost.push_back(a < least);
  return {at_least("source", "content", typical, least, 1.0,
                   fmt::format("the structure's median correlation with the source is {:.2f} (at "
                               "least {:.2f} wanted)",
                               typical, least)),
          at_least("source", "structure", low, least, 1.0,
                   fmt::format("the structure's correlation with the source is {:.2f} in the worst "
                               "tenth of the frames (at least {:.2f} wanted; frames below it: {})",
                               low, least, frame_ranges(lost)))};
}

/// The part of each field that changes over the clip, one row per frame.
cv::Mat changing_part(const std::vector<cv::Mat>& fields) {
  cv::Mat rows(static_cast<int>(fields.size()), static_cast<int>(fields[0].total()) * 2, CV_32F);
  for (int t = 0; t < rows.rows; ++t) {
    fields[static_cast<std::size_t>(t)].reshape(1, 1).copyTo(rows.row(t));
  }
  cv::Mat mean;
  cv::reduce(rows, mean, 0, cv::REDUCE_AVG, CV_32F);
  for (int t = 0; t < rows.rows; ++t) rows.row(t) -= mean;
  return rows;
}

/// Agreement of the changing parts, by how many frames the source is ahead.
class Lags {
 public:
  Lags(const cv::Mat& source, const cv::Mat& edited) : frames_(source.rows) {
    cv::gemm(source, edited, 1, {}, 0, products_, cv::GEMM_2_T);
    for (int t = 0; t < frames_; ++t) {
      source_energy_.push_back(source.row(t).dot(source.row(t)));
      edited_energy_.push_back(edited.row(t).dot(edited.row(t)));
    }
  }

  double correlation(int lag) const {
    double product = 0, a = 0, b = 0;
    for (int t = std::max(0, -lag); t < std::min(frames_, frames_ - lag); ++t) {
      product += products_.at<float>(t + lag, t);
      a += source_energy_[static_cast<std::size_t>(t + lag)];
      b += edited_energy_[static_cast<std::size_t>(t)];
    }
    return a * b > 1e-12 ? product / std::sqrt(a * b) : 0.0;
  }

  /// The lag with the highest correlation, within half the clip.
  int best() const {
    int best = 0;
    double highest = correlation(0);
    for (int lag = -frames_ / 2; lag <= frames_ / 2; ++lag) {
      if (const double value = correlation(lag); value > highest) {
        highest = value;
        best = lag;
      }
    }
    return best;
  }

 private:
  int frames_;
  cv::Mat products_;
  std::vector<double> source_energy_, edited_energy_;
};

struct Alignment {
  cv::Point2d shift;  ///< of the width
  double size = 0;    ///< of the width
};

/// Shift in time, motion and shift in space. The last two shifts imitate each other when the camera
/// moves: the one that explains the edited clip less well is marked as a consequence.
std::vector<Finding> find_shifts(const std::vector<cv::Mat>& source,
                                 const std::vector<cv::Mat>& edited, const Alignment& alignment,
                                 const config::Judge& limits) {
  constexpr double kMoving = 0.02;  // share of the structure that has to change over the clip
  Finding space =
      at_most("source", "misalignment", alignment.size, limits.max_misalignment,
              fmt::format("the structure lies {:.1f} % of the width from the source's (at most "
                          "{:.1f} % allowed)",
                          100 * alignment.size, 100 * limits.max_misalignment));
  const cv::Mat moving = changing_part(source);
  double total = 0;
  for (const cv::Mat& field : source) total += field.dot(field);
  if (moving.rows < 4 || moving.dot(moving) < kMoving * total) return {space};

  const Lags lags(moving, changing_part(edited));
  const double aligned = lags.correlation(0);
  int best = lags.best();
  double highest = lags.correlation(best);
  // Two unrelated clips agree somewhat better at some lag than at none: that is no shift.
  if (highest < limits.min_motion) {
    best = 0;
    highest = aligned;
  }
  Finding time = at_most(
      "source", "time_shift_gain", highest - aligned, limits.max_time_shift_gain,
      best == 0
          ? std::string("the motion agrees best with the source without any shift in time")
          : fmt::format("the motion agrees better with the source when shifted by {} frames "
                        "(correlation {:.2f} instead of {:.2f}; a gain of at most {:.2f} allowed)",
                        best, highest, aligned, limits.max_time_shift_gain));
  if (time.severity > 1 && space.severity > 1) {
    std::vector<cv::Mat> moved;
    const double cells = source[0].cols;
    const cv::Matx23d back(1, 0, -alignment.shift.x * cells, 0, 1, -alignment.shift.y * cells);
    for (const cv::Mat& field : edited) {
      moved.emplace_back();
      cv::warpAffine(field, moved.back(), back, field.size());
    }
    const bool in_space = Lags(moving, changing_part(moved)).correlation(0) > highest;
    (in_space ? time : space).consequence = true;
  }
  return {time, space,
          at_least("source", "motion", aligned, limits.min_motion, 1.0,
                   fmt::format("the moving structure's correlation with the source is {:.2f} (at "
                               "least {:.2f} wanted)",
                               aligned, limits.min_motion))};
}

Alignment align(const Sample& sample) {
  constexpr int kFrames = 7;
  constexpr int kRadius = 8;
  constexpr double kGain = 0.01;  // a better correlation than this is needed to believe in a shift
  constexpr double kRelated = 0.2;  // and pictures that agree less than this are unrelated
  const cv::Size cells = reduced_size(sample.source.size(), kSpaceCells);
  std::vector<Alignment> found;
  for (int i = 0; i < kFrames; ++i) {
    const auto t =
        static_cast<std::size_t>(std::lround(i * (sample.source.frames() - 1) / (kFrames - 1.0)));
    const Displacement best =
        displacement(orientation_field(sample.source.grey[t], cells),
                     orientation_field(sample.edited.grey[t], cells), kRadius);
    const bool believed = best.at_best > best.at_zero + kGain && best.at_best > kRelated;
    const cv::Point2d shift = believed ? best.cells / cells.width : cv::Point2d();
    found.push_back({shift, std::hypot(shift.x, shift.y)});
  }
  // Rather the less shifted frames: a part of the clip that stands still lies elsewhere, too.
  const auto middle = found.begin() + 2;
  std::nth_element(found.begin(), middle, found.end(),
                   [](const Alignment& a, const Alignment& b) { return a.size < b.size; });
  return *middle;
}

}  // namespace

std::vector<Finding> compare_structure(const Sample& sample, const config::Judge& limits) {
  std::vector<Finding> findings = {find_blank(sample, limits.max_blank_fraction),
                                   find_frozen(sample, limits.max_frozen_fraction)};
  const cv::Size cells = reduced_size(sample.source.size(), kTimeCells);
  const std::vector<cv::Mat> source = fields_of(sample.source.grey, cells);
  const std::vector<cv::Mat> edited = fields_of(sample.edited.grey, cells);
  for (const std::vector<Finding>& more :
       {find_other_content(sample, source, edited, limits.min_structure),
        find_shifts(source, edited, align(sample), limits)}) {
    findings.insert(findings.end(), more.begin(), more.end());
  }
  return findings;
}

}  // namespace ditto::stages::measure
