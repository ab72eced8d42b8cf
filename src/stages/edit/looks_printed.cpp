// Prints, materials and technical drawings.
#include "stages/edit/colours.h"
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"

namespace ditto::stages::editing {
namespace {

cv::Mat woodblock_print(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat paint = flat_areas(clarity(rgb, 14 * u, 0.3), u);
  const cv::Mat lines =
      ink_lines(luma_of(dabs(dabs(rgb, 3 * u), 2 * u)), 1.3 * u, 20 * input.strength, 0.08, 14);
  const cv::Mat flat = map_pixels(paint, [](const Rgb& c) {
    const float y = std::max(luma(c), 1e-3F);
    const float tone = 0.30F + 0.66F * stepped(std::pow(y, 0.7F), 4, 0.25F);
    // Mineral pigments on warm paper: muted, blues towards indigo.
    const Rgb muted = enriched(c * std::min(3.0F, tone / y), 1.12F);
    return lerp(times(muted, Rgb(1.0F, 0.965F, 0.86F)), Rgb(0.95F, 0.89F, 0.76F), 0.14F);
  });
  return map_pixels(flat, lines,
                    [](const Rgb& c, float l) { return lerp(Rgb(0.10F, 0.13F, 0.26F), c, l); });
}

cv::Mat linocut(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(dabs(dabs(clarity(rgb, 12 * u, 0.8), 4 * u), 4 * u));
  const cv::Mat cut = ink_lines(light, 1.4 * u, 12 * input.strength, 0.36, 24);
  return map_pixels(rgb, cut, [](const Rgb&, float l) {
    return lerp(Rgb(0.09F, 0.085F, 0.09F), Rgb(0.95F, 0.92F, 0.85F), l);
  });
}

cv::Mat pop_art(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  static const Rgb kScale[] = {{0.10F, 0.06F, 0.36F}, {0.42F, 0.06F, 0.56F}, {0.93F, 0.10F, 0.52F},
                               {1.0F, 0.48F, 0.12F},  {1.0F, 0.86F, 0.18F},  {0.99F, 0.97F, 0.86F}};
  const cv::Mat paint = flat_areas(clarity(rgb, 12 * u, 0.5), u);
  const cv::Mat lines =
      ink_lines(luma_of(dabs(dabs(rgb, 3 * u), 2 * u)), 1.4 * u, 14 * input.strength, 0.04, 16);
  return map_pixels(paint, lines, [](const Rgb& c, float l) {
    const float tone = stepped(std::pow(clamp01(luma(c)), 0.75F), 5, 0.12F);
    return lerp(Rgb(0.06F, 0.02F, 0.16F), scale_colour(kScale, tone), l);
  });
}

cv::Mat poster(const cv::Mat& rgb, const LookInput& input) {
  static const Rgb kScale[] = {
      {0.02F, 0.15F, 0.25F}, {0.80F, 0.15F, 0.13F}, {0.42F, 0.63F, 0.66F}, {0.98F, 0.93F, 0.74F}};
  const double u = unit_of(rgb);
  // Large areas, and within contours against their surroundings, so that each part of the picture
  // has its lights and shadows. Where light falls off slowly the colours run into each other: a
  // border there would be no contour's and move with the least change of the light.
  const cv::Mat light =
      luma_of(flat_areas(clarity(clarity(rgb, 50 * u, 0.5), 14 * u, 0.8), 1.5 * u));
  const cv::Mat lines =
      ink_lines(luma_of(dabs(dabs(rgb, 4 * u), 3 * u)), 1.7 * u, 15 * input.strength, 0.03, 16);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const float own = 0.10F + 0.80F * std::pow(clamp01(light.at<float>(y, x)), 0.65F);
      const float tone = stepped(0.50F + 1.3F * (own - 0.45F), 3, 0.3F);
      out.at<Rgb>(y, x) = lerp(kScale[0], scale_colour(kScale, tone), lines.at<float>(y, x));
    }
  }
  return out;
}

cv::Mat duotone(const cv::Mat& rgb, const LookInput& input) {
  const Rgb ink = colour_value(colour_from(input.colour).value_or(Colour::kBlue));
  const cv::Mat clear = clarity(rgb, 12 * unit_of(rgb), 0.25);
  return map_pixels(clear, [&](const Rgb& c) {
    const float t = smoothstep(0.0F, 0.95F, std::pow(clamp01(luma(c)), 0.8F));
    const Rgb stops[] = {ink * 0.16F, ink * 0.92F, lerp(ink, Rgb(1, 1, 1), 0.55F),
                         Rgb(1.0F, 0.985F, 0.95F)};
    return scale_colour(stops, t);
  });
}

// Lines of a drawing, 0 .. 1: contours at two widths against how busy the place is, so that faint
// contours are drawn as firmly as strong ones and grass isn't all lines.
cv::Mat drawn_lines(const cv::Mat& rgb, double strength) {
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(dabs(dabs(rgb, 3.5 * u), 3 * u));
  // Equal steps of what the eye sees: shadows count as much as lights.
  cv::Mat eye;
  cv::sqrt(cv::max(light, 0.0), eye);
  const cv::Mat edges = edge_strength(eye, 1.1 * u);
  const cv::Mat busy = blurred(edges, 10 * u);
  const cv::Mat one_way = coherence(eye, 5 * u);
  cv::Mat out(rgb.size(), CV_32FC1);
  const auto s = static_cast<float>(strength);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const float e = edges.at<float>(y, x) / (0.012F + 0.75F * busy.at<float>(y, x));
      out.at<float>(y, x) = smoothstep(0.95F - 0.25F * s, 2.1F - 0.3F * s, e) *
                            smoothstep(0.003F, 0.010F, edges.at<float>(y, x)) *
                            smoothstep(0.22F, 0.55F, one_way.at<float>(y, x));
    }
  }
  return out;
}

cv::Mat blueprint(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat lines = drawn_lines(rgb, input.strength);
  const cv::Mat tone = luma_of(dabs(rgb, 4 * u));
  return map_pixels(rgb, blurred(lines, 0.6 * u) + 0.22 * tone, [](const Rgb&, float t) {
    return lerp(Rgb(0.03F, 0.15F, 0.42F), Rgb(0.93F, 0.97F, 1.0F), clamp01(1.15F * t));
  });
}

cv::Mat chalkboard(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat paint = flat_areas(rgb, u);
  const cv::Mat lines = blurred(drawn_lines(rgb, input.strength), 0.9 * u);
  const cv::Mat eye = luma_of(paint);
  const cv::Mat around = blurred(eye, 40 * u);
  // Chalk catches on the board's grain; the picture's own grain stands in for it.
  const cv::Mat hatching = strokes(luma_of(rgb), 13 * u);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = paint.at<Rgb>(y, x);
      const Hsv hsv = to_hsv(c);
      // Only what is lighter than its surroundings, or has a colour, is filled in with the side of
      // the stick: the board stays bare elsewhere.
      const float l = eye.at<float>(y, x);
      const float lighter = smoothstep(-0.04F, 0.22F, l - around.at<float>(y, x));
      const float colour = smoothstep(0.16F, 0.45F, hsv.s) * smoothstep(0.15F, 0.45F, hsv.v);
      const float pressed =
          smoothstep(0.12F, 0.75F, l) * (0.10F + 0.34F * lighter) + 0.30F * colour;
      const float rubbed = pressed * clamp01(0.72F + 9.0F * s * hatching.at<float>(y, x));
      const Rgb stick =
          lerp(Rgb(0.96F, 0.96F, 0.92F), from_hsv({hsv.h, 0.55F, 0.97F}), 0.9F * colour);
      const Rgb filled = lerp(Rgb(0.070F, 0.140F, 0.112F), stick, clamp01(rubbed));
      out.at<Rgb>(y, x) =
          lerp(filled, lerp(stick, grey(0.97F), 0.6F), clamp01(1.35F * lines.at<float>(y, x)));
    }
  }
  return out;
}

cv::Mat neon(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat paint = dabs(dabs(rgb, 3 * u), 3 * u);
  const cv::Mat lines = blurred(drawn_lines(rgb, input.strength), 0.9 * u);
  cv::Mat tubes = map_pixels(paint, lines, [](const Rgb& c, float line) {
    const Hsv hsv = to_hsv(c);
    // Weak colours get a tube colour from their luma, from cyan to magenta.
    const float fallback = 185 + 135 * smoothstep(0.08F, 0.7F, luma(c));
    const float own = smoothstep(0.20F, 0.45F, hsv.s) * smoothstep(0.15F, 0.3F, hsv.v);
    const Rgb tube = lerp(from_hsv({fallback, 0.85F, 1}), from_hsv({hsv.h, 0.92F, 1}), own);
    const float core = clamp01(1.7F * line);
    // The tubes' light falls on what is behind them.
    return saturated(c, 1.5F) * 0.20F + Rgb(0.016F, 0.010F, 0.05F) +
           lerp(tube, Rgb(1, 1, 1), 0.50F * core * core) * (1.1F * core);
  });
  tubes = bloom(tubes, 0.10, 4 * u, 1.0);
  return bloom(tubes, 0.10, 18 * u, 1.4);
}

cv::Mat stone_relief(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat height = blurred(luma_of(dabs(rgb, 2.5 * u)), 0.9 * u);
  cv::Mat dx;
  cv::Mat dy;
  cv::Scharr(height, dx, CV_32F, 1, 0, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  cv::Scharr(height, dy, CV_32F, 0, 1, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  const cv::Mat slope = dx + dy;
  const auto s = static_cast<float>(input.strength);
  return map_pixels(rgb, slope, [s](const Rgb& c, float d) {
    const float lit = 0.52F + 0.34F * (luma(c) - 0.5F) + std::clamp(6.0F * s * d, -0.45F, 0.45F);
    return scale_colour<3>({{0.16F, 0.14F, 0.125F}, {0.60F, 0.57F, 0.52F}, {0.97F, 0.95F, 0.90F}},
                           lit);
  });
}

cv::Mat bronze(const cv::Mat& rgb, const LookInput& input) {
  static const Rgb kScale[] = {{0.05F, 0.025F, 0.015F},
                               {0.30F, 0.15F, 0.06F},
                               {0.62F, 0.37F, 0.14F},
                               {0.92F, 0.69F, 0.34F},
                               {1.0F, 0.95F, 0.76F}};
  const double u = unit_of(rgb);
  const cv::Mat cast = dabs(clarity(rgb, 5 * u, 0.9 * input.strength), 2 * u);
  return map_pixels(cast, [](const Rgb& c) {
    const float y = std::pow(clamp01(luma(c)), 0.78F);
    // A metal's shine: a fold in the tone curve.
    return scale_colour(kScale, y + 0.06F * std::sin(y * 15.0F));
  });
}

const Look kLooks[] = {
    {"woodblock_print", Task::kGlobalStyle, "print", woodblock_print},
    {"linocut", Task::kGlobalStyle, "print", linocut},
    {"pop_art", Task::kGlobalStyle, "poster", pop_art},
    {"poster", Task::kGlobalStyle, "poster", poster},
    {"duotone", Task::kGlobalStyle, "duotone", duotone, true},
    {"blueprint", Task::kGlobalStyle, "blueprint", blueprint},
    {"chalkboard", Task::kGlobalStyle, "chalk", chalkboard},
    {"neon", Task::kGlobalStyle, "neon", neon},
    {"stone_relief", Task::kGlobalStyle, "stone", stone_relief},
    {"bronze", Task::kGlobalStyle, "bronze", bronze},
};

}  // namespace

std::span<const Look> printed_looks() { return kLooks; }

}  // namespace ditto::stages::editing
