#pragma once

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>

/// Small filters that the looks are composed of. Pictures are CV_32FC3 RGB in 0..1, single channels
/// CV_32FC1. All are local: no filter reaches further than a few per cent of the picture's size.
namespace ditto::stages::editing {

using Rgb = cv::Vec3f;

cv::Mat to_float(const cv::Mat& rgb8);
cv::Mat to_bytes(const cv::Mat& rgb);

/// Longer side over 832: radii are given for the default clip size and scaled by this.
double unit_of(const cv::Mat& image);

cv::Mat luma_of(const cv::Mat& rgb);
cv::Mat blurred(const cv::Mat& image, double sigma);
/// a + (b - a) * t
cv::Mat mixed(const cv::Mat& a, const cv::Mat& b, double t);
/// The same with a weight per pixel.
cv::Mat mixed(const cv::Mat& a, const cv::Mat& b, const cv::Mat& weight);

/// Kuwahara filter with eight windows and soft weights: flat dabs of paint with crisp borders.
cv::Mat dabs(const cv::Mat& rgb, double radius);
/// Extended difference of Gaussians (Winnemoeller 2011): 0 on dark lines, 1 elsewhere. `threshold`
/// near 0 gives lines only, near the luma of shadows it fills them.
cv::Mat ink_lines(const cv::Mat& luma, double sigma, double sharpness, double threshold,
                  double steepness);
/// Strokes of a pencil or chalk along one slant, about -0.1 .. 0.1: the picture's own grain, drawn
/// out to `reach` pixels, so that it sticks to what it is on.
cv::Mat strokes(const cv::Mat& luma, double reach);
/// How much the contours round a place run one way: near 0 in a lawn, 1 along an outline.
cv::Mat coherence(const cv::Mat& luma, double sigma);
/// Large even areas, as somebody cuts a picture into few colours; `unit` scales them.
cv::Mat flat_areas(const cv::Mat& rgb, double unit);
/// Dark where the picture has lines and edges, 1 on even areas: luma divided by its neighbourhood.
cv::Mat dodge_lines(const cv::Mat& luma, double sigma);
/// Gradient magnitude (Scharr, per pixel) after blurring by sigma.
cv::Mat edge_strength(const cv::Mat& luma, double sigma);
/// Light spreading from what is brighter than `threshold`.
cv::Mat bloom(const cv::Mat& rgb, double threshold, double sigma, double amount);
/// Local contrast: luma's difference to its neighbourhood times `amount` is added. Strong contours
/// end the neighbourhood: no rims are drawn along them.
cv::Mat clarity(const cv::Mat& rgb, double sigma, double amount);
/// Alpha matte: the mask's border moved to the nearest edge of the picture (guided filter). 0 where
/// the mask is more than `radius` pixels away.
cv::Mat matte(const cv::Mat& rgb, const cv::Mat& mask, int radius);

inline float clamp01(float x) { return std::clamp(x, 0.0F, 1.0F); }
inline float smoothstep(float low, float high, float x) {
  const float t = clamp01((x - low) / (high - low));
  return t * t * (3 - 2 * t);
}
inline float luma(const Rgb& c) { return 0.2126F * c[0] + 0.7152F * c[1] + 0.0722F * c[2]; }
inline Rgb grey(float y) { return {y, y, y}; }
inline Rgb lerp(const Rgb& a, const Rgb& b, float t) { return a + (b - a) * t; }
inline Rgb times(const Rgb& a, const Rgb& b) { return {a[0] * b[0], a[1] * b[1], a[2] * b[2]}; }
/// Saturation scaled about the luma.
inline Rgb saturated(const Rgb& c, float factor) {
  const float y = luma(c);
  return Rgb(y, y, y) + (c - Rgb(y, y, y)) * factor;
}
/// Saturation scaled by up to `factor`, the less the greyer the colour is: what has hardly any
/// would turn blotchy.
inline Rgb enriched(const Rgb& c, float factor) {
  const float chroma = std::max({c[0], c[1], c[2]}) - std::min({c[0], c[1], c[2]});
  return saturated(c, 1 + (factor - 1) * smoothstep(0.03F, 0.17F, chroma));
}
/// Contrast scaled about `pivot`.
inline Rgb contrasted(const Rgb& c, float factor, float pivot = 0.5F) {
  return Rgb(pivot, pivot, pivot) + (c - Rgb(pivot, pivot, pivot)) * factor;
}
inline Rgb gamma(const Rgb& c, float g) {
  return {std::pow(clamp01(c[0]), g), std::pow(clamp01(c[1]), g), std::pow(clamp01(c[2]), g)};
}
inline Rgb screened(const Rgb& a, const Rgb& b) {
  return Rgb(1, 1, 1) - times(Rgb(1, 1, 1) - a, Rgb(1, 1, 1) - b);
}

/// Hue in degrees 0..360, saturation and value in 0..1.
struct Hsv {
  float h = 0;
  float s = 0;
  float v = 0;
};
Hsv to_hsv(const Rgb& c);
Rgb from_hsv(const Hsv& c);
/// 1 inside low..high degrees (may wrap), falling to 0 over `soft` degrees outside.
float hue_weight(float hue, float low, float high, float soft);
/// How much a colour is that of leaves and grass, 0..1.
float greenness(const Rgb& c);

/// A colour on a scale of evenly spaced stops; t in 0..1.
template <std::size_t N>
Rgb scale_colour(const Rgb (&stops)[N], float t) {
  const float x = clamp01(t) * (N - 1);
  const auto i = std::min<std::size_t>(static_cast<std::size_t>(x), N - 2);
  return lerp(stops[i], stops[i + 1], x - static_cast<float>(i));
}

/// x on soft steps: `levels` plateaus, `softness` 0 (hard) .. 1 (none).
float stepped(float x, int levels, float softness);

template <class F>
cv::Mat map_pixels(const cv::Mat& rgb, F f) {
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const Rgb* in = rgb.ptr<Rgb>(y);
    Rgb* to = out.ptr<Rgb>(y);
    for (int x = 0; x < rgb.cols; ++x) to[x] = f(in[x]);
  }
  return out;
}

/// The same with a second, single-channel picture.
template <class F>
cv::Mat map_pixels(const cv::Mat& rgb, const cv::Mat& grey, F f) {
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const Rgb* in = rgb.ptr<Rgb>(y);
    const float* g = grey.ptr<float>(y);
    Rgb* to = out.ptr<Rgb>(y);
    for (int x = 0; x < rgb.cols; ++x) to[x] = f(in[x], g[x]);
  }
  return out;
}

}  // namespace ditto::stages::editing
