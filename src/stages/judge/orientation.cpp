#include "stages/judge/orientation.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace ditto::stages::measure {
namespace {

/// Gradient energy (of 0..1 luma per pixel, squared) below which a cell has no direction: that of a
/// noise of about one level.
constexpr double kNoiseEnergy = 4e-5;

double parabola_peak(double left, double centre, double right) {
  const double curvature = left - 2 * centre + right;
  return curvature < -1e-9 ? std::clamp(0.5 * (left - right) / curvature, -0.5, 0.5) : 0.0;
}

}  // namespace

cv::Mat orientation_field(const cv::Mat& grey, cv::Size cells) {
  cv::Mat gx, gy;
  cv::Sobel(grey, gx, CV_32F, 1, 0, 3, 1.0 / (8 * 255), 0, cv::BORDER_REPLICATE);
  cv::Sobel(grey, gy, CV_32F, 0, 1, 3, 1.0 / (8 * 255), 0, cv::BORDER_REPLICATE);
  const cv::Mat xx = gx.mul(gx), yy = gy.mul(gy), xy = gx.mul(gy);
  cv::Mat parts[3] = {xx - yy, 2 * xy, xx + yy};
  for (cv::Mat& part : parts) {
    cv::Mat cell;
    cv::resize(part, cell, cells, 0, 0, cv::INTER_AREA);
    part = cell;
  }
  cv::Mat energy;
  cv::GaussianBlur(parts[2], energy, {0, 0}, std::max(1.0, cells.width / 20.0));
  energy += kNoiseEnergy + 0.05 * cv::mean(parts[2])[0];
  for (int i = 0; i < 2; ++i) parts[i] /= energy;
  cv::Mat field;
  cv::merge(parts, 2, field);
  // A square root of the length, so that a few strong edges don't decide alone.
  field.forEach<cv::Vec2f>([](cv::Vec2f& v, const int*) {
    const float length = std::sqrt(v[0] * v[0] + v[1] * v[1]);
    if (length > 1e-12F) v *= 1.0F / std::sqrt(length);
  });
  return field;
}

double correlation(const cv::Mat& a, const cv::Mat& b, const cv::Mat& weight) {
  cv::Mat first, second;
  if (weight.empty()) {
    first = a;
    second = b;
  } else {
    a.copyTo(first, weight);  // into new memory, zero elsewhere
    b.copyTo(second, weight);
  }
  const double energy = first.dot(first) * second.dot(second);
  return energy > 1e-12 ? first.dot(second) / std::sqrt(energy) : 0.0;
}

Displacement displacement(const cv::Mat& a, const cv::Mat& b, int radius) {
  const int r = std::min({radius, a.cols / 4, a.rows / 4});
  cv::Mat table(2 * r + 1, 2 * r + 1, CV_64F);
  for (int dy = -r; dy <= r; ++dy) {
    for (int dx = -r; dx <= r; ++dx) {
      const cv::Rect in_a(std::max(0, -dx), std::max(0, -dy), a.cols - std::abs(dx),
                          a.rows - std::abs(dy));
      const cv::Rect in_b = in_a + cv::Point(dx, dy);
      table.at<double>(dy + r, dx + r) = correlation(a(in_a), b(in_b));
    }
  }
  Displacement result;
  cv::Point peak;
  cv::minMaxLoc(table, nullptr, &result.at_best, nullptr, &peak);
  result.at_zero = table.at<double>(r, r);
  result.cells = peak - cv::Point(r, r);
  if (peak.x > 0 && peak.x < 2 * r) {
    result.cells.x += parabola_peak(table.at<double>(peak.y, peak.x - 1), result.at_best,
                                    table.at<double>(peak.y, peak.x + 1));
  }
  if (peak.y > 0 && peak.y < 2 * r) {
    result.cells.y += parabola_peak(table.at<double>(peak.y - 1, peak.x), result.at_best,
                                    table.at<double>(peak.y + 1, peak.x));
  }
  return result;
}

}  // namespace ditto::stages::measure
