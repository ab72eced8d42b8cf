#include "stages/edit/drawn_objects.h"

#include <opencv2/imgproc.hpp>

#include "stages/edit/colours.h"
#include "stages/edit/filters.h"

namespace ditto::stages::editing {
namespace {

constexpr int kSamples = 4;  // per pixel and direction; the drawing is averaged down
constexpr float kPi = 3.14159265F;

// A canvas in coordinates of 0..1 across and 0..1 down, over-sampled.
class Canvas {
 public:
  explicit Canvas(cv::Size size)
      : image_(size.height * kSamples, size.width * kSamples, CV_32FC4, cv::Scalar::all(0)) {}

  // Paints over what is there: `shade(x, y)` gives the colour and its opacity.
  template <class F>
  void paint(F shade) {
    for (int y = 0; y < image_.rows; ++y) {
      auto* row = image_.ptr<cv::Vec4f>(y);
      const float v = (static_cast<float>(y) + 0.5F) / static_cast<float>(image_.rows);
      for (int x = 0; x < image_.cols; ++x) {
        const float u = (static_cast<float>(x) + 0.5F) / static_cast<float>(image_.cols);
        const cv::Vec4f c = shade(u, v);
        if (c[3] <= 0) continue;
        const float alpha = c[3] + row[x][3] * (1 - c[3]);
        for (int i = 0; i < 3; ++i) {
          row[x][i] = (c[i] * c[3] + row[x][i] * row[x][3] * (1 - c[3])) / alpha;
        }
        row[x][3] = alpha;
      }
    }
  }

  void polygon(const std::vector<cv::Point2f>& corners, const Rgb& colour) {
    paint_mask(
        [&](cv::Mat& mask) {
          std::vector<cv::Point> points;
          for (const cv::Point2f& p : corners) points.push_back(scaled(p));
          cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{points}, cv::Scalar(255));
        },
        colour);
  }

  void line(const std::vector<cv::Point2f>& points, float width, const Rgb& colour) {
    paint_mask(
        [&](cv::Mat& mask) {
          std::vector<cv::Point> path;
          for (const cv::Point2f& p : points) path.push_back(scaled(p));
          const int thickness =
              std::max(kSamples * 3 / 4, static_cast<int>(width * static_cast<float>(image_.rows)));
          cv::polylines(mask, std::vector<std::vector<cv::Point>>{path}, false, cv::Scalar(255),
                        thickness);
        },
        colour);
  }

  // Averaged with the colours weighted by their opacity.
  cv::Mat result(cv::Size size) const {
    cv::Mat weighted = image_.clone();
    weighted.forEach<cv::Vec4f>([](cv::Vec4f& p, const int*) {
      for (int i = 0; i < 3; ++i) p[i] *= p[3];
    });
    cv::Mat out;
    cv::resize(weighted, out, size, 0, 0, cv::INTER_AREA);
    out.forEach<cv::Vec4f>([](cv::Vec4f& p, const int*) {
      if (p[3] > 1e-4F) {
        for (int i = 0; i < 3; ++i) p[i] /= p[3];
      }
    });
    return out;
  }

 private:
  cv::Point scaled(const cv::Point2f& p) const {
    return {static_cast<int>(std::lround(p.x * static_cast<float>(image_.cols))),
            static_cast<int>(std::lround(p.y * static_cast<float>(image_.rows)))};
  }
  template <class F>
  void paint_mask(F draw, const Rgb& colour) {
    cv::Mat mask = cv::Mat::zeros(image_.size(), CV_8UC1);
    draw(mask);
    paint([&](float u, float v) {
      const auto x = static_cast<int>(u * static_cast<float>(image_.cols));
      const auto y = static_cast<int>(v * static_cast<float>(image_.rows));
      return cv::Vec4f(colour[0], colour[1], colour[2], mask.at<uchar>(y, x) != 0 ? 1.0F : 0.0F);
    });
  }

  cv::Mat image_;
};

cv::Vec4f solid(const Rgb& c, float alpha = 1) {
  return {clamp01(c[0]), clamp01(c[1]), clamp01(c[2]), alpha};
}
const cv::Vec4f kNothing(0, 0, 0, 0);

// Lambert light from the upper left on a ball, plus a highlight; (x, y) in -1..1.
Rgb lit_ball(const Rgb& colour, float x, float y, float gloss) {
  const float z = std::sqrt(std::max(0.0F, 1 - x * x - y * y));
  const float light = std::max(0.0F, -0.48F * x - 0.58F * y + 0.66F * z);
  const float shine = std::pow(std::max(0.0F, -0.36F * x - 0.44F * y + 0.82F * z), 30.0F);
  return colour * (0.36F + 0.70F * light) + grey(gloss * shine);
}

void hot_air_balloon(Canvas& canvas, const Rgb& colour) {
  canvas.line({{0.38F, 0.72F}, {0.44F, 0.87F}}, 0.006F, grey(0.25F));
  canvas.line({{0.62F, 0.72F}, {0.56F, 0.87F}}, 0.006F, grey(0.25F));
  canvas.line({{0.5F, 0.74F}, {0.5F, 0.87F}}, 0.006F, grey(0.25F));
  canvas.paint([&](float u, float v) {
    // A sphere above, drawn in to the mouth below.
    const float t = (v - 0.01F) / 0.75F;
    if (t < 0 || t > 1) return kNothing;
    const float half =
        t < 0.5F ? 0.49F * std::sqrt(std::max(0.0F, 1 - std::pow(1 - 2 * t, 2.0F)))
                 : 0.49F * (0.26F + 0.74F * std::pow(std::cos((t - 0.5F) * kPi * 0.98F), 0.85F));
    const float x = (u - 0.5F) / std::max(half, 1e-3F);
    if (std::abs(x) > 1) return kNothing;
    const int gore = static_cast<int>(std::floor((std::asin(x) / kPi + 0.5F) * 8));
    const Rgb cream(0.97F, 0.92F, 0.80F);
    Rgb base = gore % 2 == 0 ? colour : cream;
    if (t > 0.40F && t < 0.47F) base = lerp(colour, grey(0.1F), 0.45F);
    const float seam = std::abs(std::sin((std::asin(x) / kPi + 0.5F) * 8 * kPi));
    return solid(lit_ball(base, x * 0.97F, 2 * t - 1 > 0.9F ? 0.9F : 2 * t - 1, 0.12F) *
                 (0.88F + 0.12F * smoothstep(0, 0.3F, seam)));
  });
  canvas.paint([](float u, float v) {
    if (u < 0.42F || u > 0.58F || v < 0.865F || v > 0.99F) return kNothing;
    const float weave = 0.85F + 0.15F * std::sin(v * 160) * std::sin(u * 160);
    return solid(Rgb(0.50F, 0.32F, 0.16F) * weave *
                 (v < 0.885F ? 0.6F : 1.15F - 0.5F * (u - 0.42F) / 0.16F));
  });
}

void balloon(Canvas& canvas, const Rgb& colour) {
  std::vector<cv::Point2f> string;
  for (int i = 0; i <= 24; ++i) {
    const float t = static_cast<float>(i) / 24;
    string.emplace_back(0.5F + 0.035F * std::sin(t * 7), 0.60F + 0.395F * t);
  }
  canvas.line(string, 0.006F, grey(0.82F));
  canvas.polygon({{0.46F, 0.635F}, {0.54F, 0.635F}, {0.5F, 0.59F}}, colour * 0.7F);
  canvas.paint([&](float u, float v) {
    const float y = (v - 0.30F) / (v < 0.30F ? 0.29F : 0.315F);
    const float pinch = v < 0.30F ? 1 : 1 - 0.10F * y * y;
    const float x = (u - 0.5F) / (0.485F * pinch);
    if (x * x + y * y > 1) return kNothing;
    const float rim = smoothstep(0.7F, 1.0F, x * x + y * y);
    return solid(lit_ball(colour, x, y, 0.7F) + colour * (0.10F * rim));
  });
}

void lantern(Canvas& canvas, const Rgb& colour) {
  canvas.line({{0.5F, 0.0F}, {0.5F, 0.30F}}, 0.007F, grey(0.12F));
  canvas.paint([&](float u, float v) {
    const float y = (v - 0.57F) / 0.27F;
    const float x = (u - 0.5F) / 0.47F;
    const float r = x * x + y * y;
    if (r > 1) return kNothing;
    // Lit from within: yellow-white at the core, ribs of the frame darker.
    const float core = std::exp(-2.3F * (x * x + (y - 0.12F) * (y - 0.12F)));
    const float rib =
        0.87F + 0.13F * smoothstep(0.0F, 0.35F, std::abs(std::sin((y + 1) * 5 * kPi)));
    const Rgb paper = lerp(colour * 0.85F, Rgb(1.0F, 0.86F, 0.52F), 0.85F * core);
    return solid(paper * rib * (1 - 0.25F * smoothstep(0.6F, 1.0F, r)));
  });
  const Rgb dark(0.16F, 0.09F, 0.06F);
  canvas.polygon({{0.36F, 0.285F}, {0.64F, 0.285F}, {0.66F, 0.325F}, {0.34F, 0.325F}}, dark);
  canvas.polygon({{0.36F, 0.82F}, {0.64F, 0.82F}, {0.62F, 0.855F}, {0.38F, 0.855F}}, dark);
  for (int i = -2; i <= 2; ++i) {
    const float x = 0.5F + 0.035F * static_cast<float>(i);
    canvas.line({{x, 0.855F}, {x, 0.985F}}, 0.006F, lerp(colour, Rgb(1, 0.75F, 0.3F), 0.4F) * 0.8F);
  }
}

void kite(Canvas& canvas, const Rgb& colour) {
  std::vector<cv::Point2f> tail;
  for (int i = 0; i <= 30; ++i) {
    const float t = static_cast<float>(i) / 30;
    tail.emplace_back(0.62F - 0.28F * t + 0.09F * std::sin(t * 10), 0.60F + 0.385F * t);
  }
  canvas.line(tail, 0.008F, grey(0.92F));
  for (int i = 6; i < 30; i += 7) {
    const cv::Point2f p = tail[static_cast<std::size_t>(i)];
    const Rgb bow = i % 2 == 0 ? colour : lerp(colour, Rgb(1, 0.95F, 0.6F), 0.75F);
    canvas.polygon({p, {p.x - 0.07F, p.y - 0.025F}, {p.x - 0.07F, p.y + 0.025F}}, bow);
    canvas.polygon({p, {p.x + 0.07F, p.y - 0.025F}, {p.x + 0.07F, p.y + 0.025F}}, bow);
  }
  const cv::Point2f top(0.42F, 0.01F);
  const cv::Point2f left(0.03F, 0.30F);
  const cv::Point2f right(0.97F, 0.20F);
  const cv::Point2f bottom(0.62F, 0.62F);
  const cv::Point2f cross(0.475F, 0.253F);
  const Rgb second = lerp(colour, Rgb(1, 0.93F, 0.55F), 0.8F);
  canvas.polygon({top, left, cross}, colour * 1.05F);
  canvas.polygon({top, right, cross}, second);
  canvas.polygon({left, bottom, cross}, second * 0.9F);
  canvas.polygon({right, bottom, cross}, colour * 0.82F);
  canvas.line({top, bottom}, 0.007F, Rgb(0.25F, 0.17F, 0.1F));
  canvas.line({left, right}, 0.007F, Rgb(0.25F, 0.17F, 0.1F));
}

void birds(Canvas& canvas, const Rgb&) {
  const struct {
    float x, y, size, lift;
  } flock[] = {{0.18F, 0.62F, 0.15F, 0.9F},
               {0.36F, 0.36F, 0.17F, 0.5F},
               {0.55F, 0.18F, 0.16F, 1.0F},
               {0.70F, 0.42F, 0.15F, 0.7F},
               {0.86F, 0.66F, 0.13F, 0.4F}};
  for (const auto& bird : flock) {
    std::vector<cv::Point2f> upper;
    std::vector<cv::Point2f> lower;
    for (int i = 0; i <= 24; ++i) {
      const float t = static_cast<float>(i) / 12 - 1;
      const float a = std::abs(t);
      // Two arched wings meeting at the body.
      const float arch = bird.lift * bird.size * (0.85F * std::sin(a * 2.1F) - 0.25F * a);
      const float thick = bird.size * (0.16F * (1 - a) + 0.09F * std::exp(-a * a * 60));
      upper.emplace_back(bird.x + t * bird.size * 0.62F, bird.y - arch - thick);
      lower.emplace_back(bird.x + t * bird.size * 0.62F, bird.y - arch + thick * 0.7F);
    }
    upper.insert(upper.end(), lower.rbegin(), lower.rend());
    canvas.polygon(upper, Rgb(0.09F, 0.09F, 0.11F));
  }
}

void beach_ball(Canvas& canvas, const Rgb& colour) {
  canvas.paint([&](float u, float v) {
    const float x = (u - 0.5F) / 0.495F;
    const float y = (v - 0.5F) / 0.495F;
    if (x * x + y * y > 1) return kNothing;
    // Panels meet at a pole turned towards the viewer's upper right.
    const float z = std::sqrt(std::max(0.0F, 1 - x * x - y * y));
    const float px = x * 0.86F - z * 0.5F * 0.6F;
    const float py = y * 0.86F + z * 0.5F * 0.55F;
    const float angle = std::atan2(py, px) / (2 * kPi) + 0.5F;
    const int panel = static_cast<int>(angle * 6) % 6;
    const Rgb white = grey(0.96F);
    const Rgb panels[] = {colour, white, Rgb(0.98F, 0.80F, 0.16F), white, Rgb(0.14F, 0.44F, 0.84F),
                          white};
    const bool pole = px * px + py * py < 0.012F;
    return solid(lit_ball(pole ? white : panels[panel], x, y, 0.45F));
  });
}

void butterfly(Canvas& canvas, const Rgb& colour) {
  canvas.paint([&](float u, float v) {
    const float side = u < 0.5F ? -1.0F : 1.0F;
    const float x = std::abs(u - 0.5F) * 2;
    // Fore and hind wing as tilted ellipses.
    const auto wing = [&](float cx, float cy, float rx, float ry, float turn) {
      const float dx = x - cx;
      const float dy = v - cy;
      const float a = dx * std::cos(turn) + dy * std::sin(turn);
      const float b = -dx * std::sin(turn) + dy * std::cos(turn);
      return std::sqrt(a * a / (rx * rx) + b * b / (ry * ry));
    };
    const float fore = wing(0.54F, 0.30F, 0.48F, 0.21F, -0.62F);
    const float hind = wing(0.42F, 0.68F, 0.36F, 0.20F, 0.62F);
    const float r = std::min(fore, hind);
    if (r > 1) return kNothing;
    const float vein = 0.92F + 0.08F * std::sin(std::atan2(v - 0.5F, x) * 22);
    Rgb c = lerp(lerp(colour, Rgb(1, 0.95F, 0.7F), 0.45F * (1 - r)), colour, 0.5F) * vein *
            (side < 0 ? 1.08F : 0.88F);
    if (r > 0.78F) c = Rgb(0.07F, 0.05F, 0.06F);
    const bool spot = fore < 1 && wing(0.82F, 0.13F, 0.06F, 0.04F, 0) < 1;
    return solid(spot ? grey(0.95F) : c);
  });
  canvas.paint([](float u, float v) {
    const float x = (u - 0.5F) / 0.028F;
    const float y = (v - 0.50F) / 0.27F;
    return x * x + y * y > 1 ? kNothing : solid(Rgb(0.10F, 0.07F, 0.06F));
  });
  canvas.line({{0.5F, 0.25F}, {0.46F, 0.12F}, {0.41F, 0.06F}}, 0.012F, Rgb(0.10F, 0.07F, 0.06F));
  canvas.line({{0.5F, 0.25F}, {0.54F, 0.12F}, {0.59F, 0.06F}}, 0.012F, Rgb(0.10F, 0.07F, 0.06F));
}

void moon(Canvas& canvas, const Rgb&) {
  const struct {
    float x, y, r;
  } seas[] = {{-0.30F, -0.32F, 0.30F}, {0.18F, -0.42F, 0.22F}, {0.40F, -0.06F, 0.24F},
              {-0.48F, 0.10F, 0.26F},  {0.05F, 0.05F, 0.18F},  {0.10F, 0.58F, 0.12F}};
  canvas.paint([&](float u, float v) {
    const float x = (u - 0.5F) / 0.5F;
    const float y = (v - 0.5F) / 0.5F;
    const float r = std::sqrt(x * x + y * y);
    // A disk with a halo round it.
    if (r > 0.66F)
      return solid(Rgb(0.96F, 0.95F, 0.85F),
                   0.34F * std::pow(std::max(0.0F, 1 - (r - 0.66F) / 0.34F), 2.2F));
    float tone = 0.98F;
    for (const auto& sea : seas) {
      const float d = std::hypot(x / 0.66F - sea.x, y / 0.66F - sea.y);
      tone -= 0.15F * (1 - smoothstep(sea.r * 0.5F, sea.r * 1.15F, d));
    }
    return solid(Rgb(1.0F, 0.985F, 0.92F) * (tone * (1 - 0.08F * r * r)));
  });
}

void paper_plane(Canvas& canvas, const Rgb& colour) {
  canvas.polygon({{0.98F, 0.10F}, {0.02F, 0.42F}, {0.30F, 0.58F}}, lerp(colour, grey(1), 0.15F));
  canvas.polygon({{0.98F, 0.10F}, {0.30F, 0.58F}, {0.36F, 0.95F}}, colour * 0.62F);
  canvas.polygon({{0.98F, 0.10F}, {0.44F, 0.66F}, {0.36F, 0.95F}}, colour * 0.78F);
  canvas.polygon({{0.98F, 0.10F}, {0.44F, 0.66F}, {0.74F, 0.86F}}, colour * 0.94F);
}

void rainbow(Canvas& canvas, const Rgb&) {
  canvas.paint([](float u, float v) {
    const float r = std::hypot((u - 0.5F) / 0.5F, (v - 1.0F) / 1.0F);
    const float t = (0.98F - r) / 0.20F;
    if (t < 0 || t > 1) return kNothing;
    const float fade = smoothstep(0.0F, 0.12F, t) * (1 - smoothstep(0.86F, 1.0F, t)) *
                       (0.25F + 0.75F * (1 - smoothstep(0.5F, 1.0F, v)));
    return solid(from_hsv({275 * t, 0.72F, 1}), 0.52F * fade);
  });
}

// A parasol whose pole stands in the ground, seen from a little below its rim.
void umbrella(Canvas& canvas, const Rgb& colour) {
  canvas.paint([](float u, float v) {
    const float x = (u - 0.5F - 0.03F * (v - 0.3F)) / 0.013F;
    if (std::abs(x) > 1 || v < 0.03F) return kNothing;
    return solid(Rgb(0.80F, 0.74F, 0.64F) * (0.98F - 0.30F * x - 0.25F * x * x));
  });
  const Rgb second = lerp(colour, Rgb(0.98F, 0.96F, 0.90F), 0.9F);
  // The dome's half width, and where its rim ends above and below.
  const auto rim_at = [](float x) { return 0.36F + 0.055F * std::sqrt(1 - x * x); };
  canvas.paint([&](float u, float v) {
    const float x = (u - 0.5F) / 0.497F;
    if (std::abs(x) > 1) return kNothing;
    // The far side's lining, in shade.
    const float upper = 0.36F - 0.03F * std::sqrt(1 - x * x);
    if (v < upper || v > rim_at(x) - 0.012F) return kNothing;
    return solid(colour * 0.42F);
  });
  canvas.paint([&](float u, float v) {
    const float x = (u - 0.5F) / 0.497F;
    if (std::abs(x) > 1) return kNothing;
    const float top = 0.36F - 0.31F * std::pow(1 - x * x, 0.62F);
    // Panels meet at the tip: their seams are meridians of the dome.
    const float height = clamp01((0.40F - v) / 0.35F);
    const float half = std::sqrt(std::max(1e-3F, 1 - std::pow(height, 1.7F)));
    const float phase = (std::asin(std::clamp(x / half, -1.0F, 1.0F)) / kPi + 0.5F) * 6;
    const float panel = std::floor(std::min(phase, 5.99F));
    // A valance hangs from the rim, one arc per panel.
    const float arc = std::sin((phase - panel) * kPi);
    const float rim = rim_at(x) + 0.012F - 0.03F * (1 - arc);
    if (v < top || v > rim) return kNothing;
    const Rgb base = static_cast<int>(panel) % 2 == 0 ? colour : second;
    const float valance = v > rim - 0.035F ? 0.86F : 1.0F;
    const float fold = 0.90F + 0.10F * arc;
    return solid(lit_ball(base, x * 0.92F, (v - 0.42F) / 0.42F, 0.08F) * (fold * valance));
  });
  canvas.line({{0.5F, 0.015F}, {0.5F, 0.055F}}, 0.016F, Rgb(0.80F, 0.74F, 0.64F));
}

void party_balloons(Canvas& canvas, const Rgb&) {
  const struct {
    float x, y;
    Rgb colour;
  } bunch[] = {{0.27F, 0.30F, {0.16F, 0.45F, 0.90F}},
               {0.73F, 0.27F, {0.98F, 0.78F, 0.14F}},
               {0.50F, 0.38F, {0.90F, 0.16F, 0.20F}}};
  for (const auto& b : bunch) canvas.line({{b.x, b.y + 0.2F}, {0.5F, 0.97F}}, 0.005F, grey(0.8F));
  for (const auto& b : bunch) {
    canvas.paint([&](float u, float v) {
      const float x = (u - b.x) / 0.255F;
      const float y = (v - b.y) / 0.245F;
      return x * x + y * y > 1 ? kNothing : solid(lit_ball(b.colour, x, y, 0.7F));
    });
    canvas.polygon({{b.x - 0.03F, b.y + 0.27F}, {b.x + 0.03F, b.y + 0.27F}, {b.x, b.y + 0.235F}},
                   b.colour * 0.7F);
  }
}

struct Drawing {
  std::string_view name;
  Placement placement;
  void (*draw)(Canvas& canvas, const Rgb& colour);
};
const Drawing kDrawings[] = {
    {"hot_air_balloon", {0.30, 0.76, true, false, false, true, "red"}, hot_air_balloon},
    {"balloon", {0.34, 0.50, true, false, false, true, "red"}, balloon},
    {"party_balloons", {0.36, 0.80, true, false, false, false, ""}, party_balloons},
    {"lantern", {0.36, 0.56, true, true, false, true, "red"}, lantern},
    {"kite", {0.30, 0.80, true, false, false, true, "red"}, kite},
    {"birds", {0.16, 2.2, true, false, true, false, ""}, birds},
    {"beach_ball", {0.20, 1.0, false, false, false, true, "red"}, beach_ball},
    {"butterfly", {0.11, 1.25, true, false, false, true, "orange"}, butterfly},
    {"moon", {0.24, 1.0, true, false, true, false, ""}, moon},
    {"paper_plane", {0.14, 1.5, true, false, false, true, "white"}, paper_plane},
    {"rainbow", {0.42, 2.0, true, false, true, false, ""}, rainbow},
    {"umbrella", {0.44, 0.84, false, false, false, true, "red"}, umbrella},
};

const Drawing& drawing_of(std::string_view name) {
  return *std::find_if(std::begin(kDrawings), std::end(kDrawings),
                       [&](const Drawing& d) { return d.name == name; });
}

}  // namespace

std::span<const std::string_view> drawn_objects() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> out;
    for (const Drawing& drawing : kDrawings) out.push_back(drawing.name);
    return out;
  }();
  return names;
}

std::span<const std::string_view> solid_objects() {
  static constexpr std::string_view kNames[] = {"beach_ball", "balloon", "party_balloons",
                                                "umbrella",   "kite",    "butterfly"};
  return kNames;
}

Placement placement_of(std::string_view object) { return drawing_of(object).placement; }

cv::Mat draw_object(std::string_view object, std::string_view colour, cv::Size size) {
  const Drawing& drawing = drawing_of(object);
  const std::string_view name = colour.empty() ? drawing.placement.colour : colour;
  Canvas canvas(size);
  drawing.draw(canvas, colour_value(colour_from(name).value_or(Colour::kRed)));
  return canvas.result(size);
}

}  // namespace ditto::stages::editing
