#include "stages/generate/key_alignment.h"

#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"
#include "stages/generate/edit_model.h"
#include "stages/generate/flow_positions.h"

namespace ditto::stages {
namespace {

// A displacement below this is what flow finds on pairs that lie exactly on each other.
constexpr double kLeastDisplacement = 0.3;  // px
constexpr double kLeastAgreement = 0.5;     // of neighbouring flow: else it found nothing to follow
constexpr double kLeastGain = 1.0;          // dB
constexpr double kChannelLoss = 1.1;        // of a channel's mean square, beyond which it is worse
constexpr double kLeastExplained = 20;      // dB; a model that explains less is no measure
// Where a model with directions explains an edit better by this much, the edit has directions.
constexpr double kDirectionsGain = 1.5;  // dB
constexpr int kRounds = 3;
constexpr double kSettled = 0.1;      // px of change that ends the rounds
constexpr int kLongestSide = 640;     // of the pictures on which flow is computed
constexpr double kSmooth = 1 / 40.0;  // sigma of the displacement's smoothing, of the longer side

cv::Mat small_grey(const cv::Mat& rgb, cv::Size size) {
  cv::Mat small;
  cv::resize(rgb, small, size, 0, 0, cv::INTER_AREA);
  return media::grey(small);
}

struct Displacement {
  cv::Mat field;         ///< CV_32FC2 at the small size, prediction -> edited
  double mean = 0;       ///< its length over pixels that speak, px at the small size
  double agreement = 0;  ///< share of the flow (squared) over those pixels that it explains
};

/// Smoothed flow: each vector counts by how much texture there is, by whether the flow leads back,
/// and by whether the pictures agree along it.
Displacement displacement_between(const cv::Mat& from, const cv::Mat& to, const cv::Mat& initial) {
  const cv::Mat forward = media::flow(from, to, media::FlowQuality::kMedium, initial);
  const cv::Mat backward = media::flow(to, from, media::FlowQuality::kMedium, -initial);
  const cv::Mat trip = media::forward_backward_error(forward, backward);
  cv::Mat difference, gradient_x, gradient_y, texture;
  cv::absdiff(from, media::warp(to, forward), difference);
  difference.convertTo(difference, CV_32F);
  cv::blur(difference, difference, {5, 5});
  cv::Sobel(from, gradient_x, CV_32F, 1, 0, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  cv::Sobel(from, gradient_y, CV_32F, 0, 1, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  texture = gradient_x.mul(gradient_x) + gradient_y.mul(gradient_y);
  cv::blur(texture, texture, {7, 7});
  cv::Mat weight(from.size(), CV_32F), weighted(from.size(), CV_32FC2);
  for (int y = 0; y < from.rows; ++y) {
    const auto* f = forward.ptr<cv::Vec2f>(y);
    const auto* r = trip.ptr<float>(y);
    const auto* e = difference.ptr<float>(y);
    const auto* g = texture.ptr<float>(y);
    auto* w = weight.ptr<float>(y);
    auto* v = weighted.ptr<cv::Vec2f>(y);
    for (int x = 0; x < from.cols; ++x) {
      const float colour = e[x] / 15.0f;
      const float trust = g[x] / (g[x] + 9.0f) * std::exp(-r[x] * r[x] - colour * colour);
      // What counts for nothing is nothing: sums of denormal numbers take a hundred times as long.
      w[x] = trust < 1e-6f ? 0.0f : trust;
      v[x] = f[x] * w[x];
    }
  }
  Displacement result;
  // Where nothing speaks nearby, farther pixels do.
  const double sigma = kSmooth * std::max(from.cols, from.rows);
  result.field = cv::Mat::zeros(from.size(), CV_32FC2);
  cv::Mat level_weight, level_field;
  for (const double scale : {8.0, 3.0, 1.0}) {
    cv::GaussianBlur(weight, level_weight, {}, scale * sigma, scale * sigma,
                     cv::BORDER_REFLECT_101);
    cv::GaussianBlur(weighted, level_field, {}, scale * sigma, scale * sigma,
                     cv::BORDER_REFLECT_101);
    for (int y = 0; y < from.rows; ++y) {
      auto* d = result.field.ptr<cv::Vec2f>(y);
      const auto* w = level_weight.ptr<float>(y);
      const auto* v = level_field.ptr<cv::Vec2f>(y);
      for (int x = 0; x < from.cols; ++x) d[x] = (v[x] + d[x] * 0.02f) / (w[x] + 0.02f);
    }
  }
  double length = 0, sum = 0, squares = 0, left = 0;
  for (int y = 0; y < from.rows; ++y) {
    const auto* d = result.field.ptr<cv::Vec2f>(y);
    const auto* f = forward.ptr<cv::Vec2f>(y);
    const auto* w = weight.ptr<float>(y);
    for (int x = 0; x < from.cols; ++x) {
      const auto counts = static_cast<double>(w[x]);
      length += counts * cv::norm(d[x]);
      squares += counts * cv::norm(f[x], cv::NORM_L2SQR);
      left += counts * cv::norm(f[x] - d[x], cv::NORM_L2SQR);
      sum += counts;
    }
  }
  result.mean = sum > 0 ? length / sum : 0;
  result.agreement = squares > 0 ? std::max(0.0, 1 - left / squares) : 0;
  return result;
}

/// The picture pulled back along a displacement; `unknown` as in KeyAlignment.
cv::Mat moved(const cv::Mat& picture, const cv::Mat& field, cv::Mat& unknown) {
  const cv::Mat positions = flow_positions(field, picture.size());
  cv::Mat out, inside;
  cv::remap(picture, out, positions, cv::noArray(), cv::INTER_CUBIC, cv::BORDER_REPLICATE);
  cv::remap(cv::Mat(picture.size(), CV_8UC1, cv::Scalar(255)), inside, positions, cv::noArray(),
            cv::INTER_LINEAR, cv::BORDER_CONSTANT, 0);
  unknown = inside < 128;
  return out;
}

bool is_displaced(const KeyAlignment& found) {
  return found.displacement >= kLeastDisplacement && found.agreement >= kLeastAgreement;
}

class Aligner {
 public:
  Aligner(const cv::Mat& source, const cv::Mat& edited, std::uint64_t seed,
          const std::string& device)
      : source_(source), edited_(edited), seed_(seed), device_(device) {}

  KeyAlignment run() const {
    double undirected = 0, ignored = 0;
    KeyAlignment found = find(false, undirected);
    if (!is_displaced(found)) return unmoved(found);
    const Trial trial = try_out(found);
    // An emboss of a picture that lies right is explained by directions; moving it doesn't help a
    // model that has none to do as well.
    found.applied =
        found.applied && trial.after >= kLeastExplained &&
        explained(found.picture, found.unknown, false) >= trial.before - kDirectionsGain;
    if (found.applied) return found;
    const double directed = trial.before;
    if (directed < undirected + kDirectionsGain || directed < kLeastExplained)
      return unmoved(found);
    found = find(true, ignored);
    if (!is_displaced(found)) return unmoved(found);
    try_out(found);
    return found.applied ? found : unmoved(found);
  }

 private:
  EditModel model(const cv::Mat& picture, const cv::Mat& unknown, bool directed) const {
    const ImagePair pair{source_, picture, unknown};
    return EditModel({&pair, 1}, {.network = {.hidden = 32,
                                              .iterations = 200,
                                              .batch = 512,
                                              .seed = seed_,
                                              .threads = 1,  // as fast as two: it is small
                                              .device = device_},
                                  .directed = directed,
                                  .samples = 60000});
  }

  struct Trial {
    double before = 0, after = 0;  ///< how well a model with directions explains the picture, dB
  };
  /// What moving the picture gains, and whether that is enough to apply it.
  Trial try_out(KeyAlignment& found) const {
    const EditModel before = model(edited_, found.unknown, true),
                    after = model(found.picture, found.unknown, true);
    found.gain = after.psnr() - before.psnr();
    found.applied =
        found.gain >= kLeastGain && as_a_whole(before.mean_square(), after.mean_square());
    return {before.psnr(), after.psnr()};
  }
  /// A picture that is displaced is so in all its colours: a look that moves some of them only, as
  /// for red and cyan glasses, is explained worse in the others when it is pulled back.
  static bool as_a_whole(const cv::Vec3d& before, const cv::Vec3d& after) {
    for (int c = 0; c < 3; ++c) {
      if (after[c] > kChannelLoss * before[c]) return false;
    }
    return true;
  }

  /// How well a model explains a picture where it is known, dB.
  double explained(const cv::Mat& picture, const cv::Mat& unknown, bool directed) const {
    return model(picture, unknown, directed).psnr();
  }

  /// The picture moved as far as models that are `directed` or not find it displaced; not applied
  /// yet. `first` is how well one explains the given picture.
  KeyAlignment find(bool directed, double& first) const {
    KeyAlignment result;
    result.picture = edited_;
    const double scale =
        std::min(1.0, kLongestSide / static_cast<double>(std::max(edited_.cols, edited_.rows)));
    const cv::Size small(std::max(16, static_cast<int>(std::lround(edited_.cols * scale))),
                         std::max(16, static_cast<int>(std::lround(edited_.rows * scale))));
    const cv::Mat target = small_grey(edited_, small);
    cv::Mat field = cv::Mat::zeros(small, CV_32FC2);
    for (int round = 0; round < kRounds; ++round) {
      const EditModel now = model(result.picture, result.unknown, directed);
      if (round == 0) first = now.psnr();
      cv::Mat prediction;
      now.apply(source_).convertTo(prediction, CV_8U);
      const Displacement found = displacement_between(small_grey(prediction, small), target, field);
      result.displacement = found.mean / scale;
      result.agreement = found.agreement;
      if (round == 0 && result.displacement < kLeastDisplacement) break;
      const double change =
          cv::norm(found.field, field, cv::NORM_L2) / std::sqrt(static_cast<double>(small.area()));
      field = found.field;
      result.picture = moved(edited_, field, result.unknown);
      if (change < kSettled) break;
    }
    return result;
  }

  /// The given picture with what was found.
  KeyAlignment unmoved(const KeyAlignment& found) const {
    KeyAlignment result;
    result.picture = edited_;
    result.displacement = found.displacement;
    result.agreement = found.agreement;
    result.gain = found.gain;
    return result;
  }

  const cv::Mat& source_;
  const cv::Mat& edited_;
  std::uint64_t seed_;
  const std::string& device_;
};

}  // namespace

KeyAlignment align_key(const cv::Mat& source, const cv::Mat& edited, std::uint64_t seed,
                       const std::string& device) {
  return Aligner(source, edited, seed, device).run();
}

}  // namespace ditto::stages
