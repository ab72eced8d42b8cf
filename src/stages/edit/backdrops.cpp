#include "stages/edit/backdrops.h"

#include "stages/edit/filters.h"

namespace ditto::stages::editing {
namespace {

float hash_at(int x, int y, std::uint32_t salt) {
  std::uint32_t h = static_cast<std::uint32_t>(x) * 0x8DA6B343U ^
                    static_cast<std::uint32_t>(y) * 0xD8163841U ^ salt * 0xCB1AB31FU;
  h = (h ^ (h >> 16)) * 0x7FEB352DU;
  h = (h ^ (h >> 15)) * 0x846CA68BU;
  return static_cast<float>((h ^ (h >> 16)) >> 8) / 16777216.0F;
}

// Value noise with cubic interpolation, 0..1.
float noise(float x, float y, std::uint32_t salt) {
  const auto ix = static_cast<int>(std::floor(x));
  const auto iy = static_cast<int>(std::floor(y));
  const float fx = smoothstep(0, 1, x - static_cast<float>(ix));
  const float fy = smoothstep(0, 1, y - static_cast<float>(iy));
  const float top = hash_at(ix, iy, salt) * (1 - fx) + hash_at(ix + 1, iy, salt) * fx;
  const float low = hash_at(ix, iy + 1, salt) * (1 - fx) + hash_at(ix + 1, iy + 1, salt) * fx;
  return top * (1 - fy) + low * fy;
}

float clouds_at(float x, float y) {
  float sum = 0;
  float weight = 0.5F;
  for (std::uint32_t octave = 0; octave < 6; ++octave) {
    sum += weight * noise(x, y, octave);
    x = x * 2.03F + 7.1F;
    y = y * 2.07F + 3.7F;
    weight *= 0.5F;
  }
  return sum;
}

Rgb sunset_sky(float x, float h) {
  static const Rgb kScale[] = {{1.0F, 0.78F, 0.42F},
                               {1.0F, 0.55F, 0.32F},
                               {0.86F, 0.36F, 0.42F},
                               {0.48F, 0.27F, 0.50F},
                               {0.20F, 0.19F, 0.42F}};
  const Rgb base = scale_colour(kScale, h);
  const float cloud = smoothstep(0.50F, 0.72F, clouds_at(x * 2.6F, (1 - h) * 7.5F));
  const Rgb lit = lerp(Rgb(1.0F, 0.66F, 0.36F), Rgb(0.72F, 0.34F, 0.46F), h);
  return lerp(base, lit, 0.75F * cloud);
}

Rgb starry_sky(float x, float y, float h) {
  Rgb c = lerp(Rgb(0.10F, 0.13F, 0.27F), Rgb(0.015F, 0.02F, 0.07F), std::pow(h, 0.7F));
  const float band =
      clouds_at(x * 3.2F, y * 3.2F) * std::exp(-std::pow((x * 0.55F - y + 0.05F) * 3.0F, 2.0F));
  return c + Rgb(0.14F, 0.13F, 0.22F) * band;
}

Rgb cloudy_sky(float x, float h) {
  const Rgb base = lerp(Rgb(0.76F, 0.87F, 0.96F), Rgb(0.24F, 0.48F, 0.82F), std::pow(h, 0.8F));
  const float density = clouds_at(x * 3.0F, (1 - h) * 4.6F);
  const float above = clouds_at(x * 3.0F - 0.10F, (1 - h) * 4.6F - 0.16F);
  const float cover = smoothstep(0.47F, 0.66F, density);
  const float lit = clamp01(0.80F + 2.0F * (density - above));
  return lerp(base, Rgb(0.74F, 0.78F, 0.85F) + grey(0.24F * lit), cover);
}

Rgb storm_sky(float x, float h) {
  const float density = clouds_at(x * 2.4F, (1 - h) * 4.0F);
  const float above = clouds_at(x * 2.4F - 0.12F, (1 - h) * 4.0F - 0.14F);
  const float lit = clamp01(0.45F + 2.6F * (density - above) - 0.25F * h);
  return lerp(Rgb(0.13F, 0.15F, 0.18F), Rgb(0.52F, 0.56F, 0.60F), lit);
}

Rgb aurora_sky(float x, float y, float h) {
  Rgb c = lerp(Rgb(0.05F, 0.11F, 0.20F), Rgb(0.01F, 0.02F, 0.06F), h);
  for (int i = 0; i < 3; ++i) {
    const float phase = static_cast<float>(i) * 2.1F;
    const float foot = 0.30F + 0.16F * static_cast<float>(i) + 0.10F * std::sin(x * 4.2F + phase) +
                       0.05F * std::sin(x * 9.7F + phase * 1.7F);
    const float t = h - foot;
    // A curtain: sharp below, fading upward, with fine vertical folds.
    const float glow = t < 0 ? std::exp(t * 40) : std::exp(-t * 4.2F);
    const float folds = 0.55F + 0.45F * noise(x * 34 + phase, 0.5F + y * 0.6F, 9);
    const Rgb tint = lerp(Rgb(0.18F, 0.95F, 0.52F), Rgb(0.52F, 0.26F, 0.86F), clamp01(t * 2.4F));
    c += tint * (0.50F * glow * folds);
  }
  return c;
}

void add_stars(cv::Mat& sky, float amount) {
  const auto u = static_cast<float>(std::max(1.0, std::max(sky.cols, sky.rows) / 832.0));
  const int cell = std::max(6, static_cast<int>(13 * u));
  for (int j = 0; j < sky.rows / cell; ++j) {
    for (int i = 0; i < sky.cols / cell; ++i) {
      if (hash_at(i, j, 31) > 0.42F) continue;
      const float magnitude = std::pow(hash_at(i, j, 32), 4.0F);
      const float cx =
          (static_cast<float>(i) + 0.2F + 0.6F * hash_at(i, j, 33)) * static_cast<float>(cell);
      const float cy =
          (static_cast<float>(j) + 0.2F + 0.6F * hash_at(i, j, 34)) * static_cast<float>(cell);
      const float radius = u * (0.55F + 1.0F * magnitude);
      const Rgb tint = lerp(Rgb(0.80F, 0.88F, 1.0F), Rgb(1.0F, 0.93F, 0.80F), hash_at(i, j, 35));
      const auto reach = static_cast<int>(std::ceil(3 * radius));
      for (int y = static_cast<int>(cy) - reach; y <= static_cast<int>(cy) + reach; ++y) {
        for (int x = static_cast<int>(cx) - reach; x <= static_cast<int>(cx) + reach; ++x) {
          if (x < 0 || y < 0 || x >= sky.cols || y >= sky.rows) continue;
          const float d =
              std::hypot(static_cast<float>(x) - cx, static_cast<float>(y) - cy) / radius;
          sky.at<Rgb>(y, x) += tint * (amount * (0.45F + 0.55F * magnitude) * std::exp(-d * d));
        }
      }
    }
  }
}

}  // namespace

cv::Mat draw_backdrop(std::string_view kind, cv::Size size) {
  cv::Mat out(size, CV_32FC3);
  for (int y = 0; y < size.height; ++y) {
    const float v = static_cast<float>(y) / static_cast<float>(size.height);
    const float h = 1 - v;
    for (int x = 0; x < size.width; ++x) {
      const float u = static_cast<float>(x) / static_cast<float>(size.width);
      Rgb c;
      if (kind == "sunset") {
        c = sunset_sky(u, h);
      } else if (kind == "stars") {
        c = starry_sky(u, v, h);
      } else if (kind == "clouds") {
        c = cloudy_sky(u, h);
      } else if (kind == "storm") {
        c = storm_sky(u, h);
      } else if (kind == "aurora") {
        c = aurora_sky(u, v, h);
      } else {
        c = lerp(Rgb(0.72F, 0.88F, 0.99F), Rgb(0.16F, 0.42F, 0.83F), std::pow(h, 0.75F));
      }
      out.at<Rgb>(y, x) = c;
    }
  }
  if (kind == "stars") add_stars(out, 0.95F);
  if (kind == "aurora") add_stars(out, 0.55F);
  return out;
}

cv::Mat covered_ground(const cv::Mat& rgb, std::string_view kind) {
  static const Rgb kSnow[] = {
      {0.52F, 0.62F, 0.80F}, {0.80F, 0.87F, 0.96F}, {0.95F, 0.97F, 1.0F}, {1, 1, 1}};
  static const Rgb kSand[] = {
      {0.42F, 0.31F, 0.18F}, {0.74F, 0.59F, 0.38F}, {0.90F, 0.78F, 0.55F}, {0.98F, 0.92F, 0.74F}};
  static const Rgb kLeaves[] = {
      {0.26F, 0.07F, 0.03F}, {0.70F, 0.22F, 0.05F}, {0.93F, 0.50F, 0.10F}, {0.99F, 0.82F, 0.30F}};
  static const Rgb kLavender[] = {
      {0.16F, 0.10F, 0.26F}, {0.42F, 0.28F, 0.66F}, {0.66F, 0.52F, 0.86F}, {0.88F, 0.80F, 0.97F}};
  static const Rgb kWheat[] = {
      {0.34F, 0.22F, 0.06F}, {0.72F, 0.52F, 0.16F}, {0.91F, 0.74F, 0.32F}, {0.99F, 0.92F, 0.62F}};
  const Rgb(*scale)[4] = &kWheat;
  if (kind == "snow") scale = &kSnow;
  if (kind == "sand") scale = &kSand;
  if (kind == "autumn leaves") scale = &kLeaves;
  if (kind == "lavender") scale = &kLavender;
  // The new ground is as light as its own kind is, not as what it lies on was; its pattern is that
  // of the blades beneath, so that it moves with them.
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(rgb);
  const cv::Mat near = blurred(light, 1.2 * u);
  const cv::Mat patch = blurred(light, 6 * u);
  const cv::Mat wide = blurred(light, 36 * u);
  const bool even = kind == "snow" || kind == "sand";
  const float grain = even ? 0.5F : 1.5F;
  const float middle = even ? 0.74F : 0.56F;
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const float w = wide.at<float>(y, x) + 0.08F;
      const float shade = patch.at<float>(y, x) / w - 1;
      const float detail = (near.at<float>(y, x) - patch.at<float>(y, x)) / w;
      const float depth = 0.30F * (std::sqrt(clamp01(light.at<float>(y, x))) - 0.55F);
      out.at<Rgb>(y, x) = scale_colour(*scale, middle + depth + 0.35F * shade + grain * detail);
    }
  }
  return out;
}

}  // namespace ditto::stages::editing
