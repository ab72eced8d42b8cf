#include "stages/generate/pixel_features.h"

#include <cmath>
#include <opencv2/imgproc.hpp>

namespace ditto::stages {
namespace {

cv::Mat gaussian(const cv::Mat& image, double sigma) {
  cv::Mat out;
  cv::GaussianBlur(image, out, {}, sigma, sigma, cv::BORDER_REPLICATE);
  return out;
}

cv::Mat enlarge(const cv::Mat& image, cv::Size size) {
  cv::Mat out;
  cv::resize(image, out, size, 0, 0, cv::INTER_LINEAR);
  return out;
}

cv::Mat gradient_magnitude(const cv::Mat& image) {
  cv::Mat x, y, magnitude;
  cv::Sobel(image, x, CV_32F, 1, 0, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  cv::Sobel(image, y, CV_32F, 0, 1, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  cv::magnitude(x, y, magnitude);
  return magnitude;
}

cv::Mat local_deviation(const cv::Mat& image, int window) {
  cv::Mat mean, square;
  cv::boxFilter(image, mean, CV_32F, {window, window}, {-1, -1}, true, cv::BORDER_REPLICATE);
  cv::sqrBoxFilter(image, square, CV_32F, {window, window}, {-1, -1}, true, cv::BORDER_REPLICATE);
  cv::multiply(mean, mean, mean);
  cv::subtract(square, mean, square);
  cv::max(square, 0.0, square);
  cv::sqrt(square, square);
  return square;
}

}  // namespace

PixelFeatures::PixelFeatures(const cv::Mat& rgb, const ColourMap& base) : rgb_(rgb), base_(base) {
  const cv::Size size = rgb.size();
  const cv::Size quarter((size.width + 3) / 4, (size.height + 3) / 4);
  cv::Mat luma8, luma;
  cv::cvtColor(rgb, luma8, cv::COLOR_RGB2GRAY);
  // From the colours and not from luma8, whose rounding would show as steps in smooth areas.
  cv::Mat rgb32;
  rgb.convertTo(rgb32, CV_32F, 1.0 / 255);
  cv::cvtColor(rgb32, luma, cv::COLOR_RGB2GRAY);
  cv::copyMakeBorder(luma, luma_, 1, 1, 1, 1, cv::BORDER_REPLICATE);

  // Wide blurs on a quarter of the resolution: nobody sees the difference, and it costs a
  // sixteenth.
  cv::Mat luma4, rgb4;
  cv::resize(luma, luma4, quarter, 0, 0, cv::INTER_AREA);
  cv::resize(rgb32, rgb4, quarter, 0, 0, cv::INTER_AREA);
  blurred_[0] = gaussian(luma, 1);
  blurred_[1] = gaussian(luma, 2);
  const cv::Mat luma4_soft = gaussian(luma4, 1);
  blurred_[2] = enlarge(luma4_soft, size);
  blurred_[3] = enlarge(gaussian(luma4, 2), size);
  blurred_[4] = enlarge(gaussian(luma4, 4), size);
  cv::Sobel(luma, gradient_x_, CV_32F, 1, 0, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  cv::Sobel(luma, gradient_y_, CV_32F, 0, 1, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  cv::Sobel(blurred_[0], soft_gradient_x_, CV_32F, 1, 0, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  cv::Sobel(blurred_[0], soft_gradient_y_, CV_32F, 0, 1, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  magnitude_[0] = gradient_magnitude(blurred_[1]);
  magnitude_[1] = enlarge(gradient_magnitude(luma4_soft), size);
  deviation_[0] = local_deviation(luma, 3);
  deviation_[1] = local_deviation(luma, 9);
  cv::bilateralFilter(rgb, bilateral_, 5, 30, 3, cv::BORDER_REPLICATE);
  cv::medianBlur(rgb, median_, 5);
  soft_ = enlarge(gaussian(rgb4, 1), size);
  cv::erode(luma8, lowest_, cv::Mat());
  cv::dilate(luma8, highest_, cv::Mat());
}

void PixelFeatures::band(int row, int rows, const ScreenInputs& screen, float* planes) const {
  const int width = rgb_.cols;
  const auto stride = static_cast<std::size_t>(rows) * static_cast<std::size_t>(width);
  const cv::Range span(row, row + rows);
  int next = 0;
  const auto plane = [&] {
    return cv::Mat(rows, width, CV_32F, planes + stride * static_cast<std::size_t>(next++));
  };
  const auto colours = [&](const cv::Mat& image) {
    cv::Mat channels[3];
    cv::split(image.rowRange(span), channels);
    for (const cv::Mat& channel : channels) {
      cv::Mat out = plane();
      channel.convertTo(out, CV_32F, image.depth() == CV_8U ? 1.0 / 255 : 1.0);
    }
  };

  colours(rgb_);
  base_.apply(rgb_.ptr<uchar>(row), stride, planes + kBase * stride, stride);
  next += 3;
  const cv::Rect inner(1, row + 1, width, rows);
  const cv::Mat luma = luma_(inner);
  for (const cv::Mat& blurred : blurred_) cv::subtract(luma, blurred.rowRange(span), plane());
  // log of the ratio of luma to its surroundings, for effects that divide by a blurred copy.
  cv::Mat log_luma;
  cv::add(luma, 0.03, log_luma);
  cv::log(log_luma, log_luma);
  for (const int scale : {1, 3, 4}) {
    cv::Mat out = plane();
    cv::add(blurred_[scale].rowRange(span), 0.03, out);
    cv::log(out, out);
    cv::subtract(log_luma, out, out);
  }
  const cv::Mat x = gradient_x_.rowRange(span), y = gradient_y_.rowRange(span);
  cv::magnitude(x, y, plane());
  for (const cv::Mat& magnitude : magnitude_) magnitude.rowRange(span).copyTo(plane());
  x.copyTo(plane());
  y.copyTo(plane());
  soft_gradient_x_.rowRange(span).copyTo(plane());
  soft_gradient_y_.rowRange(span).copyTo(plane());
  for (const cv::Mat& deviation : deviation_) deviation.rowRange(span).copyTo(plane());
  colours(bilateral_);
  colours(soft_);
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      if (dx != 0 || dy != 0) cv::subtract(luma_(inner + cv::Point(dx, dy)), luma, plane());
    }
  }
  for (const cv::Mat* extreme : {&lowest_, &highest_}) {
    cv::Mat out = plane();
    extreme->rowRange(span).convertTo(out, CV_32F, 1.0 / 255);
    cv::subtract(out, luma, out);
  }
  colours(median_);
  CV_Assert(next == kCount);
  if (screen.position) {
    cv::Mat across = plane(), down = plane();
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < width; ++c) {
        across.at<float>(r, c) = (static_cast<float>(c) + 0.5f) / static_cast<float>(width);
      }
      down.row(r).setTo((static_cast<float>(row + r) + 0.5f) / static_cast<float>(rgb_.rows));
    }
  }
  for (const cv::Vec2d& wave : screen.waves) {
    cv::Mat cosine = plane(), sine = plane();
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < width; ++c) {
        const double phase = wave[0] * c + wave[1] * (row + r);
        cosine.at<float>(r, c) = static_cast<float>(std::cos(phase));
        sine.at<float>(r, c) = static_cast<float>(std::sin(phase));
      }
    }
  }
}

}  // namespace ditto::stages
