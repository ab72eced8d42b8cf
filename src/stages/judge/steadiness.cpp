#include "stages/judge/steadiness.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <span>

namespace ditto::stages::measure {
namespace {

constexpr int kLongerSide = 160;  ///< pixels: areas, not edges or texture
constexpr int kFrames = 24;       ///< looked at together: about a second

/// Some frames of both clips, softened.
struct Stretch {
  std::span<const cv::Mat> source, edited;
};

/// CV_32FC3 in levels.
std::vector<cv::Mat> softened(const std::vector<cv::Mat>& frames) {
  constexpr double kBlur = 1.5;  // pixels
  const cv::Size size = reduced_size(frames[0].size(), kLongerSide);
  std::vector<cv::Mat> result;
  for (const cv::Mat& frame : frames) {
    cv::Mat soft;
    reduced(frame, size).convertTo(soft, CV_32F);
    cv::GaussianBlur(soft, soft, {0, 0}, kBlur);
    result.push_back(std::move(soft));
  }
  return result;
}

/// Largest channel of how far each pixel changes over the frames, CV_32FC1.
cv::Mat range_of(std::span<const cv::Mat> frames) {
  cv::Mat low = frames[0].clone(), high = frames[0].clone();
  for (const cv::Mat& frame : frames) {
    cv::min(low, frame, low);
    cv::max(high, frame, high);
  }
  std::vector<cv::Mat> channels;
  cv::split(high - low, channels);
  return cv::max(cv::max(channels[0], channels[1]), channels[2]);
}

/// The least mean of squares that is left of `values` by two levels, one below and one above a
/// threshold of `by`. The values' mean is 0.
double left_by_threshold(const std::vector<double>& by, const std::vector<double>& values) {
  std::vector<std::size_t> order(by.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return by[a] < by[b]; });
  const auto count = static_cast<double>(values.size());
  double squares = 0, below = 0, gain = 0;
  for (const double value : values) squares += value * value;
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    below += values[order[i]];
    const double first = static_cast<double>(i + 1), rest = count - first;
    gain = std::max(gain, below * below * (1 / first + 1 / rest));
  }
  return (squares - gain) / count;
}

/// Root mean square of what of a pixel's change the source's colour at this pixel doesn't explain,
/// neither by linear regression nor by a threshold; of the channel that has most of it; levels.
double unexplained(const Stretch& stretch, cv::Point at) {
  constexpr double kNoise = 0.05;  // squared levels of the source that say nothing
  const std::size_t frames = stretch.source.size();
  std::vector<cv::Vec3d> source, edited;
  cv::Vec3d source_mean, edited_mean;
  for (std::size_t t = 0; t < frames; ++t) {
    source.emplace_back(stretch.source[t].at<cv::Vec3f>(at));
    edited.emplace_back(stretch.edited[t].at<cv::Vec3f>(at));
    source_mean += source.back() / static_cast<double>(frames);
    edited_mean += edited.back() / static_cast<double>(frames);
  }
  cv::Matx33d moments = kNoise * static_cast<double>(frames) * cv::Matx33d::eye(), products;
  for (std::size_t t = 0; t < frames; ++t) {
    source[t] -= source_mean;
    edited[t] -= edited_mean;
    moments += source[t] * source[t].t();
    products += source[t] * edited[t].t();
  }
  const cv::Matx33d weights = moments.inv() * products;
  double most = 0;
  for (int channel = 0; channel < 3; ++channel) {
    std::vector<double> expected, found;
    double left = 0;
    for (std::size_t t = 0; t < frames; ++t) {
      found.push_back(edited[t][channel]);
      expected.push_back(weights.col(channel).dot(source[t]));
      left += std::pow(found.back() - expected.back(), 2) / static_cast<double>(frames);
    }
    most = std::max(most, std::min(left, left_by_threshold(expected, found)));
  }
  return std::sqrt(most);
}

/// CV_8UC1, 255 where the edited clip is unsteady.
cv::Mat unsteady_places(const Stretch& stretch) {
  constexpr double kOther = 60;         // levels between the colours that a place has
  constexpr double kSteadySource = 40;  // levels: more is a thing that passes
  constexpr double kUnexplained = 25;   // levels
  const cv::Mat candidates =
      (range_of(stretch.edited) > kOther) & (range_of(stretch.source) < kSteadySource);
  std::vector<cv::Point> places;
  cv::findNonZero(candidates, places);
  cv::Mat unsteady = cv::Mat::zeros(candidates.size(), CV_8U);
  for (const cv::Point& place : places) {
    if (unexplained(stretch, place) > kUnexplained) unsteady.at<uchar>(place) = 255;
  }
  return unsteady;
}

/// Whether the edit changes the picture nearly everywhere. A thing that is added may well move over
/// places where the source stands still.
bool is_everywhere(const Sample& sample) {
  constexpr double kChanged = 8, kMost = 0.6;  // levels, share of the picture
  cv::Mat difference, little;
  cv::absdiff(sample.source.rgb[sample.key_index()], sample.edited.rgb[sample.key_index()],
              difference);
  cv::blur(difference, difference, {5, 5});
  cv::inRange(difference, cv::Scalar::all(0), cv::Scalar::all(kChanged), little);
  return sample.region.empty() &&
         cv::countNonZero(little) < (1 - kMost) * static_cast<double>(little.total());
}

}  // namespace

Finding find_unsteady_areas(const Sample& sample) {
  const Measure measure{"temporal", "pop", "unsteady_areas"};
  constexpr double kLimit = 0.01;  // of the picture
  const int frames = sample.source.frames(), length = std::min(frames, kFrames);
  constexpr int kFewest = 8;
  if (frames < kFewest || !is_everywhere(sample)) {
    return at_most(measure, 0, kLimit, "the edit is in a part of the picture, or the clip short");
  }
  const std::vector<cv::Mat> source = softened(sample.source.rgb),
                             edited = softened(sample.edited.rgb);
  cv::Mat worst;
  double share = -1;
  int first = 0;
  const int stretches = 1 + (frames - length + kFrames / 2 - 1) / (kFrames / 2);
  for (int i = 0; i < stretches; ++i) {
    const auto begin = static_cast<std::size_t>(std::min(i * kFrames / 2, frames - length));
    const auto some = [&](const std::vector<cv::Mat>& all) {
      return std::span(all).subspan(begin, static_cast<std::size_t>(length));
    };
    cv::Mat places = unsteady_places({some(source), some(edited)});
    const double found = cv::countNonZero(places) / static_cast<double>(places.total());
    if (found <= share) continue;
    share = found;
    first = static_cast<int>(begin);
    worst = std::move(places);
  }
  const cv::Moments moments = cv::moments(worst, true);
  const std::string place =
      moments.m00 > 0 ? fmt::format(" around {:.0f} % of its width and {:.0f} % of its height",
                                    100 * moments.m10 / moments.m00 / worst.cols,
                                    100 * moments.m01 / moments.m00 / worst.rows)
                      : "";
  return at_most(measure, share, kLimit,
                 fmt::format("in frames {}-{}, areas of {:.1f} % of the picture{} come and go in "
                             "another colour though nothing in the source does there (at most "
                             "{:.1f} % allowed)",
                             first, first + length - 1, 100 * share, place, 100 * kLimit));
}

}  // namespace ditto::stages::measure
