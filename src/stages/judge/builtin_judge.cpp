#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "ditto/core/error.h"
#include "ditto/stages/judge.h"
#include "stages/judge/detail.h"
#include "stages/judge/native_judge.h"
#include "stages/judge/structure.h"
#include "stages/judge/temporal.h"
#include "stages/judge/verdict.h"
#include "stages/judge/wording.h"

namespace ditto::stages {
namespace {

using measure::Finding;
using measure::Sample;

constexpr int kLongerSide = 320;  ///< of the measuring size, pixels

void check_context(const media::Video& source, const JudgeContext& context) {
  const auto fail = [](const std::string& message) {
    throw Error(ErrorKind::kInput, "judge: " + message);
  };
  if (source.frames.empty()) fail("the source has no frames");
  if (context.key_frame < 0 || context.key_frame >= static_cast<int>(source.frames.size())) {
    fail(fmt::format("key frame {} is not within the {} frames of the source", context.key_frame,
                     source.frames.size()));
  }
  if (!context.edited_key_frame.empty() && (context.edited_key_frame.size() != source.size() ||
                                            context.edited_key_frame.type() != CV_8UC3)) {
    fail("the edited key frame must be RGB and of the source's size");
  }
  if (!context.mask.empty() &&
      (context.mask.size() != source.size() || context.mask.type() != CV_8UC1)) {
    fail("the mask must have one 8-bit channel and the source's size");
  }
}

struct BrokenRule {
  std::string fault, sentence;
};

/// What is wrong with the container of the frames, before anything is measured.
std::optional<BrokenRule> broken_rule(const media::Video& source, const media::Video& edited) {
  if (edited.frames.size() != source.frames.size()) {
    return BrokenRule{"wrong_length", fmt::format("{} frames, the source has {}",
                                                  edited.frames.size(), source.frames.size())};
  }
  for (std::size_t t = 0; t < edited.frames.size(); ++t) {
    const cv::Mat& frame = edited.frames[t];
    if (frame.size() != source.size() || frame.type() != CV_8UC3) {
      return BrokenRule{"wrong_size",
                        fmt::format("frame {} is {}x{}, the source {}x{}", t, frame.cols,
                                    frame.rows, source.size().width, source.size().height)};
    }
  }
  // Containers with coarse time stamps give the same rate as a slightly different fraction.
  constexpr double kSameRate = 5e-4;
  if (std::abs(edited.fps.value() / source.fps.value() - 1) > kSameRate) {
    return BrokenRule{"wrong_rate",
                      fmt::format("{}/{} frames per second, the source has {}/{}", edited.fps.num,
                                  edited.fps.den, source.fps.num, source.fps.den)};
  }
  return {};
}

/// Largest channel of the absolute change, CV_32F in levels; blurred first, so that noise counts
/// little.
cv::Mat change_map(const cv::Mat& source, const cv::Mat& edited) {
  cv::Mat difference;
  cv::subtract(source, edited, difference, {}, CV_32F);
  cv::GaussianBlur(difference, difference, {0, 0}, 2.0);
  difference = cv::abs(difference);
  std::vector<cv::Mat> channels;
  cv::split(difference, channels);
  return cv::max(cv::max(channels[0], channels[1]), channels[2]);
}

/// Where a local edit lies on the key frame: the given mask, else what the editor changed. Empty
/// when it is everywhere, or leaves too little to compare with.
cv::Mat region_of(const JudgeContext& context, const cv::Mat& source_key,
                  const cv::Mat& edited_key) {
  if (is_global(context.instruction.task)) return {};
  constexpr double kChanged = 8;           // levels
  constexpr double kMost[] = {0.95, 0.6};  // of the picture, of a mask and of what was changed
  cv::Mat region;
  if (!context.mask.empty()) {
    region = measure::reduced(context.mask, source_key.size()) > 0;
  } else if (!edited_key.empty()) {
    region = change_map(source_key, edited_key) > kChanged;
  }
  if (region.empty()) return {};
  const double area = cv::countNonZero(region) / static_cast<double>(region.total());
  return area > 0 && area < kMost[context.mask.empty() ? 1 : 0] ? region : cv::Mat();
}

/// A region with a margin for soft edges and for motion that isn't followed exactly.
cv::Mat with_margin(const cv::Mat& region) {
  if (region.empty()) return {};
  const int margin = std::max(2, region.cols / 64);
  cv::Mat result;
  cv::dilate(region, result,
             cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * margin + 1, 2 * margin + 1}));
  return result;
}

/// A frame near the middle where the edit is as strong as elsewhere, to follow it from.
int reference_frame(const measure::Series& source, const measure::Series& edited) {
  std::vector<double> change;
  for (std::size_t t = 0; t < source.rgb.size(); ++t) {
    change.push_back(measure::mean_difference(source.rgb[t], edited.rgb[t]));
  }
  const double strong = 0.8 * measure::quantile(change, 0.9);
  const int middle = source.frames() / 2;
  int best = middle;
  for (int t = 0, distance = source.frames(); t < source.frames(); ++t) {
    if (change[static_cast<std::size_t>(t)] >= strong && std::abs(t - middle) < distance) {
      best = t;
      distance = std::abs(t - middle);
    }
  }
  return best;
}

/// Blurred differences below it come from re-encoding and smoothing of neighbours.
constexpr double kVisibleLevels = 3;

/// Mean visible difference, levels, over the region of a local edit, behind a blur.
double visible_difference(const Sample& sample, const cv::Mat& a, const cv::Mat& b,
                          double sigma = 2.0) {
  cv::Mat difference = cv::Mat::zeros(a.size(), CV_32FC3);  // what lies outside is another matter
  cv::subtract(a, b, difference, sample.region, CV_32F);
  cv::GaussianBlur(difference, difference, {0, 0}, sigma);
  const cv::Mat visible = cv::max(cv::abs(difference) - cv::Scalar::all(kVisibleLevels), 0.0);
  const cv::Scalar mean = cv::mean(visible, sample.region.empty() ? cv::noArray() : sample.region);
  return (mean[0] + mean[1] + mean[2]) / 3;
}

/// The change in the most changed two-hundredth of the picture, levels: a local edit is small in
/// the mean but large where it is.
double largest_change(const cv::Mat& change_map) {
  constexpr double kPlace = 0.995;
  return measure::quantile(std::vector<double>(change_map.begin<float>(), change_map.end<float>()),
                           kPlace);
}

/// With the edited key frame: whether a tenth of what it changes is there, in the mean or, as of
/// another and fainter edit, where it changes most.
Finding find_change_at_key(const Sample& sample, double limit) {
  constexpr double kLeastShare = 0.1;  // of what was asked for
  constexpr double kCoding = 15;       // levels that coding changes some places by
  const cv::Mat &source = sample.source.rgb[sample.key_index()],
                &edited = sample.edited.rgb[sample.key_index()];
  const double asked = visible_difference(sample, source, sample.edited_key) / 255;
  const double change = visible_difference(sample, source, edited) / 255;
  const double least = std::min(limit, kLeastShare * asked);
  const double asked_peak = largest_change(change_map(source, sample.edited_key));
  const double peak = largest_change(change_map(source, edited));
  const double least_peak = std::max(kCoding, kLeastShare * asked_peak);
  return measure::exceeds(
      {"instruction", "unedited", "change"}, std::max(change, least * peak / least_peak), least,
      fmt::format("the mean visible change at the key frame is {:.3f} of full range, the edited "
                  "key frame's {:.3f} (at least {:.3f} wanted), and {:.0f} levels in the most "
                  "changed two-hundredth (or at least {:.0f} wanted)",
                  change, asked, least, peak, least_peak));
}

Finding find_change(const Sample& sample, double limit) {
  if (!sample.edited_key.empty()) return find_change_at_key(sample, limit);
  constexpr double kLocally = 5;  // a local edit is that much larger where it is than in the mean
  std::vector<double> means, peaks;
  for (std::size_t t = 0; t < sample.source.rgb.size();
       t += std::max<std::size_t>(1, sample.source.rgb.size() / 8)) {
    const cv::Mat map = change_map(sample.source.rgb[t], sample.edited.rgb[t]);
    means.push_back(cv::mean(map)[0] / 255);
    peaks.push_back(largest_change(map) / 255);
  }
  const double mean = measure::quantile(means, 0.5), peak = measure::quantile(peaks, 0.5);
  const double change = std::max(mean, peak / kLocally);
  return measure::exceeds(
      {"instruction", "unedited", "change"}, change, limit,
      fmt::format("the picture changes by {:.3f} of full range in the mean, by {:.3f} in its most "
                  "changed two-hundredth (at least {:.3f} or {:.3f} wanted)",
                  mean, peak, limit, kLocally * limit));
}

/// What `found` levels of difference from the edited key frame are of the `asked` levels that the
/// edit changes: of a faint edit as much may differ as of one that is just visible, and a
/// difference that is large by itself isn't small beside a strong edit.
double share_of_edit(double found, double asked) {
  constexpr double kFaint = 2, kStrong = 40;
  return found / std::clamp(asked, kFaint, kStrong);
}

/// The video at the key index against the edited key frame: another edit, or another sample's.
Finding find_key_difference(const Sample& sample, double limit) {
  const double asked =
      visible_difference(sample, sample.source.rgb[sample.key_index()], sample.edited_key);
  const cv::Mat& edited = sample.edited.rgb[sample.key_index()];
  double found = visible_difference(sample, edited, sample.edited_key);
  // A blurred edit is no other edit.
  for (const double sigma : {1.2, 2.4}) {
    cv::Mat soft;
    cv::GaussianBlur(sample.edited_key, soft, {0, 0}, sigma);
    found = std::min(found, visible_difference(sample, edited, soft));
  }
  return measure::at_most(
      {"instruction", "wrong_edit", "key_difference"}, share_of_edit(found, asked), limit,
      fmt::format("frame {} differs from the edited key frame by {:.1f} levels of 255, where the "
                  "edit changes {:.1f} ({:.0f} % of these, or of 40 if they are more; at most "
                  "{:.0f} % allowed)",
                  sample.key, found, asked, 100 * share_of_edit(found, asked), 100 * limit));
}

/// Whether the difference from the edited key frame is no more than what blocks with steps of so
/// many levels make: behind a blur of several blocks' width the edit is there.
bool blocks_explain_difference(const Sample& sample, double steps, double limit) {
  constexpr double kSigma = 10;
  const cv::Mat &source = sample.source.rgb[sample.key_index()],
                &edited = sample.edited.rgb[sample.key_index()];
  const double asked = visible_difference(sample, source, sample.edited_key, kSigma);
  const double found = visible_difference(sample, edited, sample.edited_key, kSigma);
  return share_of_edit(std::max(0.0, found - steps), asked) <= limit;
}

/// Whether the difference is no more than what the picture flickers by.
bool flicker_explains_difference(const Sample& sample, double flicker) {
  constexpr double kPeak = 3;  // of a flicker of so many levels, in deviations
  return visible_difference(sample, sample.edited.rgb[sample.key_index()], sample.edited_key) <=
         kPeak * flicker;
}

/// Whether so much flicker hides how strong the edit is.
bool flicker_hides_edit(const Sample& sample, double flicker) {
  return visible_difference(sample, sample.source.rgb[sample.key_index()], sample.edited_key) <=
         2 * flicker;
}

/// Whether the frame is the edited key frame's edit, less strong.
bool weakness_explains_difference(const Sample& sample, double limit) {
  constexpr double kLeast = 0.15;  // of the edit must be there
  const cv::Mat &source = sample.source.rgb[sample.key_index()],
                &edited = sample.edited.rgb[sample.key_index()];
  cv::Mat asked = cv::Mat::zeros(source.size(), CV_32FC3), found = asked.clone(), weak;
  cv::subtract(sample.edited_key, source, asked, sample.region, CV_32F);
  cv::subtract(edited, source, found, sample.region, CV_32F);
  const double strength = asked.dot(found) / std::max(1.0, asked.dot(asked));
  if (strength < kLeast || strength > 1) return false;
  cv::addWeighted(source, 1 - strength, sample.edited_key, strength, 0, weak);
  return share_of_edit(visible_difference(sample, edited, weak),
                       visible_difference(sample, source, sample.edited_key)) <= limit;
}

class BuiltinJudge final : public Judge {
 public:
  explicit BuiltinJudge(const config::Judge& config) : limits_(config) {}

  BackendId id() const override { return {"builtin", 7, ""}; }

  std::size_t working_bytes(const ClipShape& shape) const override {
    const cv::Size small = measure::reduced_size({shape.width, shape.height}, kLongerSide);
    const auto area = static_cast<std::size_t>(small.area());
    const auto full =
        static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
    const auto frames = static_cast<std::size_t>(shape.frames);
    // Both clips in colour and grey; four sets of orientation fields at a sixteenth of the area;
    // softened colours of both at a quarter of it; products of fields over time; maps and changes
    // of one frame; filters over one whole frame.
    return frames * area * (8 + 2 + 6) + frames * frames * 4 + area * 300 + full * 48;
  }

  Judgement judge(const media::Video& source, const media::Video& edited,
                  const JudgeContext& context) const override {
    check_context(source, context);
    if (const auto rule = broken_rule(source, edited))
      return measure::rejected_by_rule(rule->fault, rule->sentence);

    const bool knows_key = !context.edited_key_frame.empty();
    Sample sample{.source = measure::reduced(source, kLongerSide),
                  .edited = measure::reduced(edited, kLongerSide),
                  .key = context.key_frame,
                  .edited_key = {},
                  .region = {},
                  .around = {},
                  .instruction = context.instruction};
    if (knows_key) {
      sample.edited_key = measure::reduced(context.edited_key_frame, sample.source.size());
    } else {
      sample.key = reference_frame(sample.source, sample.edited);
    }
    sample.region = region_of(context, sample.source.rgb[sample.key_index()], sample.edited_key);
    sample.around = with_margin(sample.region);

    std::vector<Finding> findings = {find_change(sample, limits_.min_change)};
    const auto add = [&](std::vector<Finding> more) {
      findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                      std::make_move_iterator(more.end()));
    };
    if (knows_key) add({find_key_difference(sample, limits_.max_key_difference)});
    if (auto wording = wording_of(sample)) add({std::move(*wording)});
    add(measure::compare_structure(sample, limits_));
    add(measure::follow_edit(sample, limits_));
    add(measure::inspect_detail(source, edited, context, limits_));
    explain_difference(sample, findings);
    const bool assessed = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
      return finding.name == "key_difference" || finding.name == "wording";
    });
    return measure::judgement_from(findings, assessed, context.confidence, limits_);
  }

 private:
  /// A difference from the edited key frame that flicker, blocks or areas that come and go make is
  /// no other edit, as long as the edit is there, nor is one of an edit that fades.
  void explain_difference(const Sample& sample, std::vector<Finding>& findings) const {
    const auto named = [&](std::string_view name) {
      const auto found = std::find_if(findings.begin(), findings.end(),
                                      [&](const Finding& finding) { return finding.name == name; });
      return found == findings.end() ? nullptr : &*found;
    };
    Finding *difference = named("key_difference"), *kept = named("edit_kept");
    const Finding *blocks = named("blocking"), *flicker = named("flicker");
    if (difference == nullptr) return;
    const auto fails = [](const Finding* finding) {
      return finding != nullptr && finding->severity > 1;
    };
    const bool fades = fails(named("strength_change")) || fails(named("strength_drift"));
    if (fades && weakness_explains_difference(sample, limits_.max_key_difference)) {
      difference->consequence = true;
      return;
    }
    if (fails(kept)) {
      kept->consequence = fails(flicker) && flicker_hides_edit(sample, flicker->value);
      if (!kept->consequence) return;
    }
    difference->consequence =
        fails(named("popping")) || fails(named("recolouring")) || fails(named("unsteady_areas")) ||
        (blocks->severity > 1 &&
         blocks_explain_difference(sample, blocks->value, limits_.max_key_difference)) ||
        (flicker->severity > 1 && flicker_explains_difference(sample, flicker->value));
  }

  /// The words are held against the edited key frame where it is known: how far the video agrees
  /// with that is another measurement.
  static std::optional<Finding> wording_of(const Sample& sample) {
    if (!sample.edited_key.empty()) {
      return measure::check_wording(sample.instruction, {sample.source.rgb[sample.key_index()]},
                                    {sample.edited_key});
    }
    std::vector<cv::Mat> source, edited;
    const std::size_t step = std::max<std::size_t>(1, sample.source.rgb.size() / 4);
    for (std::size_t t = step / 2; t < sample.source.rgb.size(); t += step) {
      source.push_back(sample.source.rgb[t]);
      edited.push_back(sample.edited.rgb[t]);
    }
    return measure::check_wording(sample.instruction, source, edited);
  }

  config::Judge limits_;
};

}  // namespace

std::unique_ptr<Judge> make_judge(const config::Judge& config) {
  auto builtin = std::make_unique<BuiltinJudge>(config);
  if (config.backend == "builtin") return builtin;
  if (config.backend == "native") return make_native_judge(config, std::move(builtin));
  throw Error(ErrorKind::kUsage,
              "judge.backend: expected builtin or native, found " + config.backend);
}

}  // namespace ditto::stages
