// Looks whose texture sits on the frame's pixel grid: made when asked for, never proposed.
#include "stages/edit/filters.h"
#include "stages/edit/looks.h"

namespace ditto::stages::editing {
namespace {

int cell_of(const cv::Mat& rgb, double pixels, double strength) {
  return std::max(2, static_cast<int>(std::lround(pixels * unit_of(rgb) * strength)));
}

cv::Mat pixel_art(const cv::Mat& rgb, const LookInput& input) {
  const int cell = cell_of(rgb, 7, input.strength);
  const cv::Size grid((rgb.cols + cell - 1) / cell, (rgb.rows + cell - 1) / cell);
  cv::Mat small;
  cv::resize(clarity(rgb, 6 * unit_of(rgb), 0.5), small, grid, 0, 0, cv::INTER_AREA);
  small = map_pixels(small, [](const Rgb& c) {
    const Rgb rich = saturated(c, 1.3F);
    const auto level = [](float v) { return std::round(clamp01(v) * 7) / 7; };
    return Rgb(level(rich[0]), level(rich[1]), level(rich[2]));
  });
  cv::Mat out;
  cv::resize(small, out, rgb.size(), 0, 0, cv::INTER_NEAREST);
  return out;
}

float hash_of(int x, int y, std::uint32_t salt) {
  std::uint32_t h = static_cast<std::uint32_t>(x) * 0x9E3779B1U ^
                    static_cast<std::uint32_t>(y) * 0x85EBCA77U ^ salt;
  h = (h ^ (h >> 15)) * 0x2C1B3C6DU;
  h = (h ^ (h >> 12)) * 0x297A2D39U;
  return static_cast<float>((h ^ (h >> 15)) >> 8) / 16777216.0F;
}

// Voronoi cells round a jittered grid: each takes its mean colour, borders get `lead`.
cv::Mat cells(const cv::Mat& rgb, int cell, float border, const Rgb& lead, float saturation) {
  const int columns = rgb.cols / cell + 3;
  const int rows = rgb.rows / cell + 3;
  cv::Mat index(rgb.size(), CV_32SC1);
  cv::Mat gap(rgb.size(), CV_32FC1);
  const auto seed = [&](int i, int j) {
    return cv::Point2f(
        (static_cast<float>(i) - 1 + 0.15F + 0.7F * hash_of(i, j, 1)) * static_cast<float>(cell),
        (static_cast<float>(j) - 1 + 0.15F + 0.7F * hash_of(i, j, 2)) * static_cast<float>(cell));
  };
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      float first = 1e9F;
      float second = 1e9F;
      int best = 0;
      const int ci = x / cell + 1;
      const int cj = y / cell + 1;
      for (int j = cj - 1; j <= cj + 1; ++j) {
        for (int i = ci - 1; i <= ci + 1; ++i) {
          const cv::Point2f d =
              seed(i, j) - cv::Point2f(static_cast<float>(x), static_cast<float>(y));
          const float distance = std::sqrt(d.dot(d));
          if (distance < first) {
            second = first;
            first = distance;
            best = j * columns + i;
          } else if (distance < second) {
            second = distance;
          }
        }
      }
      index.at<int>(y, x) = best;
      gap.at<float>(y, x) = second - first;
    }
  }
  std::vector<Rgb> sum(static_cast<std::size_t>(columns * rows), Rgb(0, 0, 0));
  std::vector<float> count(sum.size(), 0);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const auto i = static_cast<std::size_t>(index.at<int>(y, x));
      sum[i] += rgb.at<Rgb>(y, x);
      count[i] += 1;
    }
  }
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const auto i = static_cast<std::size_t>(index.at<int>(y, x));
      const Rgb mean = sum[i] * (1.0F / std::max(1.0F, count[i]));
      out.at<Rgb>(y, x) = lerp(lead, saturated(mean, saturation),
                               smoothstep(border * 0.4F, border, gap.at<float>(y, x)));
    }
  }
  return out;
}

cv::Mat mosaic(const cv::Mat& rgb, const LookInput& input) {
  const int cell = cell_of(rgb, 11, input.strength);
  return cells(rgb, cell, 1.5F * static_cast<float>(unit_of(rgb)), Rgb(0.72F, 0.69F, 0.64F), 1.25F);
}

cv::Mat stained_glass(const cv::Mat& rgb, const LookInput& input) {
  const int cell = cell_of(rgb, 20, input.strength);
  return bloom(
      cells(rgb, cell, 4.5F * static_cast<float>(unit_of(rgb)), Rgb(0.03F, 0.03F, 0.04F), 1.9F),
      0.45, 8 * unit_of(rgb), 0.4);
}

cv::Mat halftone(const cv::Mat& rgb, const LookInput& input) {
  const double u = unit_of(rgb);
  const auto pitch = static_cast<float>(std::max(4.0, 6.5 * u * input.strength));
  const cv::Mat paint = dabs(rgb, 3 * u);
  const cv::Mat lines = ink_lines(luma_of(dabs(rgb, 2 * u)), 1.3 * u, 15, 0.06, 16);
  cv::Mat out(rgb.size(), CV_32FC3);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Rgb c = saturated(paint.at<Rgb>(y, x), 1.5F);
      // A dot screen at 45 degrees; dots grow as the picture gets darker.
      const float a = static_cast<float>(x + y) / (pitch * 1.41421F);
      const float b = static_cast<float>(x - y) / (pitch * 1.41421F);
      const float screen = 0.5F + 0.25F * (std::cos(a * 6.28318F) + std::cos(b * 6.28318F));
      const float y0 = clamp01(luma(c));
      const float dot = smoothstep(-0.14F, 0.14F, screen - (1 - std::pow(1 - y0, 1.4F)));
      const Rgb paper = lerp(c, Rgb(1.0F, 0.98F, 0.92F), 0.45F);
      out.at<Rgb>(y, x) =
          lerp(paper, c * 0.45F, dot * (1 - smoothstep(0.75F, 0.95F, y0))) * lines.at<float>(y, x);
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
