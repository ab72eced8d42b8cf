// Looks whose texture sits on the frame's pixel grid: made when asked for, never proposed.
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"
#include "stages/edit/segments.h"

namespace ditto::stages::editing {
namespace {

int cell_of(const cv::Mat& rgb, double pixels, double strength) {
  return std::max(2, static_cast<int>(std::lround(pixels * unit_of(rgb) * strength)));
}

// The nearest of the palette, in RGB: the palette's colours are far enough apart.
std::size_t nearest_of(const std::vector<Rgb>& palette, const Rgb& c) {
  std::size_t best = 0;
  for (std::size_t k = 1; k < palette.size(); ++k) {
    const Rgb now = palette[k] - c;
    const Rgb then = palette[best] - c;
    if (now.dot(now) < then.dot(then)) best = k;
  }
  return best;
}

// A block that differs from three of its four neighbours, which agree, joins them, unless it stands
// out: speckles go, eyes and lamps stay.
void clean_speckles(cv::Mat& index, const std::vector<Rgb>& palette) {
  const cv::Mat before = index.clone();
  for (int y = 1; y + 1 < index.rows; ++y) {
    for (int x = 1; x + 1 < index.cols; ++x) {
      const int around[] = {before.at<int>(y - 1, x), before.at<int>(y + 1, x),
                            before.at<int>(y, x - 1), before.at<int>(y, x + 1)};
      for (const int other : around) {
        if (other == before.at<int>(y, x) || std::count(around, around + 4, other) < 3) continue;
        const Rgb d = palette[static_cast<std::size_t>(other)] -
                      palette[static_cast<std::size_t>(before.at<int>(y, x))];
        if (d.dot(d) < 0.12F) index.at<int>(y, x) = other;
        break;
      }
    }
  }
}

cv::Mat pixel_art(const cv::Mat& rgb, const LookInput& input) {
  const int cell = cell_of(rgb, 8, input.strength);
  const double u = unit_of(rgb);
  const cv::Size grid((rgb.cols + cell - 1) / cell, (rgb.rows + cell - 1) / cell);
  // Flat areas first: what is averaged over noise is noisy too.
  cv::Mat small;
  cv::resize(dabs(dabs(clarity(rgb, 8 * u, 0.4), 4 * u), 3 * u), small, grid, 0, 0, cv::INTER_AREA);
  small = map_pixels(small, [](const Rgb& c) {
    const Rgb rich = contrasted(saturated(c, 1.35F), 1.12F, 0.45F);
    return Rgb(clamp01(rich[0]), clamp01(rich[1]), clamp01(rich[2]));
  });
  const std::vector<Rgb> palette = palette_of(small, 20);
  cv::Mat index(grid, CV_32SC1);
  for (int y = 0; y < grid.height; ++y) {
    for (int x = 0; x < grid.width; ++x)
      index.at<int>(y, x) = static_cast<int>(nearest_of(palette, small.at<Rgb>(y, x)));
  }
  clean_speckles(index, palette);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x)
      out.at<Rgb>(y, x) = palette[static_cast<std::size_t>(index.at<int>(y / cell, x / cell))];
  }
  return out;
}

float hash_of(std::size_t i) {
  std::uint32_t h = static_cast<std::uint32_t>(i) * 0x9E3779B1U;
  h = (h ^ (h >> 15)) * 0x2C1B3C6DU;
  h = (h ^ (h >> 12)) * 0x297A2D39U;
  return static_cast<float>((h ^ (h >> 15)) >> 8) / 16777216.0F;
}

// Pieces of one colour each with a seam between them; `shade(colour, piece, depth, slant)` gives
// the piece's surface from the distance to its seam (pixels) and the slope of that distance towards
// the upper left.
template <class F>
cv::Mat assembled(const Segments& pieces, const Rgb& seam, float seam_width, F shade) {
  cv::Mat dx;
  cv::Mat dy;
  const cv::Mat height = blurred(cv::min(pieces.seam, 3.0 * seam_width + 3), 0.8);
  cv::Scharr(height, dx, CV_32F, 1, 0, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  cv::Scharr(height, dy, CV_32F, 0, 1, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  const cv::Mat smooth = blurred(pieces.seam, 0.7);
  cv::Mat out(pieces.seam.size(), CV_32FC3);
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) {
      const auto i = static_cast<std::size_t>(pieces.labels.at<int>(y, x));
      const Rgb piece = shade(pieces.colours[i], i, pieces.seam.at<float>(y, x),
                              dx.at<float>(y, x) + dy.at<float>(y, x));
      const float open = smoothstep(0.35F * seam_width, seam_width, smooth.at<float>(y, x));
      out.at<Rgb>(y, x) = lerp(seam, piece, open);
    }
  }
  return out;
}

cv::Mat mosaic(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat rich =
      map_pixels(clarity(dabs(dabs(rgb, 4 * u), 3 * u), 12 * u, 0.5),
                 [](const Rgb& c) { return contrasted(enriched(c, 1.6F), 1.12F, 0.45F); });
  const Segments tiles = cut_into_segments(rich, 15 * u, 20);
  // Stone varies from tile to tile, and each catches the light on its upper left edge.
  return assembled(tiles, Rgb(0.56F, 0.53F, 0.48F), static_cast<float>(1.25 * u * input.strength),
                   [](const Rgb& c, std::size_t i, float, float slant) {
                     return c * (0.93F + 0.14F * hash_of(i)) * (1 + 0.16F * slant);
                   });
}

cv::Mat stained_glass(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const cv::Mat flat = blurred(flat_areas(clarity(rgb, 14 * u, 0.5), 1.4 * u), 1.2 * u);
  const Segments panes = cut_into_segments(flat, 30 * u * input.strength, 12);
  const auto width = static_cast<float>(2.6 * u);
  const cv::Mat window = assembled(panes, Rgb(0.025F, 0.025F, 0.03F), width,
                                   [width](const Rgb& c, std::size_t i, float depth, float) {
                                     // Coloured glass before the sky: deep colours, lighter in the
                                     // middle of a pane.
                                     const float y = std::max(0.03F, luma(c));
                                     const float lit = 0.16F + 0.84F * std::pow(clamp01(y), 0.75F);
                                     const Rgb glass =
                                         enriched(c * (lit / y), 2.0F + 0.5F * hash_of(i));
                                     return glass * (0.78F + 0.16F * hash_of(i + 7919) +
                                                     0.20F * smoothstep(0, 6 * width, depth));
                                   });
  return bloom(window, 0.5, 9 * u, 0.5);
}

cv::Mat halftone(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto pitch = static_cast<float>(std::max(4.0, 6.5 * u * input.strength));
  const cv::Mat paint = flat_areas(clarity(rgb, 10 * u, 0.4), u);
  const cv::Mat lines = ink_lines(luma_of(dabs(dabs(rgb, 3 * u), 2 * u)), 1.3 * u, 15, 0.06, 16);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = enriched(paint.at<Rgb>(y, x), 1.7F);
      // A dot screen at 45 degrees; dots grow as the picture gets darker.
      const float a = static_cast<float>(x + y) / (pitch * 1.41421F);
      const float b = static_cast<float>(x - y) / (pitch * 1.41421F);
      const float screen = 0.5F + 0.25F * (std::cos(a * 6.28318F) + std::cos(b * 6.28318F));
      const float y0 = clamp01(luma(c));
      const float dot = smoothstep(-0.14F, 0.14F, screen - (1 - std::pow(1 - y0, 1.4F)));
      // Bright paper shows between dots of a deep ink.
      const Rgb paper = lerp(gamma(c, 0.6F), Rgb(1.0F, 0.98F, 0.92F), 0.45F);
      const Rgb ink = enriched(c * 0.62F, 1.4F) + Rgb(0.02F, 0.0F, 0.05F);
      out.at<Rgb>(y, x) =
          lerp(paper, ink, dot * (1 - smoothstep(0.75F, 0.95F, y0))) * lines.at<float>(y, x);
    }
  }
  return out;
}

const Look kLooks[] = {
    {"pixel_art", Task::kGlobalStyle, "pixels", pixel_art, false, true},
    {"mosaic", Task::kGlobalStyle, "mosaic", mosaic, false, true},
    {"stained_glass", Task::kGlobalStyle, "mosaic", stained_glass, false, true},
    {"halftone", Task::kGlobalStyle, "comic", halftone, false, true},
};

}  // namespace

std::span<const Look> grid_looks() { return kLooks; }

}  // namespace ditto::stages::editing
