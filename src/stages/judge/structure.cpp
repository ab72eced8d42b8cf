#include "stages/judge/structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"
#include "stages/judge/alignment.h"
#include "stages/judge/orientation.h"
#include "stages/judge/time_course.h"

namespace ditto::stages::measure {
namespace {

/// Cells along the longer side of the fields that are compared over time, and in space.
constexpr int kTimeCells = 80;
constexpr int kSpaceCells = 160;

Finding find_blank(const Sample& sample, double limit) {
  constexpr double kFlat = 3.0;  // levels: below this a viewer sees one even tone
  constexpr double kBlack = 24;  // levels: a mean below this is black, above it something else
  std::vector<bool> blank;
  double brightest = 0;
  for (std::size_t t = 0; t < sample.edited.grey.size(); ++t) {
    cv::Scalar mean, source_mean, edited, source;
    cv::meanStdDev(sample.edited.grey[t], mean, edited);
    cv::meanStdDev(sample.source.grey[t], source_mean, source);
    blank.push_back(edited[0] < kFlat && edited[0] < 0.25 * source[0]);
    if (blank.back()) brightest = std::max(brightest, mean[0]);
  }
  const auto count = std::count(blank.begin(), blank.end(), true);
  return at_most({"quality", brightest < kBlack ? "black" : "missing", "blank_fraction"},
                 static_cast<double>(count) / static_cast<double>(blank.size()), limit,
                 fmt::format("frames of one even tone: {} ({} of {}; at most {:.0f} % allowed)",
                             frame_ranges(blank), count, blank.size(), 100 * limit));
}

/// A frame is frozen when it doesn't change where the source does. `lags`: which source frame each
/// frame shows.
Finding find_frozen(const Sample& sample, const std::vector<int>& lags, double limit) {
  constexpr double kMoving = 10;        // levels of change that are no noise
  constexpr double kLeastArea = 0.002;  // of the picture, for a change to be judged
  constexpr double kStill = 0.08;       // change of the edited frame over that of the source
  std::vector<bool> frozen(sample.source.grey.size(), false);
  std::vector<double> ratio(frozen.size(), -1.0), levels(frozen.size(), 0.0);
  cv::Mat change, moving, edited_change;
  const int frames = sample.source.frames();
  for (std::size_t t = 1; t < frozen.size(); ++t) {
    const int shown = static_cast<int>(t) + lags[t], before = static_cast<int>(t) - 1 + lags[t];
    if (before < 0 || shown >= frames) continue;
    cv::absdiff(sample.source.grey[static_cast<std::size_t>(shown)],
                sample.source.grey[static_cast<std::size_t>(before)], change);
    moving = change > kMoving;
    if (cv::countNonZero(moving) < kLeastArea * static_cast<double>(moving.total())) continue;
    cv::absdiff(sample.edited.grey[t], sample.edited.grey[t - 1], edited_change);
    levels[t] = cv::mean(edited_change, moving)[0];
    ratio[t] = levels[t] / cv::mean(change, moving)[0];
  }
  std::vector<double> known;
  for (const double r : ratio) {
    if (r >= 0) known.push_back(r);
  }
  if (known.empty()) {
    return at_most({"source", "frozen", "frozen_fraction"}, 0, limit,
                   "the source hardly moves, so that a still picture can't be told");
  }
  // Dark or faint edits change less throughout: what counts is a frame that falls behind its clip.
  const double still = std::min(kStill, 0.25 * std::max(quantile(known, 0.75), 0.02));
  constexpr double kStillLevels = 0.5;  // a faint picture changes more than that when it moves
  for (std::size_t t = 1; t < frozen.size(); ++t) {
    frozen[t] = ratio[t] >= 0 && ratio[t] < still && levels[t] < kStillLevels;
  }
  const auto count = std::count(frozen.begin(), frozen.end(), true);
  const double fraction = static_cast<double>(count) / static_cast<double>(frozen.size());
  return at_most({"source", "frozen", "frozen_fraction"}, fraction, limit,
                 fmt::format("frozen while the source moves: frames {} ({:.0f} % of all; at most "
                             "{:.0f} % allowed)",
                             frame_ranges(frozen), 100 * fraction, 100 * limit));
}

/// How fine the structure is that is compared.
enum class Scale { kFine, kCoarse };

cv::Mat field_of(const cv::Mat& grey, cv::Size cells, Scale scale) {
  constexpr double kBlur = 3;  // the lines and dots that a look draws with are gone behind it
  if (scale == Scale::kFine) return orientation_field(grey, cells);
  cv::Mat soft;
  cv::GaussianBlur(grey, soft, {0, 0}, kBlur);
  return orientation_field(soft, cells);
}

std::vector<cv::Mat> fields_of(const std::vector<cv::Mat>& grey, cv::Size cells, Scale scale) {
  std::vector<cv::Mat> fields;
  for (const cv::Mat& frame : grey) fields.push_back(field_of(frame, cells, scale));
  return fields;
}

/// Correlations of source frames (rows) with edited ones (columns), CV_32F.
cv::Mat correlations(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited,
                     const cv::Mat& weight) {
  const auto rows_of = [&](const std::vector<cv::Mat>& fields) {
    cv::Mat rows(static_cast<int>(fields.size()), static_cast<int>(fields[0].total()) * 2, CV_32F);
    for (int t = 0; t < rows.rows; ++t) {
      cv::Mat seen;
      fields[static_cast<std::size_t>(t)].copyTo(seen, weight);  // zero elsewhere
      if (weight.empty()) seen = fields[static_cast<std::size_t>(t)];
      const double length = cv::norm(seen);
      rows.row(t) = seen.reshape(1, 1) * (length > 1e-6 ? 1 / length : 0.0);
    }
    return rows;
  };
  cv::Mat result;
  cv::gemm(rows_of(source), rows_of(edited), 1, {}, 0, result, cv::GEMM_2_T);
  return result;
}

/// Where the structure of the edited clip must be the source's, for fields of so many cells; empty:
/// everywhere. A local edit may change it inside its region; what is left must be enough to tell.
cv::Mat unedited_cells(const Sample& sample, cv::Size cells) {
  constexpr double kLargestArea = 0.6;  // of the picture
  cv::Mat outside;
  if (!sample.around.empty() &&
      cv::countNonZero(sample.around) < kLargestArea * static_cast<double>(sample.around.total())) {
    cv::resize(255 - sample.around, outside, cells, 0, 0, cv::INTER_NEAREST);
  }
  return outside;
}

/// The median over the edited frames of the correlation with the source frame that is most like it.
double median_agreement(const cv::Mat& correlations) {
  cv::Mat highest;
  cv::reduce(correlations, highest, 0, cv::REDUCE_MAX);
  return quantile({highest.begin<float>(), highest.end<float>()}, 0.5);
}

/// The field of the picture seen in a mirror; `code` as of cv::flip.
cv::Mat mirrored(const cv::Mat& field, int code) {
  cv::Mat result;
  cv::flip(field, result, code);
  if (code >= 0) {
    result.forEach<cv::Vec2f>([](cv::Vec2f& v, const int*) { v[1] = -v[1]; });
  }
  return result;
}

/// The median agreement with the source in a mirror, the largest of three ways to hold one.
double mirror_agreement(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited,
                        const cv::Mat& outside) {
  double highest = 0;
  for (const int code : {0, 1, -1}) {
    std::vector<cv::Mat> other;
    for (const cv::Mat& field : source) other.push_back(mirrored(field, code));
    highest = std::max(highest, median_agreement(correlations(other, edited, outside)));
  }
  return highest;
}

/// What another clip with the same kind of structure reaches by chance: the agreement with the
/// source in a mirror. Of a symmetric source a mirror tells nothing, and none is expected.
double chance_agreement(const std::vector<cv::Mat>& source, const std::vector<cv::Mat>& edited,
                        const cv::Mat& outside) {
  constexpr double kSymmetric = 0.4;
  if (mirror_agreement(source, source, outside) > kSymmetric) return 0.0;
  return mirror_agreement(source, edited, outside);
}

/// Structure that is nowhere in the source is another clip's; structure at another time than the
/// source's is out of step. `least`: correlation that is enough.
std::vector<Finding> find_other_content(const cv::Mat& agreement, const std::vector<int>& lags,
                                        double least) {
  std::vector<double> own, anywhere;
  for (int t = 0; t < agreement.cols; ++t) {
    own.push_back(agreement.at<float>(t, t));
    // What a shifted clip shows of the time before or after the source is in no frame of it.
    const int shown = t + lags[static_cast<std::size_t>(t)];
    if (shown < 0 || shown >= agreement.rows) {
      anywhere.push_back(1.0);
      continue;
    }
    double highest = 0;
    cv::minMaxLoc(agreement.col(t), nullptr, &highest);
    anywhere.push_back(highest);
  }
  const double typical = quantile(anywhere, 0.5), few = quantile(anywhere, 0.06),
               low = quantile(own, 0.1);
  std::vector<bool> lost, late;
  for (const double a : anywhere) lost.push_back(a < least);
  for (const double a : own) late.push_back(a < least);
  return {
      agrees({"source", "swapped", "content"}, typical, least,
             fmt::format("the frames' structure has a median correlation of {:.2f} with the "
                         "frame of the source that is most like it (at least {:.2f} wanted)",
                         typical, least)),
      agrees({"source", "swapped", "content_of_all"}, few, least,
             fmt::format("frames that look like no frame of the source: {}; the worst have a "
                         "correlation of {:.2f} with the most like it (at least {:.2f} wanted)",
                         frame_ranges(lost), few, least)),
      agrees({"source", "time_shift", "structure"}, low, least,
             fmt::format("the structure's correlation with the source at its own time is {:.2f} "
                         "in the worst tenth of the frames (at least {:.2f} wanted; frames below "
                         "it: {})",
                         low, least, frame_ranges(late)))};
}

/// The edited clip's structure, where and when it shows what.
struct Placement {
  std::vector<cv::Mat> edited;  ///< moved back to the source's place if it lies elsewhere
  std::optional<TimeCourse> course;
  bool elsewhere = false;
};

/// A shift in space and one in time imitate each other when the camera moves: believed is the one
/// that explains the edited clip better.
Placement place(const std::vector<cv::Mat>& source, std::vector<cv::Mat> edited,
                const Alignment& alignment, const config::Judge& limits) {
  std::optional<TimeCourse> course = time_course(source, edited, limits.min_motion);
  if (alignment.size <= limits.max_misalignment) return {std::move(edited), std::move(course)};
  std::vector<cv::Mat> moved = moved_back(edited, alignment);
  std::optional<TimeCourse> in_place = time_course(source, moved, limits.min_motion);
  const bool elsewhere = course
                             ? in_place && in_place->aligned > course->best
                             : mean_correlation(source, moved) > mean_correlation(source, edited);
  if (!elsewhere) return {std::move(edited), std::move(course)};
  return {std::move(moved), std::move(in_place), true};
}

/// Shift in time, motion and shift in space.
std::vector<Finding> find_shifts(const Placement& placement, const Alignment& alignment,
                                 const config::Judge& limits) {
  Finding space = at_most(
      {"source", "misaligned", "misalignment"}, alignment.size, limits.max_misalignment,
      fmt::format("the structure lies {:.1f} % of the width from the source's: {} (at most {:.1f} "
                  "% allowed)",
                  100 * alignment.size, describe(alignment), 100 * limits.max_misalignment));
  if (!placement.course) return {space};
  const TimeCourse& course = *placement.course;
  const Finding time = time_finding(course, limits.max_time_shift_gain);
  space.consequence = !placement.elsewhere && space.severity > 1 && time.severity > 1;
  return {time, space,
          agrees({"source", "swapped", "motion"}, course.best, limits.min_motion,
                 fmt::format("the moving structure's correlation with the source is {:.2f}, "
                             "whatever the shift in time (at least {:.2f} wanted)",
                             course.best, limits.min_motion))};
}

Alignment alignment_of(const Sample& sample, Scale scale) {
  constexpr int kFrames = 7;
  const cv::Size cells = reduced_size(sample.source.size(), kSpaceCells);
  std::vector<cv::Mat> source, edited;
  for (int i = 0; i < kFrames; ++i) {
    const auto t =
        static_cast<std::size_t>(std::lround(i * (sample.source.frames() - 1) / (kFrames - 1.0)));
    source.push_back(field_of(sample.source.grey[t], cells, scale));
    edited.push_back(field_of(sample.edited.grey[t], cells, scale));
  }
  return align(source, edited);
}

/// What the structure says on one scale.
struct Reading {
  std::vector<int> lags;  ///< which source frame each frame shows
  std::vector<Finding> content, shifts;
  double agreement = 0;  ///< with the source's most similar frames
  double chance = 0;     ///< what another clip would have; measured where it is wanted
};

constexpr double kClearAgreement = 0.5;  ///< far beyond what any two clips have by chance

Reading read_structure(const Sample& sample, Scale scale, const config::Judge& limits) {
  const cv::Size cells = reduced_size(sample.source.size(), kTimeCells);
  const std::vector<cv::Mat> source = fields_of(sample.source.grey, cells, scale);
  const Alignment alignment = alignment_of(sample, scale);
  const Placement placement =
      place(source, fields_of(sample.edited.grey, cells, scale), alignment, limits);
  const std::optional<TimeCourse>& course = placement.course;
  const bool shifted = course && course->best - course->aligned > limits.max_time_shift_gain;
  const cv::Mat outside = unedited_cells(sample, cells);
  const cv::Mat agreement = correlations(source, placement.edited, outside);
  Reading reading;
  reading.lags = shifted ? course->lags : std::vector<int>(source.size(), 0);
  reading.agreement = median_agreement(agreement);
  double least = limits.min_structure;
  if (scale == Scale::kFine && !sample.edited_key.empty()) {
    const cv::Mat key = field_of(media::grey(sample.edited_key), cells, scale);
    least = std::min(least, 0.7 * correlation(source[sample.key_index()], key, outside));
  }
  if (reading.agreement < kClearAgreement || scale == Scale::kCoarse) {
    constexpr double kBeyond = 0.05;
    reading.chance = chance_agreement(source, placement.edited, outside);
    least = std::max(least, reading.chance + kBeyond);
  }
  reading.content = find_other_content(agreement, reading.lags, least);
  reading.shifts = find_shifts(placement, alignment, limits);
  return reading;
}

/// A look may be drawn with lines or dots that hide the source's structure. Then the scale on which
/// these are averaged tells more, if the edited clip clearly agrees better with its source there.
Reading read_structure(const Sample& sample, const config::Judge& limits) {
  constexpr double kBetter = 0.15;  // correlation
  Reading fine = read_structure(sample, Scale::kFine, limits);
  if (fine.agreement >= kClearAgreement) return fine;
  Reading coarse = read_structure(sample, Scale::kCoarse, limits);
  const bool clear = coarse.agreement >= std::max(fine.agreement, coarse.chance) + kBetter &&
                     coarse.agreement >= kClearAgreement;
  return clear ? coarse : fine;
}

}  // namespace

std::vector<Finding> compare_structure(const Sample& sample, const config::Judge& limits) {
  Reading reading = read_structure(sample, limits);
  std::vector<Finding> findings = {find_blank(sample, limits.max_blank_fraction)};
  Finding frozen = find_frozen(sample, reading.lags, limits.max_frozen_fraction);
  // A picture that stands still can't move with the source, nor does another clip move with it.
  const bool still = frozen.severity > 1, other = reading.content.front().severity > 1;
  frozen.consequence = still && other;
  for (Finding& finding : reading.shifts) {
    if (still && !other && finding.name == "motion") finding.consequence = true;
  }
  findings.push_back(std::move(frozen));
  for (const std::vector<Finding>& more : {reading.content, reading.shifts}) {
    findings.insert(findings.end(), more.begin(), more.end());
  }
  return findings;
}

}  // namespace ditto::stages::measure
