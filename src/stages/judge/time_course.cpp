#include "stages/judge/time_course.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/judge/series.h"

namespace ditto::stages::measure {
namespace {

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
  struct Sums {
    double product = 0, source = 0, edited = 0;
    double correlation() const {
      return source * edited > 1e-12 ? product / std::sqrt(source * edited) : 0.0;
    }
    Sums& operator+=(const Sums& more) {
      product += more.product;
      source += more.source;
      edited += more.edited;
      return *this;
    }
  };

  Lags(const cv::Mat& source, const cv::Mat& edited)
      : frames_(source.rows), reach_(std::min(source.rows / 2, kLongestLag)) {
    cv::Mat products;
    cv::gemm(source, edited, 1, {}, 0, products, cv::GEMM_2_T);
    std::vector<double> source_energy, edited_energy;
    for (int t = 0; t < frames_; ++t) {
      source_energy.push_back(source.row(t).dot(source.row(t)));
      edited_energy.push_back(edited.row(t).dot(edited.row(t)));
    }
    until_.resize(static_cast<std::size_t>(2 * reach_ + 1));
    for (int lag = -reach_; lag <= reach_; ++lag) {
      auto& sums = until_[static_cast<std::size_t>(lag + reach_)];
      sums.emplace_back();
      for (int t = 0; t < frames_; ++t) {
        Sums sum = sums.back();
        if (knows(lag, t)) {
          sum += {products.at<float>(t + lag, t), source_energy[static_cast<std::size_t>(t + lag)],
                  edited_energy[static_cast<std::size_t>(t)]};
        }
        sums.push_back(sum);
      }
    }
  }

  int frames() const { return frames_; }
  int reach() const { return reach_; }
  /// Whether the source has a frame that is shown at edited frame t with this lag.
  bool knows(int lag, int t) const { return t + lag >= 0 && t + lag < frames_; }
  /// Over the edited frames [first, last).
  Sums sums(int lag, int first, int last) const {
    const auto& sums = until_[static_cast<std::size_t>(lag + reach_)];
    const Sums &a = sums[static_cast<std::size_t>(first)],
               &b = sums[static_cast<std::size_t>(last)];
    return {b.product - a.product, b.source - a.source, b.edited - a.edited};
  }

 private:
  static constexpr int kLongestLag = 50;
  int frames_, reach_;
  std::vector<std::vector<Sums>> until_;  ///< [lag + reach][t]: over the frames before t
};

/// One way to explain the edited clip's time.
struct Hypothesis {
  double correlation = -2;
  std::vector<int> lags;
};

/// At least half of the clip must be known with the lags.
Hypothesis try_lags(const Lags& lags, std::vector<int> path) {
  Lags::Sums sum;
  int known = 0;
  for (int t = 0; t < lags.frames(); ++t) {
    const int lag = path[static_cast<std::size_t>(t)];
    if (std::abs(lag) > lags.reach() || !lags.knows(lag, t)) continue;
    sum += lags.sums(lag, t, t + 1);
    ++known;
  }
  if (2 * known < lags.frames()) return {};
  return {sum.correlation(), std::move(path)};
}

void keep_better(Hypothesis& best, Hypothesis candidate) {
  if (candidate.correlation > best.correlation) best = std::move(candidate);
}

Hypothesis best_shift(const Lags& lags) {
  const auto frames = static_cast<std::size_t>(lags.frames());
  Hypothesis best = try_lags(lags, std::vector<int>(frames, 0));
  for (int lag = -lags.reach(); lag <= lags.reach(); ++lag) {
    keep_better(best, try_lags(lags, std::vector<int>(frames, lag)));
  }
  return best;
}

/// Two lags, each for a fifth of the clip at least.
Hypothesis best_gap(const Lags& lags) {
  const int frames = lags.frames(), least = std::max(3, frames / 5);
  struct Split {
    double correlation = -2;
    int frame = 0, before = 0, after = 0;
  } best;
  // A pair of lags is the best before and the best after: their correlations add up nearly
  // independently, so that each side is searched by itself.
  for (int frame = least; frame + least <= frames; ++frame) {
    const auto side = [&](int first, int last) {
      int lag = 0;
      double highest = lags.sums(0, first, last).correlation();
      for (int l = -lags.reach(); l <= lags.reach(); ++l) {
        const int known = std::min(last, frames - l) - std::max(first, -l);
        if (2 * known < last - first) continue;
        if (const double c = lags.sums(l, first, last).correlation(); c > highest) {
          highest = c;
          lag = l;
        }
      }
      return lag;
    };
    const int before = side(0, frame), after = side(frame, frames);
    if (before == after) continue;
    Lags::Sums sum = lags.sums(before, 0, frame);
    sum += lags.sums(after, frame, frames);
    if (sum.correlation() > best.correlation) best = {sum.correlation(), frame, before, after};
  }
  if (best.correlation < -1) return {};
  std::vector<int> path(static_cast<std::size_t>(frames), best.before);
  std::fill(path.begin() + best.frame, path.end(), best.after);
  return try_lags(lags, std::move(path));
}

/// The edited clip at 0.3 to 3 times the speed, from any frame on.
Hypothesis best_speed(const Lags& lags) {
  const int frames = lags.frames();
  Hypothesis best;
  constexpr double kStep = 1.06, kLongest = 3.0;
  for (double speed = 1 / kLongest; speed <= kLongest; speed *= kStep) {
    if (std::abs(speed - 1) * frames < 2) continue;  // no more than rounding
    for (int start = -lags.reach(); start <= lags.reach(); ++start) {
      std::vector<int> path;
      for (int t = 0; t < frames; ++t) {
        path.push_back(start + static_cast<int>(std::lround(t * (speed - 1))));
      }
      keep_better(best, try_lags(lags, std::move(path)));
    }
  }
  return best;
}

}  // namespace

std::optional<TimeCourse> time_course(const std::vector<cv::Mat>& source,
                                      const std::vector<cv::Mat>& edited, double least) {
  constexpr double kMoving = 0.02;  // share of the structure that has to change over the clip
  constexpr double kMore = 0.03;    // correlation that a less simple course has to gain
  const cv::Mat moving = changing_part(source);
  double total = 0;
  for (const cv::Mat& field : source) total += field.dot(field);
  if (moving.rows < 4 || moving.dot(moving) < kMoving * total) return {};

  const Lags lags(moving, changing_part(edited));
  TimeCourse course;
  course.lags.assign(static_cast<std::size_t>(lags.frames()), 0);
  course.aligned = course.best = lags.sums(0, 0, lags.frames()).correlation();
  const auto offer = [&](TimeCourse::Kind kind, Hypothesis hypothesis, double more) {
    if (hypothesis.correlation < std::max(least, course.best + more)) return;
    course.best = hypothesis.correlation;
    course.kind = kind;
    course.lags = std::move(hypothesis.lags);
  };
  offer(TimeCourse::Kind::kShift, best_shift(lags), 1e-9);
  constexpr int kLeastFrames = 12;  // shorter clips don't show more than a shift
  if (lags.frames() < kLeastFrames) return course;
  Hypothesis gap = best_gap(lags), speed = best_speed(lags);
  const bool gap_first = gap.correlation >= speed.correlation;
  if (gap_first) offer(TimeCourse::Kind::kGap, std::move(gap), kMore);
  offer(TimeCourse::Kind::kSpeed, std::move(speed), kMore);
  return course;
}

Finding time_finding(const TimeCourse& course, double limit) {
  std::string_view fault = "time_shift";
  std::string text;
  const int first = course.lags.front(), last = course.lags.back();
  switch (course.kind) {
    case TimeCourse::Kind::kShift:
      text = first == 0 ? std::string(
                              "the motion agrees best with the source without any shift "
                              "in time")
                        : fmt::format(
                              "the motion agrees better with the source when shifted by {} "
                              "frames",
                              first);
      break;
    case TimeCourse::Kind::kGap: {
      fault = "missing";
      const auto at = std::find(course.lags.begin(), course.lags.end(), last);
      text = fmt::format("from frame {} on, the motion is {} frames {} in the source than before",
                         at - course.lags.begin(), std::abs(last - first),
                         last > first ? "further" : "less far");
      break;
    }
    case TimeCourse::Kind::kSpeed:
      fault = "wrong_rate";
      text = fmt::format("the motion runs at {:.2f} times the source's speed",
                         1 + (last - first) / static_cast<double>(course.lags.size() - 1));
      break;
  }
  return at_most({"source", fault, "time_shift_gain"}, course.best - course.aligned, limit,
                 fmt::format("{} (correlation {:.2f}, {:.2f} at the source's own times; a gain of "
                             "at most {:.2f} allowed)",
                             text, course.best, course.aligned, limit));
}

}  // namespace ditto::stages::measure
