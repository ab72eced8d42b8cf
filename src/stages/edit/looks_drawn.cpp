// Drawing and painting styles.
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"

namespace ditto::stages::editing {
namespace {

const Rgb kPaper(0.975F, 0.965F, 0.94F);

// Lines and tone of a graphite drawing, 0 black .. 1 paper.
cv::Mat graphite(const cv::Mat& rgb, double strength, double tone) {
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(dabs(rgb, 1.5 * u));
  const cv::Mat broad = dodge_lines(light, 7 * u);
  const cv::Mat fine = dodge_lines(light, 1.8 * u);
  cv::Mat out(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    const float* l = light.ptr<float>(y);
    const float* b = broad.ptr<float>(y);
    const float* f = fine.ptr<float>(y);
    float* to = out.ptr<float>(y);
    for (int x = 0; x < rgb.cols; ++x) {
      // A heavier hand draws stronger lines; the paper stays white.
      const double lines = std::pow(b[x], 1.9 * strength) * std::pow(f[x], 2.6 * strength);
      const double shade = 1 - tone * std::pow(1 - l[x], 1.6);
      to[x] = clamp01(static_cast<float>(lines * shade));
    }
  }
  return out;
}

cv::Mat pencil_sketch(const cv::Mat& rgb, const LookInput& input) {
  return map_pixels(rgb, graphite(rgb, input.strength, 0.55),
                    [](const Rgb&, float g) { return lerp(Rgb(0.13F, 0.13F, 0.15F), kPaper, g); });
}

cv::Mat coloured_pencil(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat smooth = dabs(dabs(rgb, 3 * u), 2 * u);
  const cv::Mat drawn = graphite(rgb, 1.25 * input.strength, 0.18);
  const cv::Mat hatching = strokes(luma_of(rgb), 9 * u);
  cv::Mat tone(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x)
      tone.at<float>(y, x) = drawn.at<float>(y, x) + 2.2F * s * hatching.at<float>(y, x);
  }
  return map_pixels(smooth, tone, [s](const Rgb& c, float g) {
    // Wax on paper: colours are lifted towards white, never fully dark, and thin where it is light.
    const float y = clamp01(luma(c));
    const Rgb wax = enriched(gamma(c, 0.52F), 1.6F + 0.3F * s);
    const Rgb pigment = lerp(wax, kPaper, 0.18F + 0.5F * smoothstep(0.45F, 0.95F, y));
    return lerp(Rgb(0.20F, 0.17F, 0.20F), pigment, clamp01(g));
  });
}

cv::Mat charcoal(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(dabs(rgb, 3 * u));
  const cv::Mat lines = dodge_lines(light, 9 * u);
  const double s = input.strength;
  cv::Mat tone(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const float l = smoothstep(0.02F, 0.82F, light.at<float>(y, x));
      tone.at<float>(y, x) = static_cast<float>(std::pow(lines.at<float>(y, x), 2.6 * s) *
                                                (0.12 + 0.88 * std::pow(l, 0.85)));
    }
  }
  return map_pixels(rgb, tone, [](const Rgb&, float t) {
    return lerp(Rgb(0.07F, 0.065F, 0.06F), Rgb(0.93F, 0.91F, 0.87F), clamp01(t));
  });
}

cv::Mat ink_drawing(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat light = luma_of(dabs(rgb, 1.5 * u));
  const cv::Mat lines = ink_lines(light, 1.0 * u, 16 * input.strength, 0.30, 9);
  const cv::Mat wash = luma_of(dabs(rgb, 4 * u));
  cv::Mat ink(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const float w = 0.62F + 0.38F * stepped(wash.at<float>(y, x) * 1.25F, 3, 0.25F);
      ink.at<float>(y, x) = lines.at<float>(y, x) * w;
    }
  }
  return map_pixels(rgb, ink, [](const Rgb&, float t) {
    return lerp(Rgb(0.05F, 0.06F, 0.10F), Rgb(0.985F, 0.975F, 0.95F), t);
  });
}

cv::Mat watercolour(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat wash = dabs(dabs(dabs(rgb, 7 * u), 6 * u), 4 * u);
  const cv::Mat rims = edge_strength(luma_of(wash), 0.8 * u);
  const cv::Mat pencil = dodge_lines(luma_of(dabs(rgb, 1.5 * u)), 2.2 * u);
  const cv::Mat wide = blurred(luma_of(wash), 14 * u);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = wash.at<Rgb>(y, x);
      const float l = clamp01(luma(c));
      // Few, thin washes: light areas run out into the paper, dark ones stay transparent.
      const float tone =
          0.30F + 0.70F * (0.6F * stepped(std::pow(l, 0.6F), 5, 0.5F) + 0.4F * std::pow(l, 0.6F));
      const Rgb thin = saturated(c * std::min(3.0F, tone / std::max(l, 0.04F)), 1.25F + 0.25F * s);
      const float bare = smoothstep(0.62F, 0.92F, std::pow(l, 0.75F));
      Rgb paint = lerp(lerp(thin, kPaper, 0.14F), kPaper, 0.85F * bare);
      // Pigment gathers at the rims of a wash and where it dries last.
      paint *= 1 - std::min(0.55F, 4.2F * s * rims.at<float>(y, x));
      paint *= 1 - 0.25F * clamp01(2.5F * (wide.at<float>(y, x) - l));
      out.at<Rgb>(y, x) = paint * (0.35F + 0.65F * std::pow(pencil.at<float>(y, x), 2.2F * s));
    }
  }
  return out;
}

cv::Mat oil_painting(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat paint = dabs(dabs(clarity(rgb, 6 * u, 0.35), 4.5 * u), 3 * u);
  // Relief: the paint's thickness follows its luma and is lit from the upper left.
  cv::Mat dx;
  cv::Mat dy;
  const cv::Mat height = blurred(luma_of(paint), 0.7 * u);
  cv::Scharr(height, dx, CV_32F, 1, 0, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  cv::Scharr(height, dy, CV_32F, 0, 1, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  const cv::Mat relief = dx + dy;
  return map_pixels(paint, relief, [s](const Rgb& c, float r) {
    const Rgb rich = contrasted(saturated(c, 1.35F), 1.12F, 0.42F);
    return rich * (1 + std::clamp(-3.2F * s * r, -0.3F, 0.4F)) + Rgb(0.02F, 0.012F, 0);
  });
}

cv::Mat stepped_luma(const cv::Mat& paint, int levels, float softness, float saturation) {
  return map_pixels(paint, [=](const Rgb& c) {
    const float y = std::max(luma(c), 1e-3F);
    const float lit = std::pow(y, 0.66F);
    const float flat = stepped(lit, levels, softness);
    return enriched(c * std::min(4.0F, (0.04F + 0.96F * flat) / y), saturation);
  });
}

cv::Mat with_lines(const cv::Mat& colour, const cv::Mat& lines, const Rgb& ink) {
  return map_pixels(colour, lines, [&](const Rgb& c, float l) { return lerp(ink, c, l); });
}

cv::Mat cartoon(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat paint = flat_areas(clarity(rgb, 12 * u, 0.35), u);
  const cv::Mat lines =
      ink_lines(luma_of(dabs(dabs(rgb, 3 * u), 2 * u)), 1.6 * u, 16 * input.strength, 0.05, 16);
  const cv::Mat flat = map_pixels(stepped_luma(paint, 4, 0.22F, 1.6F + 0.25F * s),
                                  [](const Rgb& c) { return gamma(c, 0.78F); });
  return with_lines(flat, lines, Rgb(0.04F, 0.03F, 0.05F));
}

cv::Mat anime(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto s = static_cast<float>(input.strength);
  const cv::Mat paint = dabs(dabs(rgb, 3 * u), 3 * u);
  const cv::Mat cel = map_pixels(paint, [s](const Rgb& c) {
    const float y = std::max(luma(c), 1e-3F);
    // Two-tone cel shading: shadows stay colourful and lean to violet, lights are clean.
    const float tone = 0.10F + 0.90F * (0.45F * stepped(std::pow(y, 0.62F), 4, 0.35F) +
                                        0.55F * std::pow(y, 0.62F));
    const Rgb lit = enriched(c * std::min(3.5F, tone / y), 1.35F + 0.15F * s);
    const float shadow = 1 - smoothstep(0.15F, 0.45F, tone);
    return lerp(lit, times(lit, Rgb(0.93F, 0.90F, 1.22F)) + Rgb(0.01F, 0, 0.035F), shadow);
  });
  const cv::Mat lines = ink_lines(luma_of(dabs(rgb, 1.5 * u)), 0.85 * u, 11 * s, 0.02, 12);
  return bloom(with_lines(cel, lines, Rgb(0.20F, 0.11F, 0.16F)), 0.72, 12 * u, 0.35 * s);
}

cv::Mat comic_book(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat paint = flat_areas(clarity(rgb, 10 * u, 0.4), u);
  const cv::Mat lines =
      ink_lines(luma_of(dabs(dabs(rgb, 3 * u), 2 * u)), 1.6 * u, 18 * input.strength, 0.12, 18);
  const cv::Mat flat = map_pixels(stepped_luma(paint, 4, 0.12F, 1.75F), [](const Rgb& c) {
    return contrasted(c, 1.15F, 0.45F) + Rgb(0.03F, 0.02F, -0.01F);
  });
  return with_lines(flat, lines, Rgb(0.02F, 0.02F, 0.03F));
}

const Look kLooks[] = {
    {"pencil_sketch", Task::kGlobalStyle, "drawing", pencil_sketch},
    {"coloured_pencil", Task::kGlobalStyle, "drawing", coloured_pencil},
    {"charcoal", Task::kGlobalStyle, "drawing", charcoal},
    {"ink_drawing", Task::kGlobalStyle, "ink", ink_drawing},
    {"watercolour", Task::kGlobalStyle, "watercolour", watercolour},
    {"oil_painting", Task::kGlobalStyle, "oil", oil_painting},
    {"cartoon", Task::kGlobalStyle, "cartoon", cartoon},
    {"anime", Task::kGlobalStyle, "cartoon", anime},
    {"comic_book", Task::kGlobalStyle, "comic", comic_book},
};

}  // namespace

std::span<const Look> drawn_looks() { return kLooks; }

}  // namespace ditto::stages::editing
