#include "stages/judge/temporal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "stages/judge/steadiness.h"
#include "stages/judge/tracking.h"

namespace ditto::stages::measure {
namespace {

constexpr double kTrackedLevels = 24;   ///< a pixel is tracked when the source agrees within this
constexpr double kFollowedLevels = 40;  ///< and followed, though its light changes, within this

/// The change of colour that the edit makes on average to each source colour.
class ColourChange {
 public:
  ColourChange(const cv::Mat& source, const cv::Mat& change) {
    for (int y = 0; y < source.rows; ++y) {
      const auto* colours = source.ptr<cv::Vec3b>(y);
      const auto* changes = change.ptr<cv::Vec3f>(y);
      for (int x = 0; x < source.cols; ++x) {
        Bin& bin = bins_[index(colours[x])];
        bin.sum += changes[x];
        ++bin.count;
      }
    }
    constexpr int kLeastPixels = 12;
    for (Bin& bin : bins_) bin.sum = bin.count < kLeastPixels ? cv::Vec3f() : bin.sum / bin.count;
  }

  struct Strength {
    double value = 0;   ///< <change, expected> / <expected, expected>
    double energy = 0;  ///< <expected, expected>
  };
  /// How much of this change another frame's change contains.
  Strength strength(const cv::Mat& source, const cv::Mat& change) const {
    double product = 0, energy = 0;
    for (int y = 0; y < source.rows; ++y) {
      const auto* colours = source.ptr<cv::Vec3b>(y);
      const auto* changes = change.ptr<cv::Vec3f>(y);
      for (int x = 0; x < source.cols; ++x) {
        const cv::Vec3f& expected = bins_[index(colours[x])].sum;
        product += changes[x].dot(expected);
        energy += expected.dot(expected);
      }
    }
    return {energy > 0 ? product / energy : 0.0, energy};
  }

 private:
  struct Bin {
    cv::Vec3f sum;
    float count = 0;
  };
  static std::size_t index(const cv::Vec3b& c) {
    return static_cast<std::size_t>((c[0] >> 5) << 6 | (c[1] >> 5) << 3 | c[2] >> 5);
  }
  std::array<Bin, 512> bins_{};
};

std::string beyond(const std::vector<double>& values, double limit) {
  std::vector<bool> off;
  for (const double value : values) off.push_back(value > limit);
  return frame_ranges(off);
}

cv::Mat change_of(const cv::Mat& source, const cv::Mat& edited) {
  cv::Mat change;
  cv::subtract(edited, source, change, {}, CV_32F);
  cv::GaussianBlur(change, change, {0, 0}, 2.0);
  return change;
}

double energy_of(const cv::Mat& image, const cv::Mat& mask) {
  return cv::norm(image, cv::NORM_L2SQR, mask);
}

/// How strong the edit is in a frame, compared with the reference: of the ways to expect it there
/// (carried by the motion, as much change of whatever kind, by colour, fixed to the screen) the one
/// that explains the frame best.
/// Nothing when too little of the edited content is in sight to tell.
std::optional<double> strength_of(const cv::Mat& change, const cv::Mat& reference,
                                  const cv::Mat& carried, const cv::Mat& tracked, bool local,
                                  const ColourChange::Strength& by_colour) {
  constexpr double kLeastShare = 0.15;  // of the reference's energy
  const double whole = energy_of(reference, {});
  std::optional<double> best;
  const auto offer = [&](double candidate, double energy) {
    if (energy < kLeastShare * whole || energy <= 0) return;
    if (!best || std::abs(candidate - 1) < std::abs(*best - 1)) best = candidate;
  };
  const auto project = [&](const cv::Mat& expected, const cv::Mat& mask) {
    cv::Mat seen;
    expected.copyTo(seen, mask);  // into new memory, zero elsewhere
    const double energy = energy_of(seen, {});
    offer(energy > 0 ? seen.dot(change) / energy : 0.0, energy);
  };
  project(carried, tracked);
  // Where the edit doesn't stay exactly on the motion, or looks different later: as much change.
  const double expected = energy_of(carried, tracked);
  offer(expected > 0 ? std::sqrt(energy_of(change, tracked) / expected) : 0.0, expected);
  if (!local) project(reference, cv::Mat(reference.size(), CV_8U, cv::Scalar(255)));
  offer(by_colour.value, by_colour.energy);
  return best;
}

/// Per frame: mean change from the neighbour frame in a grid of cells, along the motion.
struct CellChange {
  static constexpr int kColumns = 6, kRows = 4;
  std::vector<cv::Vec3d> edited, source;

  CellChange() : edited(kColumns * kRows), source(kColumns * kRows) {}
};

CellChange cell_changes(const cv::Mat& edited, const cv::Mat& source, const cv::Mat& tracked,
                        double sign) {
  CellChange cells;
  for (int row = 0; row < CellChange::kRows; ++row) {
    for (int column = 0; column < CellChange::kColumns; ++column) {
      const cv::Rect cell(cv::Point(column * edited.cols / CellChange::kColumns,
                                    row * edited.rows / CellChange::kRows),
                          cv::Point((column + 1) * edited.cols / CellChange::kColumns,
                                    (row + 1) * edited.rows / CellChange::kRows));
      const cv::Mat mask = tracked(cell);
      if (cv::countNonZero(mask) < static_cast<int>(mask.total() / 4)) continue;
      const auto i = static_cast<std::size_t>(row * CellChange::kColumns + column);
      const cv::Scalar e = cv::mean(edited(cell), mask), s = cv::mean(source(cell), mask);
      cells.edited[i] = sign * cv::Vec3d(e[0], e[1], e[2]);
      cells.source[i] = sign * cv::Vec3d(s[0], s[1], s[2]);
    }
  }
  return cells;
}

/// The alternating part, (d(t) - d(t+1)) / 2, which a steady drift doesn't have: its root mean
/// square over the cells of a frame, and of the frames a typical one, so that a single jump counts
/// elsewhere. (Of a normal distribution's absolute values 68 % are below one standard deviation.)
struct Alternation {
  double typical = 0;    ///< levels
  double of_half = 0;    ///< what half of the cells exceed, in such a frame; levels
  std::size_t most = 0;  ///< frame
};
Alternation alternation(const std::vector<CellChange>& changes,
                        std::vector<cv::Vec3d> CellChange::* which) {
  constexpr double kTypical = 0.68;
  std::vector<double> frames, medians;
  for (std::size_t t = 1; t + 1 < changes.size(); ++t) {
    const auto &before = changes[t].*which, &after = changes[t + 1].*which;
    std::vector<double> squares;
    for (std::size_t i = 0; i < before.size(); ++i) {
      const cv::Vec3d half = 0.5 * (before[i] - after[i]);
      squares.push_back(half.dot(half) / 3);
    }
    const double sum = std::accumulate(squares.begin(), squares.end(), 0.0);
    frames.push_back(std::sqrt(sum / static_cast<double>(squares.size())));
    medians.push_back(std::sqrt(quantile(std::move(squares), 0.5)));
  }
  if (frames.empty()) return {};
  const auto most = std::max_element(frames.begin(), frames.end()) - frames.begin();
  return {quantile(frames, kTypical), quantile(medians, kTypical),
          static_cast<std::size_t>(most + 1)};
}

struct Flicker {
  Finding finding;
  bool in_a_part = false;  ///< half of the picture doesn't flicker
};
Flicker flicker_of(const std::vector<CellChange>& changes, double limit) {
  // An edit may amplify the source's own flicker a little.
  const double source = 1.5 * alternation(changes, &CellChange::source).typical;
  const auto [edited, of_half, most] = alternation(changes, &CellChange::edited);
  const double flicker = std::sqrt(std::max(0.0, edited * edited - source * source));
  return {at_most({"temporal", "flicker", "flicker"}, flicker, limit,
                  fmt::format("flicker beyond the source's is {:.1f} levels of 255, most around "
                              "frame {} (at most {:.1f} allowed)",
                              flicker, most, limit)),
          of_half < limit};
}

/// The edit's strength against the clip's own level, over runs long enough to be seen.
std::vector<Finding> strength_findings(const std::vector<std::optional<double>>& strength,
                                       bool key_known, const config::Judge& limits) {
  std::vector<double> known;
  std::vector<std::size_t> frames;
  for (std::size_t t = 0; t < strength.size(); ++t) {
    if (!strength[t]) continue;
    known.push_back(*strength[t]);
    frames.push_back(t);
  }
  // The median of three leaves out what only one frame shows.
  std::vector<double> steady = known;
  for (std::size_t i = 0; i < known.size() && known.size() >= 3; ++i) {
    const std::size_t first = std::min(i > 0 ? i - 1 : 0, known.size() - 3);
    steady[i] = quantile({known[first], known[first + 1], known[first + 2]}, 0.5);
  }
  const double level = quantile(steady, 0.5);
  double worst = 0;
  std::size_t where = frames[0];
  std::vector<bool> off(strength.size(), false);
  for (std::size_t i = 0; i < steady.size(); ++i) {
    const double deviation = std::abs(steady[i] / std::max(0.2, level) - 1);
    off[frames[i]] = deviation > limits.max_strength_change;
    if (deviation > worst) {
      worst = deviation;
      where = frames[i];
    }
  }
  std::vector<Finding> findings;
  if (key_known) {
    findings.push_back(at_least(
        {"instruction", "fade", "edit_kept"}, level, limits.min_edit_kept, 1.0,
        fmt::format("half of the frames carry {:.0f} % or less of the edited key frame's change "
                    "(at least {:.0f} % wanted)",
                    100 * level, 100 * limits.min_edit_kept)));
  }
  // The edit pops when one step between neighbours makes up most of the deviation.
  double step = 0;
  for (std::size_t i = 1; i < steady.size(); ++i) {
    step = std::max(step, std::abs(steady[i] - steady[i - 1]) / std::max(0.2, level));
  }
  const bool pops = step > 0.6 * worst;
  // A clip that hardly carries its key frame's edit has no strength of it to compare.
  constexpr double kLeastKept = 0.2;
  if (key_known && level < kLeastKept) return findings;
  findings.push_back(at_most(
      {"temporal", pops ? "pop" : "fade", "strength_change"}, worst, limits.max_strength_change,
      fmt::format("the edit's strength differs {}by {:.0f} % from the clip's median at frame "
                  "{} (at most {:.0f} % allowed; frames beyond it: {})",
                  pops ? "suddenly " : "", 100 * worst, where, 100 * limits.max_strength_change,
                  frame_ranges(off))));
  // A fade over the whole clip is nowhere far from the median.
  const auto quarter = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, steady.size() / 4));
  const auto mean = [&](auto first) {
    return std::accumulate(first, first + quarter, 0.0) / static_cast<double>(quarter);
  };
  const double from = mean(steady.begin()), to = mean(steady.end() - quarter);
  findings.push_back(
      at_most({"temporal", "fade", "strength_drift"}, std::abs(to - from) / std::max(0.2, level),
              limits.max_strength_change,
              fmt::format("the edit's strength goes from {:.0f} % in the first quarter of the "
                          "frames to {:.0f} % in the last (a change by {:.0f} % of the clip's "
                          "median allowed)",
                          100 * from, 100 * to, 100 * limits.max_strength_change)));
  findings.back().consequence = (findings.end() - 2)->severity > 1;
  return findings;
}

/// How much more contrast the edited picture has between neighbouring pixels, and so how much more
/// the source's noise and errors of the flow show in it; at least 1.
double contrast_gain(const cv::Mat& source, const cv::Mat& edited) {
  constexpr double kLargest = 4;
  const auto contrast = [](const cv::Mat& rgb) {
    cv::Mat smooth, detail;
    cv::blur(rgb, smooth, {3, 3});
    cv::absdiff(rgb, smooth, detail);
    const cv::Scalar mean = cv::mean(detail);
    return mean[0] + mean[1] + mean[2];
  };
  return std::clamp(contrast(edited) / std::max(contrast(source), 0.1), 1.0, kLargest);
}

/// How far pixels change differently from their surroundings: changes of whole areas are flicker.
cv::Mat fine_part(const cv::Mat& change) {
  cv::Mat around, fine;
  cv::blur(change, around, {17, 17});
  cv::absdiff(change, around, fine);
  return fine;
}

double mean_over(const cv::Mat& image, const cv::Mat& mask) {
  const cv::Scalar mean = cv::mean(image, mask);
  return (mean[0] + mean[1] + mean[2]) / 3;
}

/// Share of the tracked area in which whole patches change at once, differently from the picture:
/// a part of the edit that comes or goes.
double popping_share(const cv::Mat& edited_change, const cv::Mat& source_change,
                     const cv::Mat& tracked) {
  constexpr int kPatch = 9;            // pixels, of 320 along the picture
  constexpr double kVisible = 24;      // levels, of the largest channel
  constexpr double kAmplified = 3;     // an edit may amplify what the source does that much
  constexpr double kLeastArea = 0.05;  // of the picture
  const double area = cv::countNonZero(tracked);
  if (area < kLeastArea * static_cast<double>(tracked.total())) return 0.0;
  const cv::Mat known = tracked > 0;
  cv::Mat weight, edited, source;
  cv::blur(known, weight, {kPatch, kPatch}, {-1, -1}, cv::BORDER_REPLICATE);
  const auto patches = [&](const cv::Mat& change) {
    cv::Mat mean = cv::Mat::zeros(change.size(), change.type());
    cv::subtract(change, cv::mean(change, known), mean, known);  // flicker is another matter
    cv::blur(mean, mean, {kPatch, kPatch}, {-1, -1}, cv::BORDER_REPLICATE);
    std::vector<cv::Mat> channels;
    mean = cv::abs(mean);
    cv::split(mean, channels);
    return cv::Mat(cv::max(cv::max(channels[0], channels[1]), channels[2]));
  };
  edited = patches(edited_change);
  source = patches(source_change);
  const cv::Mat jumps = edited > kVisible + kAmplified * source;
  return cv::countNonZero(jumps & known & (weight > 127)) / area;
}

Finding popping_finding(const std::vector<double>& popping, double limit) {
  constexpr double kWorst = 0.94;
  const double worst = quantile(popping, kWorst);
  return at_most(
      {"temporal", "pop", "popping"}, worst, limit,
      fmt::format("parts of the edit come or go at once, in {:.1f} % of the picture in the worst "
                  "twentieth of the frames (at most {:.1f} % allowed; frames beyond it: {})",
                  100 * worst, 100 * limit, beyond(popping, limit)));
}

/// Share of the edited cells of a grid that have the edit in only one of two neighbour frames.
/// `change`: of a frame; `before`: of its neighbour, brought to it. Where an edit is drawn finely
/// or faintly, its coming and going shows in no single patch's colour, but in how much is changed.
double lost_share(const cv::Mat& change, const cv::Mat& before, const cv::Mat& tracked) {
  constexpr int kColumns = 12, kRows = 8;
  constexpr double kEdited = 3 * 4 * 4;  // squared levels of the three channels: there is an edit
  constexpr double kMuch = 0.1;          // of the strongest cell: no mere edge of an edit
  constexpr double kLost = 0.25;         // of the change's energy: half of the edit
  constexpr double kFewest = 16;         // cells; one or two of a smaller edit are no area
  std::vector<cv::Vec2d> energies;       // after and before
  double strongest = 0;
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) {
      const cv::Rect cell(
          cv::Point(column * change.cols / kColumns, row * change.rows / kRows),
          cv::Point((column + 1) * change.cols / kColumns, (row + 1) * change.rows / kRows));
      const cv::Mat mask = tracked(cell);
      const int known = cv::countNonZero(mask);
      if (2 * known < cell.area()) continue;
      energies.emplace_back(energy_of(change(cell), mask) / known,
                            energy_of(before(cell), mask) / known);
      strongest = std::max({strongest, energies.back()[0], energies.back()[1]});
    }
  }
  double edited = 0, lost = 0;
  for (const cv::Vec2d& energy : energies) {
    const auto [low, high] = std::minmax(energy[0], energy[1]);
    if (high < std::max(kEdited, kMuch * strongest)) continue;
    ++edited;
    if (low < kLost * high) ++lost;
  }
  return lost / std::max(kFewest, edited);
}

Finding loss_finding(const std::vector<double>& losses, double limit) {
  // What goes comes back, mostly: one frame alone may be an error of the flow.
  std::vector<double> sorted = losses;
  std::sort(sorted.rbegin(), sorted.rend());
  const double second = sorted.size() < 2 ? 0.0 : sorted[1];
  return at_most({"temporal", "pop", "part_loss"}, second, limit,
                 fmt::format("from one frame to the next {:.0f} % of the edited area lose the edit "
                             "or get it, in the second worst frame (at most {:.0f} % allowed; "
                             "frames beyond it: {})",
                             100 * second, 100 * limit, beyond(losses, limit)));
}

/// Share of the picture that the edit has given another colour since the reference frame, far
/// beyond what the source has changed: areas of a flat look that come, go or spread, however
/// slowly. Both changes are from the reference frame, along the motion; `followed`: where it is
/// known.
double recoloured_share(const cv::Mat& source_change, const cv::Mat& edited_change,
                        const cv::Mat& followed) {
  constexpr double kOther = 80;     // levels, of the largest channel: another colour
  constexpr double kAmplified = 4;  // times the source's change
  constexpr int kBlob = 15;         // pixels, of 320: bands along edges are errors of the flow
  const auto largest = [](const cv::Mat& change) {
    cv::Mat soft;
    std::vector<cv::Mat> channels;
    change.convertTo(soft, CV_32F);
    cv::GaussianBlur(soft, soft, {0, 0}, 3.0);
    cv::split(cv::abs(soft), channels);
    return cv::Mat(cv::max(cv::max(channels[0], channels[1]), channels[2]));
  };
  const cv::Mat edited = largest(edited_change), source = largest(source_change);
  cv::Mat blobs = (edited > kOther) & (edited > kAmplified * source) & followed;
  cv::morphologyEx(blobs, blobs, cv::MORPH_OPEN, cv::Mat::ones(kBlob, kBlob, CV_8U));
  return cv::countNonZero(blobs) / static_cast<double>(blobs.total());
}

Finding recolouring_finding(const std::vector<double>& shares, int reference, double limit) {
  constexpr double kWorst = 0.9;
  const double worst = quantile(shares, kWorst);
  return at_most({"temporal", "pop", "recolouring"}, worst, limit,
                 fmt::format("whole areas, {:.1f} % of the picture in the worst tenth of the "
                             "frames, have another colour than in frame {} though the source "
                             "hardly changes there (at most {:.1f} % allowed; frames beyond it: "
                             "{})",
                             100 * worst, reference, 100 * limit, beyond(shares, limit)));
}

/// Share of `outside` that is changed visibly; 0 where too little of it is known.
double leaked_share(const cv::Mat& change, const cv::Mat& outside) {
  constexpr double kVisible = 12;      // levels, of the largest channel
  constexpr double kLeastArea = 0.05;  // of the picture
  const double area = cv::countNonZero(outside);
  if (area < kLeastArea * static_cast<double>(outside.total())) return 0.0;
  cv::Mat small;
  cv::inRange(change, cv::Scalar::all(-kVisible), cv::Scalar::all(kVisible), small);
  return cv::countNonZero(outside & ~small) / area;
}

}  // namespace

std::vector<Finding> follow_edit(const Sample& sample, const config::Judge& limits) {
  const auto frames = static_cast<std::size_t>(sample.source.frames());
  const cv::Mat& key_source = sample.source.rgb[sample.key_index()];
  const bool key_known = !sample.edited_key.empty();
  const cv::Mat& key_edited = key_known ? sample.edited_key : sample.edited.rgb[sample.key_index()];
  const cv::Mat reference = change_of(key_source, key_edited);
  const ColourChange colour(key_source, reference);
  const bool local = !sample.around.empty();
  const double gain = contrast_gain(key_source, key_edited);

  std::vector<std::optional<double>> strength(frames);
  std::vector<double> leak(frames, 0.0), boiling(frames, 0.0), popping(frames, 0.0);
  std::vector<double> recoloured(frames, 0.0);
  std::vector<CellChange> changes(frames);
  const double energy = energy_of(reference, {});
  const cv::Mat at_key = change_of(key_source, sample.edited.rgb[sample.key_index()]);
  strength[sample.key_index()] = energy > 0 ? at_key.dot(reference) / energy : 0.0;
  std::vector<double> losses(frames, 0.0);
  cv::Mat before, unbroken;
  track_outward(sample.source, sample.key, [&](const Track& track) {
    if (track.neighbour == sample.key) before = at_key;
    const auto t = static_cast<std::size_t>(track.frame);
    const auto n = static_cast<std::size_t>(track.neighbour);
    const cv::Mat &source = sample.source.rgb[t], &edited = sample.edited.rgb[t];

    const cv::Mat source_before = warped(sample.source.rgb[n], track.step);
    const cv::Mat tracked = reliable(source, source_before, track.step, kTrackedLevels);
    cv::Mat source_change, edited_change;
    cv::subtract(source, source_before, source_change, {}, CV_16S);
    cv::subtract(edited, warped(sample.edited.rgb[n], track.step), edited_change, {}, CV_16S);
    // Indexed by the later frame of the pair, as a change from the earlier to the later one.
    changes[std::max(t, n)] =
        cell_changes(edited_change, source_change, tracked, track.frame > track.neighbour ? 1 : -1);
    popping[std::max(t, n)] = popping_share(edited_change, source_change, tracked);
    // What a look fixes to the screen, a halftone or hatching, changes along the motion of what is
    // behind it and not in place.
    cv::Mat in_place;
    cv::subtract(edited, sample.edited.rgb[n], in_place, {}, CV_16S);
    boiling[t] =
        std::max(0.0, mean_over(cv::min(fine_part(edited_change), fine_part(in_place)), tracked) -
                          2.0 * gain * mean_over(fine_part(source_change), tracked));

    const cv::Mat change = change_of(source, edited);
    losses[std::max(t, n)] = lost_share(change, warped(before, track.step), tracked);
    before = change;
    const cv::Mat key_here = warped(key_source, track.chain);
    const cv::Mat from_key = reliable(source, key_here, track.chain, kTrackedLevels);
    // Only what every step from the reference has tracked: nothing has passed before it meanwhile.
    if (track.neighbour == sample.key) unbroken = cv::Mat(source.size(), CV_8U, cv::Scalar(255));
    unbroken = tracked & (warped(unbroken, track.step) > 127);
    const cv::Mat followed = unbroken & reliable(source, key_here, track.chain, kFollowedLevels);
    cv::subtract(source, key_here, source_change, {}, CV_16S);
    cv::subtract(edited, warped(sample.edited.rgb[sample.key_index()], track.chain), edited_change,
                 {}, CV_16S);
    recoloured[t] = recoloured_share(source_change, edited_change, followed);
    strength[t] = strength_of(change, reference, warped(reference, track.chain), from_key, local,
                              colour.strength(source, change));
    if (local) leak[t] = leaked_share(change, from_key & (warped(sample.around, track.chain) == 0));
  });
  if (local) leak[sample.key_index()] = leaked_share(at_key, sample.around == 0);

  std::vector<Finding> findings = strength_findings(strength, key_known, limits);
  if (local) {
    const double worst = quantile(leak, 0.9);
    findings.push_back(
        at_most({"source", "leak", "leak"}, worst, limits.max_leak,
                fmt::format("outside its region the edit changes {:.1f} % of the picture in the "
                            "worst tenth of the frames (at most {:.1f} % allowed; frames beyond "
                            "it: {})",
                            100 * worst, 100 * limits.max_leak, beyond(leak, limits.max_leak))));
  }
  Flicker flicker = flicker_of(changes, limits.max_flicker);
  Finding pops = popping_finding(popping, limits.max_popping);
  Finding loss = loss_finding(losses, limits.max_part_loss);
  Finding other = recolouring_finding(recoloured, sample.key, limits.max_recolouring);
  Finding unsteady = find_unsteady_areas(sample);
  for (const Finding& finding : findings) {  // the whole edit's coming and going says more
    if ((finding.name == "strength_change" || finding.name == "strength_drift") &&
        finding.severity > 1) {
      pops.consequence = loss.consequence = other.consequence = unsteady.consequence = true;
    }
  }
  // Areas that come and go in a part of the picture make its mean flicker, too.
  flicker.finding.consequence = flicker.in_a_part && std::max(pops.severity, unsteady.severity) > 1;
  findings.push_back(std::move(flicker.finding));
  findings.push_back(std::move(pops));
  findings.push_back(std::move(loss));
  findings.push_back(std::move(other));
  findings.push_back(std::move(unsteady));
  const double boil = quantile(boiling, 0.75);
  findings.push_back(at_most(
      {"temporal", "noise", "boiling"}, boil, limits.max_boiling,
      fmt::format("pixels change by {:.1f} levels of 255 from frame to frame along the motion, "
                  "beyond what the source's changes explain (at most {:.1f} allowed; frames beyond "
                  "it: {})",
                  boil, limits.max_boiling, beyond(boiling, limits.max_boiling))));
  return findings;
}

}  // namespace ditto::stages::measure
