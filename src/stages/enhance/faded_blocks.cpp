#include "stages/enhance/faded_blocks.h"

#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace ditto::stages {
namespace {

constexpr int kBlock = 8;
constexpr std::array kDistances = {1, 3, 5};  // px
// Measured with tests/quality/enhancement.py's pairs: blocks drawn towards their means agree on a
// share to 0.18 in the logarithm, codecs' blocks miss it by 0.35 and more.
constexpr double kAgreement = 0.25;
constexpr double kVisible = 0.3;              // the least disagreement of the picture as it is,
constexpr double kBetter = 6;                 // and how many times as large as that with the share
constexpr double kLeast = 0.25, kMost = 0.9;  // shares: tiles of an edit have less
constexpr double kSearch = 0.01;

/// The mean of each pixel's block, of the part of it that is in the picture.
cv::Mat block_means(const cv::Mat& picture, cv::Point origin) {
  const int left = (kBlock - origin.x) % kBlock, top = (kBlock - origin.y) % kBlock;
  const int columns = (left + picture.cols + kBlock - 1) / kBlock;
  const int rows = (top + picture.rows + kBlock - 1) / kBlock;
  const auto mean = [&](const cv::Mat& values) {
    cv::Mat padded, small;
    cv::copyMakeBorder(values, padded, top, rows * kBlock - top - values.rows, left,
                       columns * kBlock - left - values.cols, cv::BORDER_CONSTANT);
    cv::resize(padded, small, {columns, rows}, 0, 0, cv::INTER_AREA);
    return small;
  };
  cv::Mat share, means, large;
  cv::Mat sums = mean(picture);
  cv::merge(std::vector<cv::Mat>(static_cast<std::size_t>(picture.channels()),
                                 mean(cv::Mat::ones(picture.size(), CV_32FC1))),
            share);
  cv::divide(sums, share, means);
  cv::resize(means, large, {columns * kBlock, rows * kBlock}, 0, 0, cv::INTER_NEAREST);
  return large(cv::Rect({left, top}, picture.size()));
}

/// Mean squared differences of pixels at a distance, as functions of what the detail is multiplied
/// by: across a border step + 2 g cross + g^2 detail, within a block g^2 inside.
struct Differences {
  double step = 0, cross = 0, detail = 0, inside = 0;
  double pairs_across = 0, pairs_inside = 0;

  /// Along x of planes whose blocks begin at `origin`.
  void add(const cv::Mat& means, const cv::Mat& detail_plane, int origin, int distance) {
    for (int y = 0; y < means.rows; ++y) {
      const float* m = means.ptr<float>(y);
      const float* d = detail_plane.ptr<float>(y);
      for (int x = 0; x + distance < means.cols; ++x) {
        const double of_detail = d[x + distance] - d[x];
        if ((x - origin + kBlock) % kBlock + distance < kBlock) {
          inside += of_detail * of_detail;
          ++pairs_inside;
        } else {
          const double of_means = m[x + distance] - m[x];
          step += of_means * of_means;
          cross += of_means * of_detail;
          detail += of_detail * of_detail;
          ++pairs_across;
        }
      }
    }
  }

  /// Logarithm of the differences across borders to those inside, the detail multiplied by `gain`.
  double excess(double gain) const {
    const double across = (step + 2 * gain * cross + gain * gain * detail) / pairs_across;
    return std::log((across + 1e-9) / (gain * gain * inside / pairs_inside + 1e-9));
  }
};

}  // namespace

double detail_left(std::span<const cv::Mat> planes, cv::Point origin) {
  std::array<Differences, kDistances.size()> differences;
  for (const cv::Mat& plane : planes) {
    const cv::Mat means = block_means(plane, origin), detail = plane - means;
    for (std::size_t i = 0; i < kDistances.size(); ++i) {
      differences[i].add(means, detail, origin.x, kDistances[i]);
      differences[i].add(means.t(), detail.t(), origin.y, kDistances[i]);
    }
  }
  const auto disagreement = [&](double share) {
    double worst = 0;
    for (const Differences& d : differences) worst = std::max(worst, std::abs(d.excess(1 / share)));
    return worst;
  };
  const double shown = disagreement(1);
  if (shown < kVisible) return 1;
  double best = 1, least = std::min(kAgreement, shown / kBetter);
  for (double share = kLeast; share <= kMost; share += kSearch) {
    if (const double rest = disagreement(share); rest < least) {
      least = rest;
      best = share;
    }
  }
  return best;
}

cv::Mat amplify_detail(const cv::Mat& picture, cv::Point origin, double gain) {
  cv::Mat wide, result;
  picture.convertTo(wide, CV_32F);
  const cv::Mat means = block_means(wide, origin);
  cv::addWeighted(wide, gain, means, 1 - gain, 0, wide);
  wide.convertTo(result, CV_8U);
  return result;
}

}  // namespace ditto::stages
