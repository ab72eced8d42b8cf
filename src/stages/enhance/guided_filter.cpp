#include "stages/enhance/guided_filter.h"

#include <opencv2/imgproc.hpp>

namespace ditto::stages {
namespace {

/// Replaces the symmetric 3x3 matrix of each pixel, given as its six planes, by its inverse.
void invert(std::array<cv::Mat, 6>& planes) {
  for (int y = 0; y < planes[0].rows; ++y) {
    std::array<float*, 6> row;
    for (std::size_t i = 0; i < 6; ++i) row[i] = planes[i].ptr<float>(y);
    for (int x = 0; x < planes[0].cols; ++x) {
      const float a = row[0][x], b = row[1][x], c = row[2][x];
      const float d = row[3][x], e = row[4][x], f = row[5][x];
      const float aa = d * f - e * e, ab = c * e - b * f, ac = b * e - c * d;
      const float scale = 1 / (a * aa + b * ab + c * ac);
      row[0][x] = scale * aa;
      row[1][x] = scale * ab;
      row[2][x] = scale * ac;
      row[3][x] = scale * (a * f - c * c);
      row[4][x] = scale * (b * c - a * e);
      row[5][x] = scale * (a * d - b * b);
    }
  }
}

}  // namespace

GuidedFilter::GuidedFilter(const cv::Mat& guide, int radius, float damping)
    : window_(2 * radius + 1, 2 * radius + 1) {
  CV_Assert(guide.type() == CV_8UC3 && radius > 0 && damping > 0);
  // Small numbers keep the differences of squares exact enough: around mid-grey, not from black.
  cv::Mat centred;
  guide.convertTo(centred, CV_32F, 1, -128);
  cv::split(centred, guide_.data());
  for (std::size_t c = 0; c < 3; ++c) mean_[c] = mean_of(guide_[c]);
  std::size_t at = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = i; j < 3; ++j, ++at) {
      inverse_[at] = mean_of(guide_[i].mul(guide_[j])) - mean_[i].mul(mean_[j]);
      if (i == j) inverse_[at] += damping;
    }
  }
  invert(inverse_);
}

cv::Mat GuidedFilter::mean_of(const cv::Mat& plane) const {
  cv::Mat mean;
  cv::blur(plane, mean, window_, {-1, -1}, cv::BORDER_REFLECT);
  return mean;
}

cv::Mat GuidedFilter::explain(const cv::Mat& plane) const {
  CV_Assert(plane.type() == CV_32FC1 && plane.size() == guide_[0].size());
  cv::Mat rest = mean_of(plane);
  std::array<cv::Mat, 3> factor;
  for (std::size_t c = 0; c < 3; ++c)
    factor[c] = mean_of(guide_[c].mul(plane)) - mean_[c].mul(rest);
  for (int y = 0; y < plane.rows; ++y) {
    std::array<const float*, 6> v;
    for (std::size_t i = 0; i < 6; ++i) v[i] = inverse_[i].ptr<float>(y);
    const float* m0 = mean_[0].ptr<float>(y);
    const float* m1 = mean_[1].ptr<float>(y);
    const float* m2 = mean_[2].ptr<float>(y);
    float* f0 = factor[0].ptr<float>(y);
    float* f1 = factor[1].ptr<float>(y);
    float* f2 = factor[2].ptr<float>(y);
    float* r = rest.ptr<float>(y);
    for (int x = 0; x < plane.cols; ++x) {
      const float p = f0[x], q = f1[x], s = f2[x];
      f0[x] = v[0][x] * p + v[1][x] * q + v[2][x] * s;
      f1[x] = v[1][x] * p + v[3][x] * q + v[4][x] * s;
      f2[x] = v[2][x] * p + v[4][x] * q + v[5][x] * s;
      r[x] -= f0[x] * m0[x] + f1[x] * m1[x] + f2[x] * m2[x];
    }
  }
  cv::Mat result = mean_of(rest);
  for (std::size_t c = 0; c < 3; ++c) result += mean_of(factor[c]).mul(guide_[c]);
  return result;
}

}  // namespace ditto::stages
