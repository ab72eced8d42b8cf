#include <fmt/format.h>

#include <opencv2/imgproc.hpp>

#include "ditto/core/error.h"
#include "ditto/media/flow.h"
#include "ditto/stages/gate.h"
#include "stages/judge/orientation.h"
#include "stages/judge/series.h"

namespace ditto::stages {
namespace {

constexpr int kLongerSide = 320;  ///< pixels at which the key frames are compared
constexpr int kCells = 80;        ///< of the structure, along the longer side

/// Fractions of the picture that are black and that are blown out.
std::pair<double, double> clipped(const cv::Mat& grey) {
  constexpr double kBlack = 8, kWhite = 250;  // levels
  const auto total = static_cast<double>(grey.total());
  return {cv::countNonZero(grey < kBlack) / total, cv::countNonZero(grey > kWhite) / total};
}

class BuiltinGate final : public Gate {
 public:
  explicit BuiltinGate(const config::Gate& config) : config_(config) {}

  BackendId id() const override { return {"builtin", 1, ""}; }

  GateResult check(const cv::Mat& key_frame, const cv::Mat& edited, const cv::Mat& mask,
                   const Instruction& instruction) const override {
    GateResult result;
    result.scores = nlohmann::json::object();
    if (edited.size() != key_frame.size() || edited.type() != key_frame.type()) {
      result.reason =
          fmt::format("the edited key frame is {}x{} with {} channels, the key frame {}x{} with {}",
                      edited.cols, edited.rows, edited.channels(), key_frame.cols, key_frame.rows,
                      key_frame.channels());
      return result;
    }
    if (!mask.empty() && (mask.size() != key_frame.size() || mask.type() != CV_8UC1)) {
      throw Error(ErrorKind::kInput,
                  "gate: the mask must have one 8-bit channel and the key frame's size");
    }
    const cv::Size size = measure::reduced_size(key_frame.size(), kLongerSide);
    const cv::Mat before = measure::reduced(key_frame, size),
                  after = measure::reduced(edited, size);
    const cv::Mat before_grey = media::grey(before), after_grey = media::grey(after);
    const bool local = !is_global(instruction.task) && !mask.empty();
    const cv::Mat region = local ? cv::Mat(measure::reduced(mask, size) > 0) : cv::Mat();
    if (local && cv::countNonZero(region) == 0) {
      result.reason = "the mask of the local edit is empty";
      return result;
    }

    const auto require = [&](const char* name, double value, bool holds,
                             const std::string& reason) {
      result.scores[name] = measure::rounded(value);
      if (!holds && result.reason.empty()) result.reason = reason;
    };

    cv::Scalar mean, deviation;
    cv::meanStdDev(after_grey, mean, deviation);
    const double contrast = deviation[0] / 255;
    require("contrast", contrast, contrast >= config_.min_contrast,
            fmt::format("the edited key frame is nearly uniform: its luma deviates by {:.3f} of "
                        "full range (at least "
                        "{:.3f} wanted)",
                        contrast, config_.min_contrast));
    const auto [black_before, white_before] = clipped(before_grey);
    const auto [black, white] = clipped(after_grey);
    require("black", black, black - black_before <= config_.max_clipped,
            fmt::format("{:.0f} % of the edited key frame is black (at most {:.0f} % more than the "
                        "key frame's {:.0f} % "
                        "allowed)",
                        100 * black, 100 * config_.max_clipped, 100 * black_before));
    require("blown_out", white, white - white_before <= config_.max_clipped,
            fmt::format("{:.0f} % of the edited key frame is blown out (at most {:.0f} % more than "
                        "the key frame's "
                        "{:.0f} % allowed)",
                        100 * white, 100 * config_.max_clipped, 100 * white_before));

    const double change = measure::mean_difference(before, after, region);
    require("change", change, change >= config_.min_change,
            fmt::format("the edit is hardly there: it changes {} by {:.4f} of full range (at least "
                        "{:.4f} wanted)",
                        local ? "its region" : "the picture", change, config_.min_change));

    check_structure(before_grey, after_grey, region, require);
    if (local) {
      const int margin = std::max(2, size.width / 64);
      cv::Mat wide;
      cv::dilate(region, wide,
                 cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * margin + 1, 2 * margin + 1}));
      const double outside = measure::mean_difference(before, after, 255 - wide);
      require("outside_change", outside, outside <= config_.max_outside_change,
              fmt::format("outside the region the picture changes by {:.4f} of full range (at most "
                          "{:.4f} allowed)",
                          outside, config_.max_outside_change));
    }
    result.pass = result.reason.empty();
    return result;
  }

 private:
  template <class Require>
  void check_structure(const cv::Mat& before, const cv::Mat& after, const cv::Mat& region,
                       Require&& require) const {
    const cv::Size cells = measure::reduced_size(before.size(), kCells);
    cv::Mat outside;
    if (!region.empty()) {
      cv::resize(255 - region, outside, cells, 0, 0, cv::INTER_NEAREST);
      constexpr double kLeastArea = 0.05;  // of the picture, for its structure to mean something
      if (cv::countNonZero(outside) < kLeastArea * static_cast<double>(outside.total())) return;
    }
    const double structure =
        measure::correlation(measure::orientation_field(before, cells),
                             measure::orientation_field(after, cells), outside);
    require("structure", structure, structure >= config_.min_structure,
            fmt::format("the key frame's structure is lost: the correlation of its edges is {:.2f} "
                        "(at least {:.2f} "
                        "wanted)",
                        structure, config_.min_structure));
  }

  config::Gate config_;
};

class OpenGate final : public Gate {
 public:
  BackendId id() const override { return {"none", 1, ""}; }
  GateResult check(const cv::Mat&, const cv::Mat&, const cv::Mat&,
                   const Instruction&) const override {
    return {.pass = true, .reason = {}, .scores = nlohmann::json::object()};
  }
};

}  // namespace

std::unique_ptr<Gate> make_gate(const config::Gate& config) {
  if (config.backend == "builtin") return std::make_unique<BuiltinGate>(config);
  if (config.backend == "none") return std::make_unique<OpenGate>();
  throw Error(ErrorKind::kUsage, "gate.backend: expected builtin or none, found " + config.backend);
}

}  // namespace ditto::stages
