#include "stages/generate/pixel_features.h"

#include <opencv2/imgproc.hpp>

namespace ditto::stages {
namespace {

constexpr int kCalm = 3;  // px: reach of the quadrants of calmest_quadrant()

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

/// The greatest gradient magnitude of a channel, CV_32FC1.
cv::Mat colour_edge(const cv::Mat& rgb32) {
  cv::Mat channels[3];
  cv::split(rgb32, channels);
  cv::Mat most = gradient_magnitude(channels[0]);
  for (int c = 1; c < 3; ++c) cv::max(most, gradient_magnitude(channels[c]), most);
  return most;
}

cv::Mat box(const cv::Mat& image, int window) {
  cv::Mat mean;
  cv::boxFilter(image, mean, CV_32F, {window, window}, {-1, -1}, true, cv::BORDER_REPLICATE);
  return mean;
}

cv::Mat local_variance(const cv::Mat& image, const cv::Mat& mean, int window) {
  cv::Mat square;
  cv::sqrBoxFilter(image, square, CV_32F, {window, window}, {-1, -1}, true, cv::BORDER_REPLICATE);
  square -= mean.mul(mean);
  cv::max(square, 0.0, square);
  return square;
}

cv::Mat local_deviation(const cv::Mat& image, int window) {
  cv::Mat deviation = local_variance(image, box(image, window), window);
  cv::sqrt(deviation, deviation);
  return deviation;
}

/// Guided filter (He et al. 2010) with luma as the guide: flat where luma is, its edges where it
/// has them.
cv::Mat guided(const cv::Mat& rgb, const cv::Mat& luma, int window, double smoothing) {
  const cv::Mat mean = box(luma, window), variance = local_variance(luma, mean, window);
  cv::Mat out(rgb.size(), CV_32FC3), channels[3];
  cv::split(rgb, channels);
  for (cv::Mat& channel : channels) {
    const cv::Mat own = box(channel, window);
    cv::Mat slope = box(channel.mul(luma), window) - own.mul(mean);
    cv::divide(slope, variance + smoothing, slope);
    const cv::Mat offset = own - slope.mul(mean);
    channel = box(slope, window).mul(luma) + box(offset, window);
  }
  cv::merge(channels, 3, out);
  return out;
}

/// The mean of whichever quadrant around a pixel varies least (Kuwahara et al. 1976), CV_8UC3.
cv::Mat calmest_quadrant(const cv::Mat& rgb, const cv::Mat& luma) {
  constexpr int kWindow = kCalm + 1;
  cv::Mat mean8, mean, variance;
  cv::blur(rgb, mean8, {kWindow, kWindow}, {0, 0}, cv::BORDER_REPLICATE);
  cv::boxFilter(luma, mean, CV_32F, {kWindow, kWindow}, {0, 0}, true, cv::BORDER_REPLICATE);
  cv::sqrBoxFilter(luma, variance, CV_32F, {kWindow, kWindow}, {0, 0}, true, cv::BORDER_REPLICATE);
  variance -= mean.mul(mean);
  // Both begin at the pixel; the other quadrants are the same maps kCalm pixels up or left.
  cv::copyMakeBorder(mean8, mean8, kCalm, 0, kCalm, 0, cv::BORDER_REPLICATE);
  cv::copyMakeBorder(variance, variance, kCalm, 0, kCalm, 0, cv::BORDER_REPLICATE);
  cv::Mat out(rgb.size(), CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const float* v0 = variance.ptr<float>(y);
    const float* v1 = variance.ptr<float>(y + kCalm);
    const auto* m0 = mean8.ptr<cv::Vec3b>(y);
    const auto* m1 = mean8.ptr<cv::Vec3b>(y + kCalm);
    auto* o = out.ptr<cv::Vec3b>(y);
    for (int x = 0; x < rgb.cols; ++x) {
      const bool top_left = v0[x] <= v0[x + kCalm], low_left = v1[x] <= v1[x + kCalm];
      const float top = top_left ? v0[x] : v0[x + kCalm], low = low_left ? v1[x] : v1[x + kCalm];
      o[x] = top <= low ? m0[top_left ? x : x + kCalm] : m1[low_left ? x : x + kCalm];
    }
  }
  return out;
}

}  // namespace

PixelFeatures::PixelFeatures(const cv::Mat& rgb) : rgb_(rgb) {
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
  cv::resize(rgb32, rgb4, quarter, 0, 0, cv::INTER_AREA);
  cv::cvtColor(rgb4, luma4, cv::COLOR_RGB2GRAY);
  blurred_[0] = gaussian(luma, 1);
  blurred_[1] = gaussian(luma, 2);
  const cv::Mat luma4_soft = gaussian(luma4, 1);
  blurred_[2] = enlarge(luma4_soft, size);
  blurred_[3] = enlarge(gaussian(luma4, 2), size);
  const cv::Mat luma4_wide = gaussian(luma4, 4);
  blurred_[4] = enlarge(luma4_wide, size);
  blurred_[5] = enlarge(gaussian(luma4_wide, 7), size);
  cv::Sobel(luma, gradient_x_, CV_32F, 1, 0, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  cv::Sobel(luma, gradient_y_, CV_32F, 0, 1, 3, 1.0 / 8, 0, cv::BORDER_REPLICATE);
  magnitude_[0] = gradient_magnitude(blurred_[1]);
  magnitude_[1] = enlarge(gradient_magnitude(luma4_soft), size);
  colour_edge_ = colour_edge(rgb32);
  cv::dilate(colour_edge_, edge_near_, cv::Mat::ones(5, 5, CV_8U));
  edge_soft_ = gaussian(colour_edge_, 3);
  deviation_[0] = local_deviation(luma, 3);
  deviation_[1] = local_deviation(luma, 9);
  deviation_[2] = enlarge(local_deviation(luma4, 9), size);
  cv::bilateralFilter(rgb, bilateral_, 5, 30, 3, cv::BORDER_REPLICATE);
  cv::medianBlur(rgb, median_, 5);
  flat_ = calmest_quadrant(rgb, luma);
  guided_ = guided(rgb32, luma, 15, 0.004);
  soft_[0] = gaussian(rgb32, 1.5);
  soft_[1] = enlarge(gaussian(rgb4, 1), size);
  soft_[2] = enlarge(gaussian(rgb4, 3), size);
  cv::erode(luma8, extremes_[0], cv::Mat());
  cv::dilate(luma8, extremes_[1], cv::Mat());
  const cv::Mat wide = cv::Mat::ones(7, 7, CV_8U);
  cv::erode(luma8, extremes_[2], wide);
  cv::dilate(luma8, extremes_[3], wide);
  add_local_rank(luma4);
}

/// For each of kRanks levels, how much of the surroundings is darker: a distribution function of
/// luma around each point.
void PixelFeatures::add_local_rank(const cv::Mat& luma4) {
  for (int k = 0; k < kRanks; ++k) {
    const double level = (k + 0.5) / kRanks;
    cv::Mat darker;
    // A step as wide as the levels are apart.
    luma4.convertTo(darker, CV_32F, -kRanks, level * kRanks + 0.5);
    cv::max(cv::min(darker, 1.0), 0.0, darker);
    rank_[static_cast<std::size_t>(k)] = gaussian(darker, 6);
  }
}

/// Share of the surroundings that is darker than each pixel of the row, 0..1.
void PixelFeatures::rank_row(int row, float* out) const {
  const cv::Size small = rank_[0].size();
  const float* luma = luma_.ptr<float>(row + 1) + 1;
  const float sx = static_cast<float>(small.width) / static_cast<float>(rgb_.cols);
  const float sy = static_cast<float>(small.height) / static_cast<float>(rgb_.rows);
  const auto place = [](float at, int size, int& i) {
    const float inside = std::clamp(at, 0.0f, static_cast<float>(size - 1));
    i = std::min(static_cast<int>(inside), std::max(0, size - 2));
    return inside - static_cast<float>(i);
  };
  int y = 0;
  const float fy = place((static_cast<float>(row) + 0.5f) * sy - 0.5f, small.height, y);
  const int y1 = std::min(y + 1, small.height - 1);
  std::array<const float*, kRanks> top{}, low{};
  for (std::size_t k = 0; k < kRanks; ++k) {
    top[k] = rank_[k].ptr<float>(y);
    low[k] = rank_[k].ptr<float>(y1);
  }
  for (int column = 0; column < rgb_.cols; ++column) {
    int x = 0, k = 0;
    const float fx = place((static_cast<float>(column) + 0.5f) * sx - 0.5f, small.width, x);
    const int x1 = std::min(x + 1, small.width - 1);
    const float fk = place(luma[column] * kRanks - 0.5f, kRanks, k);
    const auto level = [&](int at) {
      const float* t = top[static_cast<std::size_t>(at)];
      const float* l = low[static_cast<std::size_t>(at)];
      const float a = t[x] + fx * (t[x1] - t[x]), b = l[x] + fx * (l[x1] - l[x]);
      return a + fy * (b - a);
    };
    const float dark = level(k);
    out[column] = dark + fk * (level(k + 1) - dark);
  }
}

void PixelFeatures::band(const ColourMap& base, int row, int rows, bool position,
                         float* planes) const {
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
  base.apply(rgb_.ptr<uchar>(row), stride, planes + kBase * stride, stride);
  next += 3;
  const cv::Rect inner(1, row + 1, width, rows);
  const cv::Mat luma = luma_(inner);
  for (const cv::Mat& blurred : blurred_) cv::subtract(luma, blurred.rowRange(span), plane());
  // log of the ratio of luma to its surroundings, for effects that divide by a blurred copy.
  cv::Mat log_luma;
  cv::add(luma, 0.03, log_luma);
  cv::log(log_luma, log_luma);
  for (const std::size_t scale : {1U, 3U, 4U}) {
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
  for (const cv::Mat* edge : {&colour_edge_, &edge_near_, &edge_soft_})
    edge->rowRange(span).copyTo(plane());
  for (const cv::Mat& deviation : deviation_) deviation.rowRange(span).copyTo(plane());
  colours(bilateral_);
  colours(median_);
  colours(flat_);
  colours(guided_);
  for (const cv::Mat& soft : soft_) colours(soft);
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      if (dx != 0 || dy != 0) cv::subtract(luma_(inner + cv::Point(dx, dy)), luma, plane());
    }
  }
  for (const cv::Mat& extreme : extremes_) {
    cv::Mat out = plane();
    extreme.rowRange(span).convertTo(out, CV_32F, 1.0 / 255);
    cv::subtract(out, luma, out);
  }
  cv::Mat rank = plane();
  for (int r = 0; r < rows; ++r) rank_row(row + r, rank.ptr<float>(r));
  // The least and the greatest channel: hue and saturation are made of them.
  cv::Mat least = plane(), most = plane();
  const float* first = planes;
  for (std::size_t i = 0; i < stride; ++i) {
    const float r = first[i], g = first[stride + i], b = first[2 * stride + i];
    reinterpret_cast<float*>(least.data)[i] = std::min({r, g, b});
    reinterpret_cast<float*>(most.data)[i] = std::max({r, g, b});
  }
  CV_Assert(next == kCount);
  if (!position) return;
  cv::Mat across = plane(), down = plane();
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < width; ++c) {
      across.at<float>(r, c) = (static_cast<float>(c) + 0.5f) / static_cast<float>(width);
    }
    down.row(r).setTo((static_cast<float>(row + r) + 0.5f) / static_cast<float>(rgb_.rows));
  }
}

}  // namespace ditto::stages
