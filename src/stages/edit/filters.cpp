#include "stages/edit/filters.h"

namespace ditto::stages::editing {

cv::Mat to_float(const cv::Mat& rgb8) {
  cv::Mat out;
  rgb8.convertTo(out, CV_32FC3, 1.0 / 255);
  return out;
}

cv::Mat to_bytes(const cv::Mat& rgb) {
  cv::Mat out;
  rgb.convertTo(out, CV_8UC3, 255);
  return out;
}

double unit_of(const cv::Mat& image) { return std::max(image.cols, image.rows) / 832.0; }

cv::Mat luma_of(const cv::Mat& rgb) {
  cv::Mat out;
  cv::transform(rgb, out, cv::Matx13f(0.2126F, 0.7152F, 0.0722F));
  return out;
}

cv::Mat blurred(const cv::Mat& image, double sigma) {
  cv::Mat out;
  cv::GaussianBlur(image, out, {}, std::max(sigma, 0.3), 0, cv::BORDER_REFLECT_101);
  return out;
}

cv::Mat mixed(const cv::Mat& a, const cv::Mat& b, double t) {
  cv::Mat out;
  cv::addWeighted(a, 1 - t, b, t, 0, out);
  return out;
}

cv::Mat mixed(const cv::Mat& a, const cv::Mat& b, const cv::Mat& weight) {
  cv::Mat out(a.size(), CV_32FC3);
  for (int y = 0; y < a.rows; ++y) {
    const Rgb* pa = a.ptr<Rgb>(y);
    const Rgb* pb = b.ptr<Rgb>(y);
    const float* w = weight.ptr<float>(y);
    Rgb* to = out.ptr<Rgb>(y);
    for (int x = 0; x < a.cols; ++x) to[x] = lerp(pa[x], pb[x], w[x]);
  }
  return out;
}

cv::Mat dabs(const cv::Mat& rgb, double radius) {
  const int k = std::max(2, static_cast<int>(std::lround(radius)) + 1);
  const int last = k - 1;
  const int middle = k / 2;
  const cv::Point anchors[] = {{0, 0},      {last, 0},   {0, last},      {last, last},
                               {middle, 0}, {0, middle}, {last, middle}, {middle, last}};
  const cv::Mat light = luma_of(rgb);
  const cv::Mat squared = light.mul(light);
  cv::Mat sum = cv::Mat::zeros(rgb.size(), CV_32FC3);
  cv::Mat weights = cv::Mat::zeros(rgb.size(), CV_32FC1);
  cv::Mat mean;
  cv::Mat mean_square;
  for (const cv::Point& anchor : anchors) {
    cv::blur(rgb, mean, {k, k}, anchor, cv::BORDER_REFLECT_101);
    cv::blur(squared, mean_square, {k, k}, anchor, cv::BORDER_REFLECT_101);
    for (int y = 0; y < rgb.rows; ++y) {
      const Rgb* m = mean.ptr<Rgb>(y);
      const float* m2 = mean_square.ptr<float>(y);
      Rgb* s = sum.ptr<Rgb>(y);
      float* w = weights.ptr<float>(y);
      for (int x = 0; x < rgb.cols; ++x) {
        const float variance = std::max(0.0F, m2[x] - luma(m[x]) * luma(m[x]));
        const float inverse = 1.0F / (variance + 2e-4F);
        const float weight = inverse * inverse * inverse * 1e-9F;
        s[x] += m[x] * weight;
        w[x] += weight;
      }
    }
  }
  return map_pixels(sum, weights, [](const Rgb& s, float w) { return s * (1.0F / w); });
}

cv::Mat ink_lines(const cv::Mat& light, double sigma, double sharpness, double threshold,
                  double steepness) {
  const cv::Mat fine = blurred(light, sigma);
  const cv::Mat coarse = blurred(light, sigma * 1.6);
  cv::Mat out(light.size(), CV_32FC1);
  for (int y = 0; y < light.rows; ++y) {
    const float* f = fine.ptr<float>(y);
    const float* c = coarse.ptr<float>(y);
    float* to = out.ptr<float>(y);
    for (int x = 0; x < light.cols; ++x) {
      const double d = (1 + sharpness) * f[x] - sharpness * c[x];
      to[x] = d >= threshold
                  ? 1.0F
                  : clamp01(static_cast<float>(1 + std::tanh(steepness * (d - threshold))));
    }
  }
  return out;
}

cv::Mat strokes(const cv::Mat& light, double reach) {
  const cv::Mat grain = light - blurred(light, reach / 4);
  const int side = std::max(3, static_cast<int>(std::lround(reach)) | 1);
  cv::Mat slant = cv::Mat::zeros(side, side, CV_32FC1);
  for (int i = 0; i < side; ++i) slant.at<float>(side - 1 - i, i) = 1.0F / static_cast<float>(side);
  cv::Mat out;
  cv::filter2D(grain, out, CV_32F, slant, {-1, -1}, 0, cv::BORDER_REFLECT_101);
  return out;
}

cv::Mat coherence(const cv::Mat& light, double sigma) {
  cv::Mat dx;
  cv::Mat dy;
  cv::Scharr(light, dx, CV_32F, 1, 0, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  cv::Scharr(light, dy, CV_32F, 0, 1, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  const cv::Mat xx = blurred(dx.mul(dx), sigma);
  const cv::Mat yy = blurred(dy.mul(dy), sigma);
  const cv::Mat xy = blurred(dx.mul(dy), sigma);
  cv::Mat out(light.size(), CV_32FC1);
  for (int y = 0; y < light.rows; ++y) {
    for (int x = 0; x < light.cols; ++x) {
      const float a = xx.at<float>(y, x);
      const float b = yy.at<float>(y, x);
      const float c = xy.at<float>(y, x);
      out.at<float>(y, x) = std::sqrt((a - b) * (a - b) + 4 * c * c) / (a + b + 1e-7F);
    }
  }
  return out;
}

cv::Mat flat_areas(const cv::Mat& rgb, double unit) {
  return dabs(dabs(dabs(rgb, 6 * unit), 5 * unit), 3 * unit);
}

cv::Mat dodge_lines(const cv::Mat& light, double sigma) {
  const cv::Mat around = blurred(light, sigma);
  cv::Mat out(light.size(), CV_32FC1);
  for (int y = 0; y < light.rows; ++y) {
    const float* l = light.ptr<float>(y);
    const float* a = around.ptr<float>(y);
    float* to = out.ptr<float>(y);
    // The offset keeps the noise of dark areas from being drawn.
    for (int x = 0; x < light.cols; ++x) to[x] = std::min(1.0F, (l[x] + 0.06F) / (a[x] + 0.06F));
  }
  return out;
}

cv::Mat edge_strength(const cv::Mat& light, double sigma) {
  const cv::Mat smooth = blurred(light, sigma);
  cv::Mat dx;
  cv::Mat dy;
  cv::Mat out;
  cv::Scharr(smooth, dx, CV_32F, 1, 0, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  cv::Scharr(smooth, dy, CV_32F, 0, 1, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  cv::magnitude(dx, dy, out);
  return out;
}

cv::Mat bloom(const cv::Mat& rgb, double threshold, double sigma, double amount) {
  const auto t = static_cast<float>(threshold);
  // What is out of range would darken where it is screened.
  const auto clipped = [](const Rgb& c) {
    return Rgb(clamp01(c[0]), clamp01(c[1]), clamp01(c[2]));
  };
  cv::Mat lights = map_pixels(
      rgb, [&](const Rgb& c) { return clipped(c) * smoothstep(t, 1.0F, luma(clipped(c))); });
  // A wide Gaussian on a quarter of the size is as smooth and much faster.
  cv::Mat small;
  cv::resize(lights, small, {}, 0.25, 0.25, cv::INTER_AREA);
  small = blurred(small, sigma / 4);
  cv::resize(small, lights, rgb.size(), 0, 0, cv::INTER_LINEAR);
  cv::Mat out(rgb.size(), CV_32FC3);
  const auto a = static_cast<float>(amount);
  for (int y = 0; y < rgb.rows; ++y) {
    const Rgb* in = rgb.ptr<Rgb>(y);
    const Rgb* l = lights.ptr<Rgb>(y);
    Rgb* to = out.ptr<Rgb>(y);
    for (int x = 0; x < rgb.cols; ++x) to[x] = screened(clipped(in[x]), clipped(l[x] * a));
  }
  return out;
}

namespace {

/// `picture` smoothed over 2 radius + 1 pixels, but for the edges of `guide` (guided filter, He et
/// al. 2010). `damping`: variance of the guide below which it has no edges.
cv::Mat guided(const cv::Mat& guide, const cv::Mat& picture, int radius, double damping) {
  const cv::Size window(2 * radius + 1, 2 * radius + 1);
  const auto mean = [&](const cv::Mat& m) {
    cv::Mat out;
    cv::blur(m, out, window, {-1, -1}, cv::BORDER_REFLECT_101);
    return out;
  };
  const cv::Mat mean_guide = mean(guide), mean_picture = mean(picture);
  const cv::Mat variance = mean(guide.mul(guide)) - mean_guide.mul(mean_guide);
  const cv::Mat covariance = mean(guide.mul(picture)) - mean_guide.mul(mean_picture);
  const cv::Mat a = covariance / (variance + damping);
  return mean(a).mul(guide) + mean(mean_picture - a.mul(mean_guide));
}

}  // namespace

cv::Mat clarity(const cv::Mat& rgb, double sigma, double amount) {
  const cv::Mat light = luma_of(rgb);
  // Against a neighbourhood that ends at strong contours: a blur over them would draw a bright and
  // a dark rim along each. Two boxes of this radius have the deviation sigma.
  const int radius = std::max(1, static_cast<int>(std::lround(1.22 * sigma)));
  const cv::Mat detail = light - guided(light, light, radius, 0.01);
  const auto a = static_cast<float>(amount);
  return map_pixels(rgb, detail, [a](const Rgb& c, float d) { return c + Rgb(d, d, d) * a; });
}

cv::Mat matte(const cv::Mat& rgb, const cv::Mat& mask, int radius) {
  cv::Mat p;
  mask.convertTo(p, CV_32FC1, 1.0 / 255);
  cv::Mat alpha = guided(luma_of(to_float(rgb)), p, radius, 1e-3);
  cv::Mat reach;
  cv::dilate(mask, reach,
             cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * radius + 1, 2 * radius + 1}));
  for (int y = 0; y < alpha.rows; ++y) {
    float* row = alpha.ptr<float>(y);
    const uchar* inside = reach.ptr<uchar>(y);
    for (int x = 0; x < alpha.cols; ++x) {
      row[x] = inside[x] != 0 ? smoothstep(0.08F, 0.92F, row[x]) : 0.0F;
    }
  }
  return alpha;
}

Hsv to_hsv(const Rgb& c) {
  const float high = std::max({c[0], c[1], c[2]});
  const float low = std::min({c[0], c[1], c[2]});
  const float range = high - low;
  Hsv out;
  out.v = high;
  if (range <= 1e-6F) return out;
  out.s = range / high;
  if (high == c[0]) {
    out.h = (c[1] - c[2]) / range;
  } else if (high == c[1]) {
    out.h = 2 + (c[2] - c[0]) / range;
  } else {
    out.h = 4 + (c[0] - c[1]) / range;
  }
  out.h *= 60;
  if (out.h < 0) out.h += 360;
  return out;
}

Rgb from_hsv(const Hsv& c) {
  const float h = std::fmod(std::fmod(c.h, 360.0F) + 360.0F, 360.0F) / 60;
  const auto channel = [&](float n) {
    const float k = std::fmod(n + h, 6.0F);
    return c.v - c.v * c.s * std::max(0.0F, std::min({k, 4 - k, 1.0F}));
  };
  return {channel(5), channel(3), channel(1)};
}

float hue_weight(float hue, float low, float high, float soft) {
  const float centre = low + (high - low) / 2;
  float distance = std::fmod(std::abs(hue - centre), 360.0F);
  distance = std::min(distance, 360 - distance);
  return 1 - smoothstep(0, soft, distance - (high - low) / 2);
}

float greenness(const Rgb& c) {
  const Hsv hsv = to_hsv(c);
  return hue_weight(hsv.h, 62, 155, 18) * smoothstep(0.10F, 0.28F, hsv.s) *
         smoothstep(0.04F, 0.14F, hsv.v);
}

float stepped(float x, int levels, float softness) {
  const float scaled = clamp01(x) * static_cast<float>(levels);
  const float base = std::min(std::floor(scaled), static_cast<float>(levels - 1));
  const float t = scaled - base;
  const float edge = smoothstep(0.5F - softness / 2, 0.5F + softness / 2, t);
  return (base + edge) / static_cast<float>(levels);
}

}  // namespace ditto::stages::editing
