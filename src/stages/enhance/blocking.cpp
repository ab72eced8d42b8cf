#include "stages/enhance/blocking.h"

#include <opencv2/imgproc.hpp>

#include "ditto/core/stop.h"
#include "stages/enhance/block_transform.h"
#include "stages/enhance/faded_blocks.h"
#include "stages/enhance/guided_filter.h"
#include "stages/enhance/source_motion.h"

namespace ditto::stages {

const std::size_t kDeblockingBytesPerPixel = GuidedFilter::kBytesPerPixel + 4 * 10;

namespace {

constexpr int kGrid = 8;       // px, the transform of JPEG, MPEG-1/2/4 and H.264's larger one
constexpr int kRadius = 6;     // px; with 13 px a window always spans a whole block
constexpr float kDamping = 4;  // squared grey levels

// Chosen on the tuning pairs of tests/quality/enhancement.py.
constexpr std::size_t kMeasured = 5;  // frames, spread over the clip
constexpr double kOutlier = 16;       // times the mean squared step of those that are none
constexpr int kOutlierRounds = 3;     // until what outliers add to that mean is gone
constexpr double kDistinct = 2.5;     // the grid's excess to the largest that another offset has
constexpr double kVisible = 0.05;     // the grid's excess to the other steps
constexpr double kFaintest = 0.5;     // squared grey levels of excess
constexpr double kTiles = 100;        // times the steps inside blocks: they are tiles of an edit
constexpr double kMostTaken = 8;      // times the noise

/// Mean squared steps between neighbouring pixels by their offset on the grid, along x and y.
struct Steps {
  std::array<double, kGrid> x{}, y{};

  Steps& operator+=(const Steps& more) {
    for (std::size_t i = 0; i < kGrid; ++i) {
      x[i] += more.x[i];
      y[i] += more.y[i];
    }
    return *this;
  }
};

/// Steps of a CV_32FC1 plane; few strong edges, a title's, don't hide the others.
Steps steps_of(const cv::Mat& plane) {
  const cv::Rect all({0, 0}, plane.size());
  Steps result;
  for (const bool along_x : {true, false}) {
    const cv::Rect rest(along_x ? 1 : 0, along_x ? 0 : 1, all.width - (along_x ? 1 : 0),
                        all.height - (along_x ? 0 : 1));
    const cv::Rect before({0, 0}, rest.size());
    cv::Mat step = plane(rest) - plane(before), line;
    step = step.mul(step);
    for (int i = 0; i < kOutlierRounds; ++i) cv::min(step, kOutlier * cv::mean(step)[0] + 1, step);
    cv::reduce(step, line, along_x ? 0 : 1, cv::REDUCE_AVG, CV_64F);
    std::array<int, kGrid> count{};
    auto& sums = along_x ? result.x : result.y;
    for (int i = 0; i < static_cast<int>(line.total()); ++i) {
      const auto offset = static_cast<std::size_t>((i + 1) % kGrid);
      sums[offset] += line.at<double>(i);
      ++count[offset];
    }
    for (std::size_t i = 0; i < kGrid; ++i) sums[i] /= std::max(1, count[i]);
  }
  return result;
}

struct Excess {
  double most = 0;    ///< of the steps on the grid over the others
  double next = 0;    ///< of the largest others over their median
  double inside = 0;  ///< that median
  int grid = 0;       ///< the offset of the most
};

/// The offset with the largest steps is taken for the grid. Blocks of 4 px may have their steps
/// half-way too, so these are not looked at.
Excess excess_of(const std::array<double, kGrid>& steps) {
  const auto grid =
      static_cast<std::size_t>(std::max_element(steps.begin(), steps.end()) - steps.begin());
  std::vector<double> others;
  for (std::size_t i = 0; i < kGrid; ++i) {
    if (i % (kGrid / 2) != grid % (kGrid / 2)) others.push_back(steps[i]);
  }
  std::sort(others.begin(), others.end());
  const double median = (others[2] + others[3]) / 2;
  return {steps[grid] - median, others.back() - median, median, static_cast<int>(grid)};
}

/// Of both directions; the grid is left open.
Excess operator+(const Excess& a, const Excess& b) {
  return {a.most + b.most, a.next + b.next, a.inside + b.inside, 0};
}

/// A CV_32FC1 plane without the noise in what the guide doesn't explain of it.
cv::Mat without_noise(const GuidedFilter& guide, const cv::Mat& plane, float noise) {
  const cv::Mat explained = guide.explain(plane);
  return shrink_coefficients(plane - explained, noise) + explained;
}

cv::Mat luma(const cv::Mat& rgb) {
  cv::Mat grey, plane;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  grey.convertTo(plane, CV_32F);
  return plane;
}

/// The mean squares of a plane's blocks.
void add_powers(const cv::Mat& plane, std::vector<float>& powers) {
  cv::Mat means;
  cv::resize(plane.mul(plane), means, plane.size() / kGrid, 0, 0, cv::INTER_AREA);
  powers.insert(powers.end(), means.begin<float>(), means.end<float>());
}

/// Steps of some frames, and of what the source doesn't explain of them.
struct Evidence {
  Steps shown, left;
  int frames = 0;

  void add(const Steps& of_frame, const Steps& of_rest) {
    shown += of_frame;
    left += of_rest;
    ++frames;
  }
};

struct Grid {
  double noise = 0;  ///< mean square
  cv::Point origin;
};

/// The grid in the evidence; without noise where it shows none, or tiles.
Grid grid_in(const Evidence& evidence) {
  const Excess of_frames = excess_of(evidence.shown.x) + excess_of(evidence.shown.y);
  const Excess along_x = excess_of(evidence.left.x), along_y = excess_of(evidence.left.y);
  const Excess of_rest = along_x + along_y;
  const bool found = of_rest.most > kDistinct * of_rest.next &&
                     of_rest.most > kVisible * of_rest.inside &&
                     of_rest.most > 2 * kFaintest * evidence.frames;
  if (!found || of_frames.most > kTiles * of_frames.inside) return {};
  // Noise that is smooth inside blocks and independent between them has steps of 2 noise on the
  // grid.
  return {of_rest.most / 2 / evidence.frames, {along_x.grid, along_y.grid}};
}

}  // namespace

Blocking measure_blocking(const media::Video& source, const media::Video& frames) {
  const std::size_t count = frames.frames.size();
  const cv::Size size = frames.size();
  // Less than a few blocks tell nothing.
  if (count == 0 || std::min(size.width, size.height) < 4 * kGrid) return {};
  Evidence first, all;
  std::vector<cv::Mat> planes;
  std::vector<float> powers;  // of what the source doesn't explain
  for (std::size_t i = 0; i <= kMeasured; ++i) {
    throw_if_stopped();
    const std::size_t t = i == 0 ? 0 : (2 * i - 1) * count / (2 * kMeasured);
    const cv::Mat& plane = planes.emplace_back(luma(frames.frames[t]));
    const cv::Mat rest = plane - GuidedFilter(source.frames[t], kRadius, kDamping).explain(plane);
    const Steps of_frame = steps_of(plane), of_rest = steps_of(rest);
    if (i == 0) first.add(of_frame, of_rest);
    all.add(of_frame, of_rest);
    add_powers(rest, powers);
  }
  // A codec that predicts frames from others moves the blocks off the grid with the picture, all
  // but the first frame's; the noise is carried along.
  const Grid of_first = grid_in(first), of_all = grid_in(all);
  const Grid& grid = of_first.noise > of_all.noise ? of_first : of_all;
  if (grid.noise <= 0) return {};
  // Where the source explains the edit, noise is all that is left, in most places less than the
  // mean; then more can be taken for noise without a loss. A drawn look leaves more than the noise,
  // and what is taken is soon the look.
  const auto middle = powers.begin() + static_cast<std::ptrdiff_t>(powers.size() / 2);
  std::nth_element(powers.begin(), middle, powers.end());
  const double share = grid.noise / std::max(1e-6, static_cast<double>(*middle));
  const double taken = share > 1 ? std::min(share, kMostTaken) : std::pow(share, 3);
  return {.noise = static_cast<float>(grid.noise * taken),
          .detail_left = detail_left(planes, grid.origin),
          .origin = grid.origin};
}

cv::Mat remove_blocking(const cv::Mat& source, const cv::Mat& frame, const Blocking& blocking,
                        double strength) {
  if (!blocking.visible() || strength <= 0) return frame;
  if (blocking.detail_left < 1)
    return amplify_detail(frame, blocking.origin, 1 + strength * (1 / blocking.detail_left - 1));
  const float noise = blocking.noise * static_cast<float>(strength);
  std::array<cv::Mat, 3> planes;  // luma, blue and red differences: codecs treat them apart
  cv::Mat opponent;
  frame.convertTo(opponent, CV_32F);
  const cv::Matx33f to_opponent(0.299f, 0.587f, 0.114f, -0.1687f, -0.3313f, 0.5f, 0.5f, -0.4187f,
                                -0.0813f);
  cv::transform(opponent, opponent, to_opponent);
  cv::split(opponent, planes.data());
  planes[0] = without_noise(GuidedFilter(source, kRadius, kDamping), planes[0], noise);
  // Codecs keep colour at half the size, where its blocks have the same number of pixels.
  const cv::Size half((frame.cols + 1) / 2, (frame.rows + 1) / 2);
  const GuidedFilter half_guide(shrink(source, half), kRadius, kDamping);
  for (cv::Mat* plane : {&planes[1], &planes[2]}) {
    cv::Mat small, change;
    cv::resize(*plane, small, half, 0, 0, cv::INTER_AREA);
    cv::resize(without_noise(half_guide, small, noise) - small, change, frame.size());
    *plane += change;
  }
  cv::merge(planes.data(), 3, opponent);
  cv::transform(opponent, opponent, to_opponent.inv());
  cv::Mat result;
  opponent.convertTo(result, CV_8U);
  return result;
}

}  // namespace ditto::stages
