#include "stages/edit/colours.h"

#include "stages/edit/filters.h"

namespace ditto::stages::editing {
namespace {

struct Entry {
  std::string_view name;
  cv::Vec3f value;
};

constexpr int kCount = kColours;
const Entry kEntries[kCount] = {
    {"red", {0.84F, 0.10F, 0.11F}},    {"orange", {0.95F, 0.50F, 0.08F}},
    {"yellow", {0.97F, 0.84F, 0.16F}}, {"green", {0.16F, 0.62F, 0.24F}},
    {"cyan", {0.12F, 0.72F, 0.76F}},   {"blue", {0.12F, 0.32F, 0.82F}},
    {"purple", {0.50F, 0.20F, 0.68F}}, {"pink", {0.96F, 0.50F, 0.68F}},
    {"brown", {0.45F, 0.28F, 0.15F}},  {"white", {0.96F, 0.96F, 0.96F}},
    {"grey", {0.52F, 0.52F, 0.53F}},   {"black", {0.05F, 0.05F, 0.06F}},
};

struct Synonym {
  std::string_view word;
  Colour colour;
};
const Synonym kSynonyms[] = {
    {"crimson", Colour::kRed},      {"scarlet", Colour::kRed},   {"maroon", Colour::kRed},
    {"tangerine", Colour::kOrange}, {"golden", Colour::kYellow}, {"lemon", Colour::kYellow},
    {"emerald", Colour::kGreen},    {"lime", Colour::kGreen},    {"turquoise", Colour::kCyan},
    {"teal", Colour::kCyan},        {"aqua", Colour::kCyan},     {"navy", Colour::kBlue},
    {"azure", Colour::kBlue},       {"violet", Colour::kPurple}, {"lilac", Colour::kPurple},
    {"magenta", Colour::kPink},     {"rose", Colour::kPink},     {"gray", Colour::kGrey},
    {"chocolate", Colour::kBrown},
};

}  // namespace

std::string_view name_of(Colour colour) {
  return colour == Colour::kNone ? "" : kEntries[static_cast<int>(colour)].name;
}

std::optional<Colour> colour_from(std::string_view word) {
  for (int i = 0; i < kCount; ++i) {
    if (kEntries[i].name == word) return static_cast<Colour>(i);
  }
  for (const Synonym& synonym : kSynonyms) {
    if (synonym.word == word) return synonym.colour;
  }
  return std::nullopt;
}

cv::Vec3f colour_value(Colour colour) {
  return colour == Colour::kNone ? cv::Vec3f(0.5F, 0.5F, 0.5F)
                                 : kEntries[static_cast<int>(colour)].value;
}

bool is_chromatic(Colour colour) { return colour < Colour::kWhite; }

Colour colour_of(const cv::Vec3f& rgb) {
  const Hsv c = to_hsv(rgb);
  const float chroma = c.s * c.v;
  if (c.v < 0.17F && chroma < 0.06F) return Colour::kBlack;
  if (c.v < 0.12F) return chroma < 0.08F ? Colour::kBlack : Colour::kNone;
  if (c.s < 0.09F) {
    if (c.v > 0.80F) return Colour::kWhite;
    return c.v > 0.28F && c.v < 0.70F ? Colour::kGrey : Colour::kNone;
  }
  if (chroma < (c.s > 0.45F ? 0.09F : 0.14F)) return Colour::kNone;
  if (c.h < 14 || c.h >= 344) {
    // Skin is never as far from orange as this.
    const bool true_red = c.h >= 346 || c.h < 6;
    if (c.s > (true_red ? 0.45F : 0.60F) && c.v > 0.20F) return Colour::kRed;
    if (c.v > 0.78F && c.s > 0.22F && c.s < 0.52F && (c.h >= 344 || c.h < 2)) return Colour::kPink;
    return Colour::kNone;
  }
  if (c.h < 42) {
    if (c.v > 0.68F && c.s > 0.70F && c.h >= 18) return Colour::kOrange;
    if (c.v < 0.46F && c.s > 0.50F && c.h < 38) return Colour::kBrown;
    return Colour::kNone;
  }
  if (c.h < 66) return c.h >= 46 && c.v > 0.58F && c.s > 0.45F ? Colour::kYellow : Colour::kNone;
  if (c.h < 162) return c.h >= 74 && c.s > 0.25F && c.v > 0.18F ? Colour::kGreen : Colour::kNone;
  if (c.h < 200) return c.h >= 168 && c.s > 0.35F && c.v > 0.35F ? Colour::kCyan : Colour::kNone;
  if (c.h < 256)
    return c.h >= 205 && c.h < 250 && c.s > 0.35F && c.v > 0.22F ? Colour::kBlue : Colour::kNone;
  if (c.h < 312) return c.h >= 262 && c.s > 0.28F && c.v > 0.15F ? Colour::kPurple : Colour::kNone;
  return c.h >= 316 && c.s > 0.25F && c.v > 0.55F ? Colour::kPink : Colour::kNone;
}

namespace {

struct HueRange {
  float low;
  float high;
};
// What may belong to a thing of that name, red to pink, in degrees.
constexpr HueRange kShades[] = {{342, 374}, {12, 46},   {40, 70},   {68, 164},
                                {162, 204}, {200, 260}, {254, 322}, {314, 364}};

bool is_within(float hue, const HueRange& range, float margin) {
  if (hue < range.low - margin) hue += 360;
  return hue >= range.low - margin && hue <= range.high + margin;
}

}  // namespace

bool is_shade_of(const cv::Vec3f& rgb, Colour colour) {
  const auto i = static_cast<std::size_t>(colour);
  if (i >= std::size(kShades)) return colour_of(rgb) == colour;
  const Hsv c = to_hsv(rgb);
  if (c.s < 0.25F || c.s * c.v < 0.055F) return false;
  return is_within(c.h, kShades[i], 0);
}

bool may_be_called(const cv::Vec3f& rgb, Colour colour) {
  constexpr float kMargin = 10;  // degrees
  const auto i = static_cast<std::size_t>(colour);
  if (i >= std::size(kShades)) return false;
  const Hsv c = to_hsv(rgb);
  // A face is pink to some, though no object is named so for it.
  if (colour == Colour::kPink && c.v > 0.70F && c.s > 0.20F && (c.h > 300 || c.h < 25)) return true;
  // Terracotta, and skin with it, is orange to some; what else is as pale has no such name.
  if (colour == Colour::kOrange && c.v > 0.6F && c.s * c.v > 0.31F && c.h > 10 && c.h < 32)
    return true;
  return c.s * c.v > 0.48F && is_within(c.h, kShades[i], kMargin);
}

double hue_distance(const cv::Vec3f& a, const cv::Vec3f& b) {
  const Hsv x = to_hsv(a);
  const Hsv y = to_hsv(b);
  if (std::min(x.s * x.v, y.s * y.v) < 0.06F) return 180;
  const double d = std::abs(x.h - y.h);
  return std::min(d, 360 - d);
}

}  // namespace ditto::stages::editing
