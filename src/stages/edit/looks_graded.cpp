// Film looks and colour grades.
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"

namespace ditto::stages::editing {
namespace {

cv::Mat black_and_white(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  return map_pixels(clarity(rgb, 12 * unit_of(rgb), 0.25), [s](const Rgb& c) {
    // An orange filter before panchromatic film: warm things light, blue sky dark.
    const float y = clamp01(0.42F * c[0] + 0.48F * c[1] + 0.10F * c[2]);
    return grey(lerp(grey(y), grey(smoothstep(-0.06F, 1.02F, y)), 0.7F * s)[0]);
  });
}

cv::Mat film_noir(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  const cv::Mat toned = map_pixels(clarity(rgb, 16 * u, 0.55), [s](const Rgb& c) {
    const float y = clamp01(0.36F * c[0] + 0.54F * c[1] + 0.10F * c[2]);
    return grey(0.94F * smoothstep(0.10F + 0.06F * s, 0.86F, y));
  });
  return bloom(toned, 0.75, 10 * u, 0.3);
}

cv::Mat sepia(const cv::Mat& rgb, const LookInput&) {
  static const Rgb kScale[] = {{0.10F, 0.055F, 0.03F},
                               {0.36F, 0.23F, 0.13F},
                               {0.67F, 0.50F, 0.33F},
                               {0.89F, 0.77F, 0.59F},
                               {0.985F, 0.93F, 0.81F}};
  return map_pixels(rgb, [](const Rgb& c) { return scale_colour(kScale, luma(c)); });
}

cv::Mat vintage_film(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  const cv::Mat faded = map_pixels(rgb, [s](const Rgb& c) {
    Rgb f = saturated(c, 1 - 0.28F * s);
    // Lifted, greenish-blue blacks and creamy whites of an aged print.
    f = {0.09F + 0.90F * std::pow(clamp01(f[0]), 0.74F),
         0.075F + 0.86F * std::pow(clamp01(f[1]), 0.80F),
         0.11F + 0.68F * std::pow(clamp01(f[2]), 0.88F)};
    return f;
  });
  return bloom(faded, 0.6, 9 * u, 0.22 * s);
}

cv::Mat teal_and_orange(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  // What is warm is told by areas: the hue of what is nearly grey is noise.
  const cv::Mat areas = flat_areas(rgb, unit_of(rgb));
  cv::Mat warmth(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Hsv hsv = to_hsv(areas.at<Rgb>(y, x));
      warmth.at<float>(y, x) = hue_weight(hsv.h, 350, 410, 40) * smoothstep(0.10F, 0.34F, hsv.s);
    }
  }
  return map_pixels(rgb, warmth, [s](const Rgb& c, float warm) {
    const float y = clamp01(luma(c));
    const float highlight = std::max(warm, smoothstep(0.45F, 0.9F, y));
    const Rgb tint = lerp(Rgb(-0.11F, 0.015F, 0.085F), Rgb(0.13F, 0.025F, -0.12F), highlight);
    const Rgb base = contrasted(saturated(c, 0.85F), 1.14F, 0.42F);
    return base + tint * (s * 4 * (0.15F + y * (1 - y)) * 0.9F);
  });
}

cv::Mat pastel(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  return map_pixels(dabs(rgb, 1.5 * u), [s](const Rgb& c) {
    const Hsv hsv = to_hsv(gamma(c, 0.72F));
    const float lift = 0.34F + 0.10F * s;
    const Rgb soft = from_hsv({hsv.h, std::min(0.46F, hsv.s * 0.78F), lift + (1 - lift) * hsv.v});
    // What has no colour of its own gets a candy's: lilac in the shade, peach in the light.
    const float y = clamp01(luma(c));
    const Rgb candy = scale_colour<4>(
        {{0.66F, 0.66F, 0.90F}, {0.80F, 0.76F, 0.94F}, {0.98F, 0.83F, 0.88F}, {1.0F, 0.94F, 0.86F}},
        std::pow(y, 0.8F));
    return lerp(soft, candy, 0.22F + 0.30F * (1 - smoothstep(0.08F, 0.30F, hsv.s)));
  });
}

cv::Mat dreamy(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat soft = blurred(rgb, 9 * u);
  const cv::Mat near = blurred(rgb, 2.2 * u);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = lerp(rgb.at<Rgb>(y, x), near.at<Rgb>(y, x), 0.6F);
      // Orton's sandwich: sharp and blurred exposures on one another, in lilac light.
      const Rgb glow = gamma(soft.at<Rgb>(y, x), 1.15F);
      const Rgb lit = lerp(c, screened(c, glow), 0.85F * std::min(1.15F, s));
      const Rgb veiled = lerp(saturated(lit, 1.2F), Rgb(1.0F, 0.84F, 0.94F), 0.16F * s);
      out.at<Rgb>(y, x) = times(veiled, Rgb(1.03F, 0.95F, 1.04F));
    }
  }
  return out;
}

cv::Mat vivid(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  return map_pixels(clarity(clarity(rgb, 20 * u, 0.35 * s), 5 * u, 0.5 * s), [s](const Rgb& c) {
    const Hsv hsv = to_hsv(c);
    // Weak colours gain most, so that strong ones don't clip; skin gains least.
    const float skin = hue_weight(hsv.h, 12, 36, 10) * (1 - smoothstep(0.45F, 0.65F, hsv.s));
    const float gain = 1 + 1.7F * s * (1 - 0.62F * hsv.s) * (1 - 0.55F * skin);
    const Rgb open = gamma(c, 0.84F);
    return contrasted(saturated(open, gain), 1 + 0.12F * s, 0.46F);
  });
}

cv::Mat thermal(const cv::Mat& rgb, const LookInput&) {
  static const Rgb kScale[] = {{0.02F, 0.01F, 0.16F}, {0.20F, 0.02F, 0.50F}, {0.58F, 0.04F, 0.56F},
                               {0.90F, 0.24F, 0.26F}, {1.0F, 0.58F, 0.05F},  {1.0F, 0.90F, 0.28F},
                               {1.0F, 1.0F, 0.92F}};
  const double u = unit_of(rgb);
  return map_pixels(dabs(rgb, 2.5 * u), [](const Rgb& c) {
    // Warm colours read as hot.
    const float heat = luma(c) + 0.30F * (c[0] - c[2]);
    return scale_colour(kScale, smoothstep(-0.12F, 1.02F, heat));
  });
}

cv::Mat x_ray(const cv::Mat& rgb, const LookInput& input) {
  static const Rgb kScale[] = {{0.01F, 0.02F, 0.05F},
                               {0.05F, 0.16F, 0.27F},
                               {0.28F, 0.50F, 0.62F},
                               {0.72F, 0.88F, 0.94F},
                               {0.98F, 1.0F, 1.0F}};
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(dabs(rgb, 2 * u));
  const cv::Mat edges = edge_strength(light, 1.2 * u);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat toned = map_pixels(rgb, light, [](const Rgb&, float l) { return grey(l); });
  return map_pixels(toned, edges, [s](const Rgb& l, float e) {
    const float dense = 0.80F * std::pow(1 - clamp01(l[0]), 1.5F);
    return scale_colour(kScale, dense + 2.4F * s * e);
  });
}

cv::Mat cyberpunk(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  const cv::Mat graded = map_pixels(clarity(rgb, 8 * u, 0.5), [s](const Rgb& c) {
    static const Rgb kScale[] = {{0.01F, 0.01F, 0.06F}, {0.09F, 0.05F, 0.30F},
                                 {0.50F, 0.08F, 0.58F}, {0.98F, 0.22F, 0.66F},
                                 {0.30F, 0.86F, 0.98F}, {0.86F, 1.0F, 1.0F}};
    const float y = std::pow(clamp01(luma(c)), 0.92F);
    const Rgb dark = enriched(c, 1.4F) * (0.45F + 0.6F * y);
    return lerp(dark, scale_colour(kScale, y), std::min(0.85F, 0.66F * s));
  });
  return bloom(graded, 0.42, 12 * u, 0.75);
}

cv::Mat brighter(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  return map_pixels(rgb,
                    [s](const Rgb& c) { return saturated(gamma(c, 1 / (1 + 0.60F * s)), 1.08F); });
}

cv::Mat darker(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  return map_pixels(rgb, [s](const Rgb& c) { return gamma(c, 1 + 0.55F * s) * (1 - 0.12F * s); });
}

// The light's colour changes and its amount doesn't.
cv::Mat in_light(const cv::Mat& rgb, const Rgb& light) {
  return map_pixels(rgb, [&](const Rgb& c) {
    const Rgb lit = times(c, light);
    return lit * (luma(c) / std::max(0.01F, luma(lit)));
  });
}

cv::Mat warmer(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  return in_light(rgb, {1 + 0.20F * s, 1.0F, 1 - 0.32F * s});
}

cv::Mat cooler(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  return in_light(rgb, {1 - 0.24F * s, 1.0F, 1 + 0.32F * s});
}

const Look kLooks[] = {
    {"black_and_white", Task::kGlobalStyle, "monochrome", black_and_white},
    {"film_noir", Task::kGlobalStyle, "monochrome", film_noir},
    {"sepia", Task::kGlobalStyle, "sepia", sepia},
    {"vintage_film", Task::kGlobalStyle, "sepia", vintage_film},
    {"teal_and_orange", Task::kGlobalStyle, "grade", teal_and_orange},
    {"pastel", Task::kGlobalStyle, "pastel", pastel},
    {"dreamy", Task::kGlobalStyle, "dreamy", dreamy},
    {"vivid", Task::kGlobalStyle, "grade", vivid},
    {"thermal", Task::kGlobalStyle, "thermal", thermal},
    {"x_ray", Task::kGlobalStyle, "x_ray", x_ray},
    {"cyberpunk", Task::kGlobalStyle, "cyberpunk", cyberpunk},
    {"brighter", Task::kGlobalStyle, "exposure", brighter, false, false, true},
    {"darker", Task::kGlobalStyle, "exposure", darker, false, false, true},
    {"warmer", Task::kGlobalStyle, "temperature", warmer, false, false, true},
    {"cooler", Task::kGlobalStyle, "temperature", cooler, false, false, true},
};

}  // namespace

std::span<const Look> graded_looks() { return kLooks; }

}  // namespace ditto::stages::editing
