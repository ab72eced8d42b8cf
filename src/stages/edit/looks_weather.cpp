// Weather, seasons and places.
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"

namespace ditto::stages::editing {
namespace {

// How far things seem to be, 0 near .. 1 far: higher up is farther, and so is what has little local
// contrast. A guess, and smooth enough that a wrong one looks like uneven haze.
cv::Mat apparent_distance(const cv::Mat& rgb) {
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(rgb);
  const cv::Mat detail = blurred(cv::abs(light - blurred(light, 4 * u)), 16 * u);
  cv::Mat out(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    const float h = 1 - static_cast<float>(y) / static_cast<float>(rgb.rows);
    for (int x = 0; x < rgb.cols; ++x) {
      const float plain = 1 - smoothstep(0.0F, 0.07F, detail.at<float>(y, x));
      out.at<float>(y, x) = clamp01(0.72F * h + 0.28F * plain);
    }
  }
  return out;
}

// Blends towards `haze` with distance; `near` and `far` are the haze's weights at both ends.
cv::Mat hazy(const cv::Mat& rgb, const Rgb& haze, float near, float far) {
  return map_pixels(rgb, apparent_distance(rgb), [&](const Rgb& c, float d) {
    return lerp(c, haze, std::min(0.93F, near + (far - near) * d));
  });
}

cv::Mat fog(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const cv::Mat pale = map_pixels(rgb, [](const Rgb& c) { return saturated(c, 0.55F); });
  return hazy(pale, Rgb(0.80F, 0.825F, 0.845F), 0.30F * s, 0.86F * s);
}

// Upper edges of things: where the picture gets darker on the way down.
cv::Mat ledges(const cv::Mat& rgb) {
  const double u = unit_of(rgb);
  cv::Mat dy;
  cv::Scharr(blurred(luma_of(rgb), 1.5 * u), dy, CV_32F, 0, 1, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  return dy;
}

cv::Mat snow(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  cv::Mat detail = luma_of(rgb);
  detail = detail - blurred(detail, 7 * u);
  const cv::Mat dy = ledges(rgb);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const Hsv hsv = to_hsv(c);
      const float l = clamp01(luma(c));
      // Earth, grass and leaves take the snow; so does what faces up.
      const float earth = hue_weight(hsv.h, 52, 155, 14) * smoothstep(0.10F, 0.35F, hsv.s) *
                          smoothstep(0.05F, 0.28F, l);
      const float up = smoothstep(0.004F, 0.03F, dy.at<float>(y, x)) * smoothstep(0.12F, 0.4F, l);
      const float cover = clamp01((0.94F * earth + 0.5F * up) * std::min(1.15F, s));
      const Rgb cold =
          times(contrasted(saturated(c, 0.55F), 0.94F, 0.5F), Rgb(0.93F, 1.0F, 1.09F)) +
          grey(0.05F);
      const float white = 0.60F + 0.34F * std::pow(l, 0.55F) + 1.0F * detail.at<float>(y, x);
      const Rgb snowy =
          lerp(Rgb(0.66F, 0.75F, 0.90F), Rgb(1.0F, 1.0F, 1.0F), clamp01((white - 0.55F) / 0.4F)) *
          (0.35F + 0.65F * std::min(1.0F, white));
      out.at<Rgb>(y, x) = lerp(cold, snowy, cover);
    }
  }
  return bloom(out, 0.8, 10 * u, 0.18);
}

cv::Mat frost(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  const cv::Mat edges = edge_strength(luma_of(rgb), 0.9 * u);
  static const Rgb kScale[] = {{0.03F, 0.10F, 0.20F},
                               {0.20F, 0.42F, 0.60F},
                               {0.55F, 0.78F, 0.90F},
                               {0.88F, 0.97F, 1.0F},
                               {1.0F, 1.0F, 1.0F}};
  return map_pixels(clarity(rgb, 6 * u, 0.5), edges, [s](const Rgb& c, float e) {
    const float y = std::pow(clamp01(luma(c)), 0.85F);
    const Rgb ice = scale_colour(kScale, y + 1.6F * s * e);
    return lerp(saturated(c, 0.7F), ice, std::min(0.92F, 0.78F * s));
  });
}

cv::Mat rain(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(rgb);
  const cv::Mat detail = light - blurred(light, 5 * u);
  // Wet ground mirrors what is above it: a blur along the vertical, stronger lower down.
  cv::Mat mirror;
  const int reach = std::max(3, static_cast<int>(60 * u) | 1);
  cv::blur(rgb, mirror, {std::max(1, static_cast<int>(3 * u)), reach}, {-1, -1},
           cv::BORDER_REFLECT_101);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const float low =
        smoothstep(0.45F, 0.95F, static_cast<float>(y) / static_cast<float>(rgb.rows));
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const Rgb wet = times(saturated(gamma(c, 1.28F), 0.78F), Rgb(0.78F, 0.88F, 0.97F));
      const float glint = std::clamp(detail.at<float>(y, x), 0.0F, 0.07F) * (1.2F + 1.6F * low) * s;
      const Rgb sheen = times(mirror.at<Rgb>(y, x), Rgb(0.74F, 0.86F, 0.98F));
      out.at<Rgb>(y, x) =
          lerp(wet, sheen, 0.30F * s * low) + Rgb(0.85F, 0.95F, 1.0F) * glint + grey(0.01F);
    }
  }
  return hazy(out, Rgb(0.50F, 0.56F, 0.61F), 0.04F * s, 0.34F * s);
}

cv::Mat recoloured_leaves(const cv::Mat& rgb, float strength, const Rgb (&scale)[4],
                          const Rgb& light) {
  return map_pixels(rgb, [&](const Rgb& c) {
    const float w = std::min(1.0F, greenness(c) * std::min(1.2F, 0.35F + 0.65F * strength));
    const Hsv hsv = to_hsv(c);
    const float y = clamp01(luma(c));
    // Which of the leaf colours: by hue and light, so that it sticks to the leaf.
    const float t = clamp01(0.15F + 0.85F * y + (95 - hsv.h) / 220);
    const Rgb leaf = scale_colour(scale, t);
    const Rgb shaded = leaf * (std::pow(y, 0.8F) * 1.02F / std::max(0.16F, luma(leaf)));
    return lerp(times(c, light), shaded, w);
  });
}

cv::Mat autumn(const cv::Mat& rgb, const LookInput& input) {
  static const Rgb kScale[] = {
      {0.50F, 0.12F, 0.05F}, {0.80F, 0.26F, 0.06F}, {0.93F, 0.52F, 0.10F}, {0.98F, 0.78F, 0.22F}};
  return recoloured_leaves(rgb, static_cast<float>(input.strength), kScale,
                           Rgb(1.04F, 0.97F, 0.86F));
}

cv::Mat cherry_blossom(const cv::Mat& rgb, const LookInput& input) {
  static const Rgb kScale[] = {
      {0.55F, 0.18F, 0.36F}, {0.86F, 0.42F, 0.60F}, {0.97F, 0.66F, 0.78F}, {1.0F, 0.88F, 0.93F}};
  return bloom(
      recoloured_leaves(rgb, static_cast<float>(input.strength), kScale, Rgb(1.03F, 0.97F, 1.01F)),
      0.7, 10 * unit_of(rgb), 0.25);
}

cv::Mat drought(const cv::Mat& rgb, const LookInput& input) {
  static const Rgb kScale[] = {
      {0.34F, 0.23F, 0.12F}, {0.58F, 0.43F, 0.24F}, {0.78F, 0.64F, 0.40F}, {0.92F, 0.83F, 0.60F}};
  return recoloured_leaves(rgb, static_cast<float>(input.strength), kScale,
                           Rgb(1.05F, 0.99F, 0.88F));
}

cv::Mat spring(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  return bloom(
      map_pixels(rgb,
                 [s](const Rgb& c) {
                   const Hsv hsv = to_hsv(c);
                   const float leaf =
                       hue_weight(hsv.h, 60, 160, 14) * smoothstep(0.06F, 0.22F, hsv.s);
                   const float y = clamp01(luma(c));
                   const Rgb fresh =
                       from_hsv({104 + 0.12F * (hsv.h - 100), clamp01(0.30F + 0.55F * hsv.s),
                                 std::pow(clamp01(hsv.v), 0.72F)});
                   const Rgb air = saturated(gamma(c, 0.82F), 1.12F) + Rgb(0.0F, 0.012F, 0.012F);
                   return lerp(air, fresh * (0.9F + 0.16F * y), std::min(0.95F, 0.75F * s * leaf));
                 }),
      0.75, 14 * unit_of(rgb), 0.25);
}

cv::Mat underwater(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  const cv::Mat distance = apparent_distance(rgb);
  const cv::Mat soft = blurred(rgb, 1.2 * u);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const float h = 1 - static_cast<float>(y) / static_cast<float>(rgb.rows);
    const Rgb water = lerp(Rgb(0.01F, 0.16F, 0.30F), Rgb(0.16F, 0.64F, 0.76F), std::pow(h, 1.3F));
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = soft.at<Rgb>(y, x);
      // Water takes red first.
      const Rgb absorbed =
          times(c, Rgb(1 - 0.66F * std::min(1.2F, s), 0.90F, 1.04F)) + Rgb(0, 0.03F, 0.05F);
      out.at<Rgb>(y, x) =
          lerp(absorbed, water, std::min(0.9F, (0.26F + 0.42F * distance.at<float>(y, x)) * s));
    }
  }
  return bloom(out, 0.45, 18 * u, 0.5);
}

cv::Mat sandstorm(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const cv::Mat dusty = map_pixels(rgb, [](const Rgb& c) {
    return times(contrasted(saturated(c, 0.5F), 0.85F, 0.45F), Rgb(1.10F, 0.88F, 0.60F));
  });
  return hazy(dusty, Rgb(0.83F, 0.63F, 0.38F), 0.22F * s, 0.80F * s);
}

cv::Mat mars(const cv::Mat& rgb, const LookInput& input) {
  static const Rgb kScale[] = {{0.09F, 0.03F, 0.02F},
                               {0.38F, 0.13F, 0.07F},
                               {0.72F, 0.34F, 0.18F},
                               {0.90F, 0.60F, 0.40F},
                               {0.98F, 0.86F, 0.70F}};
  const auto s = static_cast<float>(input.strength);
  const cv::Mat rust = map_pixels(clarity(rgb, 8 * unit_of(rgb), 0.4), [s](const Rgb& c) {
    return lerp(times(c, Rgb(1.1F, 0.75F, 0.55F)),
                scale_colour(kScale, std::pow(clamp01(luma(c)), 0.95F)),
                std::min(0.95F, 0.85F * s));
  });
  return hazy(rust, Rgb(0.86F, 0.56F, 0.36F), 0.02F, 0.40F * s);
}

cv::Mat alien_planet(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  return bloom(
      map_pixels(clarity(rgb, 8 * u, 0.4),
                 [s](const Rgb& c) {
                   Hsv hsv = to_hsv(c);
                   const float y = clamp01(luma(c));
                   // Leaves turn violet, skies turquoise, earth and skin stay warm.
                   const float leaf =
                       hue_weight(hsv.h, 55, 165, 20) * smoothstep(0.08F, 0.25F, hsv.s);
                   const Rgb violet =
                       from_hsv({296 + 0.35F * (hsv.h - 100), clamp01(0.25F + 0.65F * hsv.s),
                                 std::pow(clamp01(hsv.v), 0.9F)});
                   const float blue =
                       hue_weight(hsv.h, 180, 260, 30) * smoothstep(0.05F, 0.3F, hsv.s);
                   const Rgb sky = from_hsv({168, clamp01(0.25F + hsv.s), clamp01(hsv.v)});
                   const Rgb air = lerp(times(c, Rgb(0.86F, 0.86F, 1.12F)),
                                        Rgb(0.16F, 0.62F, 0.60F) * (0.3F + 1.1F * y), 0.34F * s);
                   return lerp(lerp(air, sky, std::min(1.0F, 0.8F * s) * blue), violet,
                               std::min(0.95F, 0.85F * s) * leaf);
                 }),
      0.6, 14 * u, 0.4);
}

const Look kLooks[] = {
    {"fog", Task::kGlobalEnvironment, "fog", fog},
    {"snow", Task::kGlobalEnvironment, "snow", snow},
    {"frost", Task::kGlobalEnvironment, "snow", frost},
    {"rain", Task::kGlobalEnvironment, "rain", rain},
    {"autumn", Task::kGlobalEnvironment, "autumn", autumn},
    {"cherry_blossom", Task::kGlobalEnvironment, "blossom", cherry_blossom},
    {"drought", Task::kGlobalEnvironment, "autumn", drought},
    {"spring", Task::kGlobalEnvironment, "blossom", spring},
    {"underwater", Task::kGlobalEnvironment, "underwater", underwater},
    {"sandstorm", Task::kGlobalEnvironment, "desert", sandstorm},
    {"mars", Task::kGlobalEnvironment, "planet", mars},
    {"alien_planet", Task::kGlobalEnvironment, "planet", alien_planet},
};

}  // namespace

std::span<const Look> weather_looks() { return kLooks; }

}  // namespace ditto::stages::editing
