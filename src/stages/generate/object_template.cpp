#include "stages/generate/object_template.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "stages/generate/object_track.h"

namespace ditto::stages {
namespace {

constexpr std::array<double, 2> kBlur{3, 1};  // sigma of the levels, px
constexpr int kSteps = 10;                    // of Gauss and Newton on each level
constexpr std::size_t kFewest = 40;           // pixels of a template
constexpr double kMostSamples = 1500;
constexpr double kPlain = 1.0;      // mean squared slope, levels per pixel, of too plain a template
constexpr double kLikeBefore = 12;  // grey levels within which a pixel looks as in the key frame
constexpr double kLeastScale = 3.0;  // grey levels of difference that always count as noise

/// A pixel by linear interpolation, with its slopes; false outside.
bool sample(const cv::Mat& image, cv::Point2d at, double& value, double& slope_x, double& slope_y) {
  const int x = cvFloor(at.x), y = cvFloor(at.y);
  if (x < 0 || y < 0 || x + 1 >= image.cols || y + 1 >= image.rows) return false;
  const double u = at.x - x, v = at.y - y;
  const auto* top = image.ptr<float>(y) + x;
  const auto* bottom = image.ptr<float>(y + 1) + x;
  const double a = static_cast<double>(top[0]), b = static_cast<double>(top[1]),
               c = static_cast<double>(bottom[0]), d = static_cast<double>(bottom[1]);
  value = (a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v;
  slope_x = (b - a) * (1 - v) + (d - c) * v;
  slope_y = (c - a) * (1 - u) + (d - b) * u;
  return true;
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

MatchedFrame::MatchedFrame(const cv::Mat& rgb) {
  cv::Mat grey;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  grey.convertTo(grey, CV_32F);
  for (std::size_t level = 0; level < levels.size(); ++level)
    cv::GaussianBlur(grey, levels[level], {}, kBlur[level], kBlur[level], cv::BORDER_REPLICATE);
}

ObjectTemplate::ObjectTemplate(const MatchedFrame& key, const cv::Rect& box, const cv::Mat& alpha,
                               double reach)
    : middle_(box.x + (box.width - 1) / 2.0, box.y + (box.height - 1) / 2.0) {
  const int stride = std::max(1, cvCeil(std::sqrt(box.area() / kMostSamples)));
  double slopes = 0;
  for (int y = 0; y < box.height; y += stride) {
    for (int x = 0; x < box.width; x += stride) {
      const cv::Point2d off((x + 0.5) / box.width * 2 - 1, (y + 0.5) / box.height * 2 - 1);
      if (alpha.at<float>(y, x) < 0.5f || off.dot(off) > reach * reach) continue;
      const cv::Point2d at(box.x + x, box.y + y);
      double coarse = 0, fine = 0, slope_x = 0, slope_y = 0;
      if (!sample(key.levels[0], at, coarse, slope_x, slope_y)) continue;
      if (!sample(key.levels[1], at, fine, slope_x, slope_y)) continue;
      slopes += slope_x * slope_x + slope_y * slope_y;
      samples_.push_back({at - middle_, {static_cast<float>(coarse), static_cast<float>(fine)}});
    }
  }
  plain_ = samples_.size() < kFewest || slopes < kPlain * static_cast<double>(samples_.size());
}

ObjectTemplate::Match ObjectTemplate::measure(const MatchedFrame& frame,
                                              const cv::Matx23d& transform) const {
  std::vector<double> differences;
  double value = 0, slope_x = 0, slope_y = 0;
  for (const Sample& s : samples_) {
    if (sample(frame.levels[1], move(transform, s.place + middle_), value, slope_x, slope_y))
      differences.push_back(value - static_cast<double>(s.grey[1]));
  }
  Match result{.transform = transform, .error = kMostDifference};
  if (differences.size() * 2 < samples_.size()) return result;
  const double brightness = median(differences);
  double sum = 0, found = 0;
  for (const double d : differences) {
    sum += std::min(std::abs(d - brightness), kMostDifference);
    found += std::abs(d - brightness) < kLikeBefore ? 1 : 0;
  }
  result.error = sum / static_cast<double>(differences.size());
  result.found = static_cast<float>(found / static_cast<double>(samples_.size()));
  return result;
}

ObjectTemplate::Match ObjectTemplate::match(const MatchedFrame& frame,
                                            const cv::Matx23d& start) const {
  // About the middle: q = (a -b; b a) p + (x, y).
  cv::Point2d place = move(start, middle_);
  double a = start(0, 0), b = start(1, 0);
  struct Term {
    double difference;
    cv::Vec4d slope;  // with respect to a, b, x, y
  };
  std::vector<Term> terms;
  std::vector<double> sizes;
  for (std::size_t level = 0; level < frame.levels.size(); ++level) {
    for (int step = 0; step < kSteps; ++step) {
      terms.clear();
      sizes.clear();
      for (const Sample& s : samples_) {
        const cv::Point2d p = s.place;
        double value = 0, gx = 0, gy = 0;
        if (!sample(frame.levels[level], {a * p.x - b * p.y + place.x, b * p.x + a * p.y + place.y},
                    value, gx, gy))
          continue;
        terms.push_back({value - static_cast<double>(s.grey[level]),
                         {gx * p.x + gy * p.y, gy * p.x - gx * p.y, gx, gy}});
        sizes.push_back(terms.back().difference);
      }
      if (terms.size() * 2 < samples_.size()) return measure(frame, start);
      const double brightness = median(sizes);
      for (double& size : sizes) size = std::abs(size - brightness);
      const double scale = std::max(kLeastScale, 2 * median(sizes));
      cv::Matx44d normal = cv::Matx44d::eye() * 1e-3;
      cv::Vec4d right;
      for (const Term& term : terms) {
        const double d = term.difference - brightness, far = d / scale;
        const double weight = 1 / ((1 + far * far) * (1 + far * far));
        normal += term.slope * term.slope.t() * weight;
        right -= term.slope * (weight * d);
      }
      const cv::Vec4d change = normal.solve(right, cv::DECOMP_CHOLESKY);
      a += change[0];
      b += change[1];
      place += cv::Point2d(change[2], change[3]);
      if (change[2] * change[2] + change[3] * change[3] < 1e-4) break;
    }
  }
  const cv::Matx23d found{a, -b, place.x - a * middle_.x + b * middle_.y,
                          b, a,  place.y - b * middle_.x - a * middle_.y};
  const Match before = measure(frame, start), after = measure(frame, found);
  return after.error < before.error ? after : before;
}

}  // namespace ditto::stages
