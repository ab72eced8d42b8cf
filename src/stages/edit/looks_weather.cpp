// Weather, seasons and places.
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"
#include "stages/edit/scenery.h"

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

// The light that falls on each place, apart from its colour: luma against its wide surroundings,
// about 1.
cv::Mat relief_of(const cv::Mat& rgb) {
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(rgb);
  const cv::Mat near = blurred(light, 2.5 * u);
  const cv::Mat wide = blurred(light, 40 * u);
  cv::Mat out(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x)
      out.at<float>(y, x) = (near.at<float>(y, x) + 0.15F) / (wide.at<float>(y, x) + 0.15F);
  }
  return out;
}

cv::Mat snow(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  cv::Mat detail = luma_of(rgb);
  detail = detail - blurred(detail, 3 * u);
  const cv::Mat relief = relief_of(rgb);
  const cv::Mat ledges = ledge_map(rgb);
  const cv::Mat ground = ground_map(rgb);
  const cv::Mat sky = sky_map(rgb);
  cv::Mat cover(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const Hsv hsv = to_hsv(c);
      const float l = clamp01(luma(c));
      // Ground, grass and leaves take the snow, and so do the upper rims of things; what is vivid
      // or dark on the ground is something else that stands there.
      const float green = hue_weight(hsv.h, 52, 165, 14) * smoothstep(0.08F, 0.25F, hsv.s) *
                          smoothstep(0.03F, 0.16F, l);
      // On the ground it lies everywhere, on leaves where the light falls from above.
      const float under = smoothstep(0.2F, 0.6F, ground.at<float>(y, x));
      const float leaf = 0.25F + 0.65F * smoothstep(0.9F, 1.15F, relief.at<float>(y, x)) +
                         3.0F * detail.at<float>(y, x);
      const float earth = ground.at<float>(y, x) * smoothstep(0.06F, 0.16F, l);
      const float rim = ledges.at<float>(y, x) * smoothstep(0.10F, 0.3F, l) *
                        (1 - smoothstep(0.45F, 0.7F, hsv.s));
      const float most =
          std::max(std::max(green * clamp01(std::max(leaf, under)), earth), 0.45F * rim);
      cover.at<float>(y, x) = most * std::min(1.0F, 0.25F + 0.75F * s) * (1 - sky.at<float>(y, x));
    }
  }
  cover = blurred(cover, 1.2 * u);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const float l = clamp01(luma(c));
      Rgb cold = times(contrasted(saturated(c, 1 - 0.38F * std::min(1.5F, s)), 0.94F, 0.5F),
                       Rgb(0.94F, 1.0F, 1.08F)) +
                 grey(0.03F);
      // A winter sky is one pale cloud.
      cold =
          lerp(cold, Rgb(0.86F, 0.89F, 0.93F) * (0.80F + 0.22F * l), 0.85F * sky.at<float>(y, x));
      // Snow is lit as what it lies on was, but softly, and its shadows are blue.
      const float fall = relief.at<float>(y, x);
      const float lit = clamp01(0.83F + 0.30F * (fall - 1) + 0.7F * detail.at<float>(y, x));
      const Rgb snowy =
          lerp(Rgb(0.50F, 0.60F, 0.78F), Rgb(0.985F, 0.99F, 1.0F), smoothstep(0.42F, 1.0F, lit));
      out.at<Rgb>(y, x) = lerp(cold, snowy, cover.at<float>(y, x));
    }
  }
  return bloom(out, 0.85, 8 * u, 0.12);
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
  const cv::Mat detail = light - blurred(light, 4 * u);
  const cv::Mat ground = ground_map(rgb);
  const cv::Mat sky = sky_map(rgb);
  // Wet ground mirrors what stands above it: smeared downwards.
  cv::Mat mirror;
  const int reach = std::max(3, static_cast<int>(90 * u) | 1);
  cv::blur(rgb, mirror, {std::max(1, static_cast<int>(4 * u)), reach}, {-1, reach - 1},
           cv::BORDER_REFLECT_101);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const float l = light.at<float>(y, x);
      // What is wet is darker and deeper in colour, and the light of a grey sky glints on it.
      const Rgb wet =
          times(saturated(gamma(c, 1.3F), 0.74F), Rgb(0.72F, 0.84F, 0.97F)) * (1 - 0.10F * s);
      const float paved = ground.at<float>(y, x) * (1 - greenness(c));
      const float shine = clamp01(0.5F + 6 * detail.at<float>(y, x));
      const Rgb sheen =
          times(contrasted(mirror.at<Rgb>(y, x), 1.25F, 0.4F), Rgb(0.80F, 0.90F, 1.02F)) *
          (0.72F + 0.5F * shine);
      Rgb p = lerp(wet, sheen, std::min(0.85F, 0.62F * s) * paved);
      const float glint = smoothstep(0.015F, 0.07F, detail.at<float>(y, x)) *
                          (0.10F + 0.16F * ground.at<float>(y, x)) * s;
      p += Rgb(0.85F, 0.95F, 1.0F) * glint;
      out.at<Rgb>(y, x) =
          lerp(p, Rgb(0.47F, 0.52F, 0.58F) * (0.7F + 0.4F * l), 0.9F * sky.at<float>(y, x));
    }
  }
  return hazy(out, Rgb(0.46F, 0.52F, 0.58F), 0.02F * s, 0.30F * s);
}

// Leaves and grass in other colours: each by its own hue and light and that of its neighbourhood,
// so that whole trees and patches differ from each other and the pattern sticks to what it is on.
struct Foliage {
  Rgb leaves[4];    // of what stands: from shaded and bluish to sunlit and yellowish
  Rgb grass;        // of what lies underfoot
  float light = 1;  // against what was there
  float lift = 1;   // below 1: shadows are opened
};

cv::Mat recoloured_leaves(const cv::Mat& rgb, float strength, const Foliage& foliage,
                          const Rgb& air) {
  const double u = unit_of(rgb);
  const cv::Mat ground = ground_map(rgb);
  const cv::Mat wide = blurred(rgb, 9 * u);
  const float full = std::min(1.0F, 0.25F + 0.75F * strength);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const float w = greenness(c) * full;
      const float l = clamp01(luma(c));
      const Hsv own = to_hsv(c);
      const Hsv patch = to_hsv(wide.at<Rgb>(y, x));
      // Yellowish greens turn first; so do lit patches.
      const float turn = clamp01(0.5F + (88 - 0.4F * own.h - 0.6F * patch.h) / 70 +
                                 0.9F * (luma(wide.at<Rgb>(y, x)) - 0.35F));
      Rgb leaf = scale_colour(foliage.leaves, turn);
      leaf = lerp(leaf, foliage.grass, 0.75F * smoothstep(0.35F, 0.8F, ground.at<float>(y, x)));
      // Its own light and shade; pale leaves stay pale.
      const float lit = std::pow(l, foliage.lift) * foliage.light / std::max(0.05F, luma(leaf));
      const Rgb turned = saturated(leaf * lit, 0.55F + 0.45F * smoothstep(0.1F, 0.5F, own.s));
      out.at<Rgb>(y, x) = lerp(times(c, air), turned, w);
    }
  }
  return out;
}

cv::Mat autumn(const cv::Mat& rgb, const LookInput& input) {
  static const Foliage kAutumn = {
      {{0.50F, 0.17F, 0.12F}, {0.72F, 0.30F, 0.10F}, {0.82F, 0.50F, 0.12F}, {0.84F, 0.68F, 0.22F}},
      {0.70F, 0.60F, 0.26F},
      1.06F};
  return recoloured_leaves(rgb, static_cast<float>(input.strength), kAutumn,
                           Rgb(1.04F, 0.98F, 0.88F));
}

cv::Mat cherry_blossom(const cv::Mat& rgb, const LookInput& input) {
  static const Foliage kBlossom = {
      {{0.62F, 0.36F, 0.48F}, {0.82F, 0.52F, 0.64F}, {0.94F, 0.70F, 0.79F}, {0.99F, 0.86F, 0.90F}},
      {0.95F, 0.72F, 0.79F},
      1.14F,
      0.72F};
  return bloom(recoloured_leaves(rgb, static_cast<float>(input.strength), kBlossom,
                                 Rgb(1.03F, 0.98F, 1.01F)),
               0.7, 10 * unit_of(rgb), 0.25);
}

cv::Mat drought(const cv::Mat& rgb, const LookInput& input) {
  static const Foliage kDry = {
      {{0.44F, 0.36F, 0.22F}, {0.58F, 0.47F, 0.28F}, {0.70F, 0.58F, 0.36F}, {0.80F, 0.70F, 0.46F}},
      {0.74F, 0.62F, 0.38F},
      1.08F};
  return recoloured_leaves(rgb, static_cast<float>(input.strength), kDry, Rgb(1.05F, 0.99F, 0.88F));
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
  const cv::Mat sky = sky_map(rgb);
  const cv::Mat soft = clarity(blurred(rgb, 1.0 * u), 12 * u, 0.9);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const float h = 1 - static_cast<float>(y) / static_cast<float>(rgb.rows);
    // Bright near the surface, deep blue below.
    const Rgb water = lerp(Rgb(0.0F, 0.13F, 0.30F), Rgb(0.12F, 0.60F, 0.74F), h * h);
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = soft.at<Rgb>(y, x);
      const float l = clamp01(luma(c));
      // Water takes red first, and what light comes down ripples over what is lit.
      const float ripple = 0.5F + 0.5F * std::sin(26 * l + 3 * h);
      const Rgb absorbed =
          times(lerp(c, grey(l), 0.25F), Rgb(1 - 0.72F * std::min(1.2F, s), 0.92F, 0.98F)) *
              (0.86F + 0.30F * ripple * smoothstep(0.2F, 0.6F, l)) +
          Rgb(0, 0.03F, 0.06F);
      const float d = std::max(distance.at<float>(y, x), 0.9F * sky.at<float>(y, x));
      out.at<Rgb>(y, x) = lerp(absorbed, water, std::min(0.92F, (0.14F + 0.56F * d) * s));
    }
  }
  return bloom(out, 0.4, 18 * u, 0.55);
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
      map_pixels(
          clarity(rgb, 8 * u, 0.4),
          [s](const Rgb& c) {
            Hsv hsv = to_hsv(c);
            const float y = clamp01(luma(c));
            // Leaves turn violet, skies turquoise, earth and skin stay warm.
            const float leaf = hue_weight(hsv.h, 55, 165, 20) * smoothstep(0.08F, 0.25F, hsv.s);
            const Rgb violet = from_hsv({284 + 0.5F * (hsv.h - 100), clamp01(0.22F + 0.45F * hsv.s),
                                         std::pow(clamp01(hsv.v), 0.8F)});
            const float blue = hue_weight(hsv.h, 180, 260, 30) * smoothstep(0.05F, 0.3F, hsv.s);
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
