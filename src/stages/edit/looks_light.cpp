// Times of day and light.
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"
#include "stages/edit/scenery.h"

namespace ditto::stages::editing {
namespace {

// Weight of a height in the picture: 1 at the top, 0 at the bottom.
float height_at(int y, int rows) { return 1 - static_cast<float>(y) / static_cast<float>(rows); }

cv::Mat night(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat sky = sky_map(rgb);
  const cv::Mat lamps = lamp_map(rgb);
  const cv::Mat pools = blurred(lamps, 26 * u);
  // Daylight is even; at night each thing has a lit and a dark side.
  const cv::Mat clear = clarity(clarity(rgb, 36 * u, 0.7), 9 * u, 0.6);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const float h = height_at(y, rgb.rows);
    const Rgb dome = lerp(Rgb(0.050F, 0.085F, 0.190F), Rgb(0.012F, 0.022F, 0.075F), h);
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = clear.at<Rgb>(y, x);
      const float l = clamp01(luma(c));
      // Rod vision: dark, blue and nearly colourless; what is bright by day keeps some light.
      const float scotopic = (0.56F * l * l + 0.13F * l) / std::max(0.5F, 0.2F + 0.8F * s);
      const Rgb own = c * (scotopic / std::max(l, 0.02F));
      Rgb dark = times(Rgb(0.66F, 0.85F, 1.30F), lerp(grey(scotopic), own, 0.60F)) +
                 Rgb(0.004F, 0.008F, 0.026F);
      dark = lerp(dark, dome + dark * 0.22F, sky.at<float>(y, x));
      // Lamps stay lit and light up what is round them.
      dark += times(c, Rgb(1.0F, 0.66F, 0.32F)) * std::min(0.9F, 5.0F * pools.at<float>(y, x)) *
              (1 - sky.at<float>(y, x));
      const Rgb lit = lerp(times(c, Rgb(1.06F, 0.90F, 0.62F)), Rgb(1.0F, 0.93F, 0.74F), 0.3F);
      out.at<Rgb>(y, x) = lerp(dark, lit, lamps.at<float>(y, x) * (1 - sky.at<float>(y, x)));
    }
  }
  return bloom(out, 0.5, 12 * u, 0.9);
}

cv::Mat moonlight(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat lit = map_pixels(clarity(rgb, 10 * u, 0.45), [s](const Rgb& c) {
    const float y = clamp01(luma(c));
    const float silver = 0.86F * std::pow(y, 1.55F) + 0.03F;
    const Rgb tone = times(Rgb(0.70F, 0.88F, 1.16F), grey(silver));
    return lerp(c * 0.5F, tone + Rgb(0.012F, 0.02F, 0.05F), std::min(0.95F, 0.82F * s));
  });
  return bloom(lit, 0.4, 14 * u, 0.7);
}

cv::Mat golden_hour(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat warm = map_pixels(clarity(rgb, 12 * u, 0.2), [s](const Rgb& c) {
    const float y = clamp01(luma(c));
    const Rgb shade = times(c, Rgb(0.93F, 0.80F, 0.76F));
    const Rgb sun = times(c, Rgb(1.0F + 0.24F * s, 1.0F - 0.01F * s, 1.0F - 0.33F * s)) +
                    Rgb(0.06F, 0.025F, -0.02F) * s;
    return saturated(lerp(shade, sun, smoothstep(0.05F, 0.55F, y)), 1.1F);
  });
  return bloom(warm, 0.55, 22 * u, 0.5 * s);
}

cv::Mat sunset(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  cv::Mat lit(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const float h = height_at(y, rgb.rows);
    // Violet overhead, orange towards the horizon.
    const Rgb light =
        lerp(Rgb(1.12F, 0.66F, 0.42F), Rgb(0.92F, 0.52F, 0.66F), smoothstep(0.35F, 1.0F, h));
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const float l = clamp01(luma(c));
      const Rgb dusk = times(lerp(grey(l), c, 0.55F), light) * (0.84F + 0.30F * l) +
                       Rgb(0.045F, 0.005F, 0.05F) * (1 - l);
      const Rgb afterglow =
          lerp(Rgb(1.0F, 0.62F, 0.30F), Rgb(0.98F, 0.50F, 0.50F), h) * (0.55F + 0.5F * l);
      lit.at<Rgb>(y, x) = lerp(c, lerp(dusk, afterglow, 0.65F * smoothstep(0.62F, 0.95F, l)),
                               std::min(1.0F, 0.55F + 0.45F * s));
    }
  }
  return bloom(lit, 0.5, 22 * u, 0.4 * s);
}

cv::Mat dawn(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat sky = sky_map(rgb);
  cv::Mat lit(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const float h = height_at(y, rgb.rows);
    // Rose above a peach horizon; mist hangs in the middle of the picture, where it is far.
    const Rgb dome = lerp(Rgb(1.0F, 0.80F, 0.62F), Rgb(0.80F, 0.66F, 0.86F), h);
    const float mist = (0.10F + 0.34F * smoothstep(0.2F, 0.75F, h)) * std::min(1.3F, s);
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const float l = clamp01(luma(c));
      // The first light is pink on what faces it, the shadows are still blue.
      const Rgb shade = times(saturated(c, 0.7F), Rgb(0.66F, 0.70F, 1.0F)) * 0.85F;
      const Rgb sun = times(saturated(c, 0.85F), Rgb(1.16F, 0.84F, 0.80F));
      Rgb out = lerp(shade, sun, smoothstep(0.18F, 0.62F, l));
      out = lerp(out, Rgb(0.98F, 0.74F, 0.72F), mist);
      out = lerp(out, dome * (0.72F + 0.30F * l), 0.85F * sky.at<float>(y, x));
      lit.at<Rgb>(y, x) = lerp(c, out, std::min(1.0F, 0.55F + 0.45F * s));
    }
  }
  return bloom(lit, 0.62, 20 * u, 0.4);
}

cv::Mat overcast(const cv::Mat& rgb, const LookInput& input) {
  const auto s = static_cast<float>(input.strength);
  const double u = unit_of(rgb);
  const cv::Mat sky = sky_map(rgb);
  const cv::Mat light = luma_of(rgb);
  // Without the sun there are no hard shadows: each place moves towards its wide neighbourhood.
  const cv::Mat wide = blurred(light, 28 * u);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = rgb.at<Rgb>(y, x);
      const float l = std::max(0.02F, light.at<float>(y, x));
      const float even = l + 0.35F * std::min(1.2F, s) * (wide.at<float>(y, x) - l);
      const Rgb flat = saturated(c * (even / l), 1 - 0.50F * std::min(1.6F, s));
      const Rgb grey_day = times(flat, Rgb(0.80F, 0.86F, 0.90F)) * (1 - 0.06F * s) + grey(0.015F);
      const float cloud = 0.58F + 0.16F * l;
      out.at<Rgb>(y, x) =
          lerp(grey_day, Rgb(0.96F, 1.0F, 1.03F) * cloud, 0.92F * sky.at<float>(y, x));
    }
  }
  return out;
}

cv::Mat stormy(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat dramatic = clarity(rgb, 30 * u, 0.6 * s);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const float h = height_at(y, rgb.rows);
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = dramatic.at<Rgb>(y, x);
      const Rgb dark = times(saturated(gamma(c, 1.5F), 0.5F), Rgb(0.74F, 0.86F, 0.98F));
      out.at<Rgb>(y, x) = dark * (0.92F - 0.22F * s * h) + Rgb(0.012F, 0.02F, 0.03F);
    }
  }
  return out;
}

cv::Mat candlelight(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat warm = map_pixels(rgb, [s](const Rgb& c) {
    const float y = clamp01(luma(c));
    const Rgb flame = times(lerp(grey(y), c, 0.6F), Rgb(1.24F, 0.72F, 0.34F));
    return lerp(c,
                flame * (0.42F + 0.60F * smoothstep(0.0F, 0.8F, y)) + Rgb(0.035F, 0.012F, 0.002F),
                std::min(1.0F, 0.6F + 0.4F * s));
  });
  return bloom(warm, 0.45, 20 * u, 0.6);
}

cv::Mat neon_lights(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  // Coloured light makes grain glitter: areas first, then their contrast.
  const cv::Mat clear = clarity(dabs(rgb, 2 * u), 16 * u, 0.6);
  cv::Mat lit(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = clear.at<Rgb>(y, x);
      const float l = clamp01(luma(c));
      // A magenta sign hangs on the left, a cyan one on the right, and between them their light
      // mixes to blue and violet.
      const float across = static_cast<float>(x) / static_cast<float>(rgb.cols);
      const float down = static_cast<float>(y) / static_cast<float>(rgb.rows);
      const float side = smoothstep(0.12F, 0.88F, across + 0.10F * (down - 0.5F));
      static const Rgb kSigns[] = {
          {1.30F, 0.10F, 0.72F}, {0.66F, 0.20F, 1.22F}, {0.04F, 0.74F, 1.26F}};
      const Rgb light = scale_colour(kSigns, side);
      // The club is dark: only what is light catches the signs in full, and lamps stay white.
      const float level = 0.05F + 1.12F * std::pow(l, 1.35F);
      const Rgb glow = light * level + grey(0.8F * smoothstep(0.72F, 1.0F, l) * l);
      lit.at<Rgb>(y, x) =
          lerp(c * 0.4F, lerp(glow, times(c, light) * 1.2F, 0.15F), std::min(0.97F, 0.88F * s));
    }
  }
  return bloom(lit, 0.35, 20 * u, 0.8);
}

const Look kLooks[] = {
    {"night", Task::kGlobalEnvironment, "night", night},
    {"moonlight", Task::kGlobalEnvironment, "night", moonlight},
    {"golden_hour", Task::kGlobalEnvironment, "sunset", golden_hour},
    {"sunset", Task::kGlobalEnvironment, "sunset", sunset},
    {"dawn", Task::kGlobalEnvironment, "dawn", dawn},
    {"overcast", Task::kGlobalEnvironment, "clouds", overcast},
    {"stormy", Task::kGlobalEnvironment, "clouds", stormy},
    {"candlelight", Task::kGlobalEnvironment, "candlelight", candlelight},
    {"neon_lights", Task::kGlobalEnvironment, "neon", neon_lights},
};

}  // namespace

std::span<const Look> light_looks() { return kLooks; }

}  // namespace ditto::stages::editing
