#include "stages/edit/local_edits.h"

#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>

#include "stages/edit/backdrops.h"
#include "stages/edit/clean_plate.h"
#include "stages/edit/drawn_objects.h"
#include "stages/edit/fill.h"
#include "stages/edit/filters.h"

namespace ditto::stages::editing {
namespace {

struct Tone {
  Rgb mean;
  float luma = 0.5F;
  Hsv hsv;
};

Tone tone_of(const cv::Mat& rgb, const cv::Mat& mask) {
  const cv::Scalar mean = cv::mean(rgb, mask);
  Tone tone;
  tone.mean =
      Rgb(static_cast<float>(mean[0]), static_cast<float>(mean[1]), static_cast<float>(mean[2]));
  tone.luma = std::max(0.02F, luma(tone.mean));
  tone.hsv = to_hsv(tone.mean);
  return tone;
}

// How much a pixel inside a region has the region's colour: what lies within it but is of another
// (a window, a label) keeps its own.
float membership(const Rgb& c, const Region& region, const Tone& tone) {
  const Hsv hsv = to_hsv(c);
  switch (region.colour) {
    case Colour::kNone:
      return 1;
    case Colour::kBlack:
      return 1 - smoothstep(0.30F, 0.52F, hsv.v);
    case Colour::kWhite:
      return smoothstep(0.42F, 0.66F, hsv.v) * (1 - smoothstep(0.25F, 0.45F, hsv.s));
    case Colour::kGrey:
      return 1 - smoothstep(0.18F, 0.35F, hsv.s);
    default:
      break;
  }
  const float near = hue_weight(hsv.h, tone.hsv.h - 22, tone.hsv.h + 22, 20);
  return near * smoothstep(0.10F, 0.26F, hsv.s) * smoothstep(0.03F, 0.10F, hsv.v);
}

// The mean of a picture near each pixel, of the places in `where` (CV_8UC1), and how many there
// are: CV_32FC3 and CV_32FC1.
std::pair<cv::Mat, cv::Mat> mean_near(const cv::Mat& rgb, const cv::Mat& where, double sigma) {
  cv::Mat known, weight;
  rgb.copyTo(known, where);
  where.convertTo(weight, CV_32FC1, 1.0 / 255);
  weight = blurred(weight, sigma);
  cv::Mat mean = map_pixels(blurred(known, sigma), weight,
                            [](const Rgb& sum, float w) { return sum * (1 / std::max(1e-4F, w)); });
  return {mean, weight};
}

// A backdrop's share of each pixel along its rim, by colour: where the pixel is between the colours
// that both sides have nearby. A matte that falls off before the contour would leave a rim of the
// old backdrop.
void settle_rim(const cv::Mat& rgb, const cv::Mat& mask, int radius, cv::Mat& alpha) {
  constexpr float kEnough = 0.02F;  // of the places nearby
  constexpr float kApart = 0.15F;   // colours that tell the sides apart
  const cv::Mat disk =
      cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * radius + 1, 2 * radius + 1});
  cv::Mat inside, outside;
  cv::erode(mask, inside, disk);
  cv::dilate(mask, outside, disk);
  outside = 255 - outside;
  const auto [backdrop, of_backdrop] = mean_near(rgb, inside, 1.5 * radius);
  const auto [thing, of_thing] = mean_near(rgb, outside, 1.5 * radius);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      if (inside.at<uchar>(y, x) != 0 || outside.at<uchar>(y, x) != 0) continue;
      if (std::min(of_backdrop.at<float>(y, x), of_thing.at<float>(y, x)) < kEnough) continue;
      const Rgb near = thing.at<Rgb>(y, x);
      const Rgb range = backdrop.at<Rgb>(y, x) - near;
      if (cv::norm(range) < kApart) continue;
      const auto share =
          static_cast<float>((rgb.at<Rgb>(y, x) - near).dot(range) / range.dot(range));
      alpha.at<float>(y, x) = smoothstep(0.05F, 0.95F, share);
    }
  }
}

cv::Mat alpha_of(const cv::Mat& key, const Region& region) {
  const int radius = std::max(2, static_cast<int>(std::lround(5 * unit_of(key))));
  if (region.kind != "background") return matte(key, region.mask, radius);
  // A backdrop reaches under the soft outlines of what is in front of it.
  cv::Mat mask;
  cv::dilate(region.mask, mask, cv::Mat(), {-1, -1}, radius / 2);
  cv::Mat alpha = matte(key, mask, radius);
  settle_rim(to_float(key), mask, radius, alpha);
  return alpha;
}

// Lays `changed` over the key frame by alpha; the mask is where alpha is not zero.
EditResult blended(const cv::Mat& key, const cv::Mat& changed, const cv::Mat& alpha) {
  EditResult result;
  result.mask = alpha > 1.0 / 255;
  result.image = key.clone();
  to_bytes(mixed(to_float(key), changed, alpha)).copyTo(result.image, result.mask);
  return result;
}

Rgb repainted(const Rgb& c, const Tone& tone, const Rgb& paint, float strength) {
  const float y = luma(c);
  const float target = luma(paint);
  // The new paint's own lightness counts, but so does the light that falls on it.
  const float base = 0.30F * tone.luma + 0.70F * target;
  const Rgb pigment = paint * (base / std::max(0.02F, target));
  const float ratio = y / tone.luma;
  const float shading = ratio < 1 ? std::pow(ratio, 0.9F) : 1 + 0.75F * (ratio - 1);
  const Rgb flat = pigment * shading;
  const float shine = smoothstep(1.7F, 3.2F, ratio) * smoothstep(0.55F, 0.95F, y);
  const Rgb full =
      lerp(saturated(flat, 1 + 0.3F * std::max(0.0F, strength - 1)), grey(y), 0.8F * shine);
  // A little of a colour is a glaze: half of the pigment at nearly the thing's own lightness. Half
  // way to the paint itself would be mud. A little less than the plain dose is still the paint.
  const float own = lerp(grey(1), grey(base / tone.luma), 0.3F)[0];
  const Rgb pure = paint * (y * own / std::max(0.02F, target));
  const float peak = std::max({1.0F, pure[0], pure[1], pure[2]});
  const Rgb glaze = lerp(c, pure * (1 / peak), 0.55F);
  constexpr float kGlazed = 0.78F;
  if (strength < kGlazed) return lerp(c, glaze, clamp01(strength / kGlazed));
  return lerp(glaze, full, smoothstep(kGlazed, 0.92F, strength));
}

EditResult recolour(const cv::Mat& key, const Region& region, const Program& program,
                    double strength) {
  const cv::Mat rgb = to_float(key);
  const Tone tone = tone_of(rgb, region.mask);
  const Rgb paint = colour_value(*colour_from(program.colour));
  cv::Mat alpha = alpha_of(key, region);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      if (alpha.at<float>(y, x) > 0)
        alpha.at<float>(y, x) *= membership(rgb.at<Rgb>(y, x), region, tone);
    }
  }
  const auto s = static_cast<float>(strength);
  // Light that passes the sky or falls on a wall stays; deep colours would look like cardboard.
  const bool airy = region.kind == "sky" || region.kind == "background";
  Rgb wash = airy ? lerp(paint, grey(1), 0.35F) : paint;
  // Leaves keep much of their own light: painted flat they would lose their depth.
  if (region.kind == "grass" || region.kind == "greenery") {
    wash = saturated(paint, 0.70F) * (0.66F + 0.34F * tone.luma / std::max(0.05F, luma(paint)));
  }
  return blended(key, map_pixels(rgb, [&](const Rgb& c) { return repainted(c, tone, wash, s); }),
                 alpha);
}

EditResult relight(const cv::Mat& key, const Region& region, bool brighter, double strength) {
  const auto s = static_cast<float>(strength);
  const cv::Mat changed = map_pixels(to_float(key), [&](const Rgb& c) {
    if (!brighter) return saturated(gamma(c, 1.35F), 0.92F) * (1 - std::min(0.8F, 0.38F * s));
    const Rgb lifted = gamma(c, 1 / (1 + 0.70F * s));
    return saturated(lifted * (1 + 0.12F * s), 1.08F);
  });
  return blended(key, changed, alpha_of(key, region));
}

EditResult isolate(const cv::Mat& key, const Region& region, double strength) {
  const auto keep = std::max(0.0F, 1 - static_cast<float>(strength) * 1.25F);
  const cv::Mat changed =
      map_pixels(to_float(key), [&](const Rgb& c) { return saturated(c, keep); });
  const cv::Mat alpha = 1.0 - alpha_of(key, region);
  return blended(key, changed, alpha);
}

EditResult to_material(const cv::Mat& key, const Region& region, const Program& program,
                       double strength) {
  static const Rgb kGold[] = {{0.16F, 0.07F, 0.01F},
                              {0.55F, 0.33F, 0.05F},
                              {0.90F, 0.66F, 0.18F},
                              {1.0F, 0.87F, 0.42F},
                              {1.0F, 0.99F, 0.84F}};
  static const Rgb kSilver[] = {{0.06F, 0.07F, 0.08F},
                                {0.34F, 0.36F, 0.39F},
                                {0.66F, 0.68F, 0.71F},
                                {0.88F, 0.90F, 0.92F},
                                {1, 1, 1}};
  static const Rgb kCopper[] = {{0.12F, 0.03F, 0.01F},
                                {0.46F, 0.18F, 0.09F},
                                {0.80F, 0.42F, 0.25F},
                                {0.96F, 0.68F, 0.50F},
                                {1.0F, 0.94F, 0.86F}};
  static const Rgb kIce[] = {{0.10F, 0.25F, 0.40F},
                             {0.36F, 0.62F, 0.78F},
                             {0.66F, 0.86F, 0.95F},
                             {0.88F, 0.97F, 1.0F},
                             {1, 1, 1}};
  static const Rgb kMarble[] = {{0.42F, 0.41F, 0.42F},
                                {0.66F, 0.65F, 0.65F},
                                {0.84F, 0.83F, 0.82F},
                                {0.94F, 0.935F, 0.92F},
                                {1, 1, 0.99F}};
  const Rgb(*scale)[5] = &kGold;
  if (program.object == "silver") scale = &kSilver;
  if (program.object == "copper") scale = &kCopper;
  if (program.object == "ice") scale = &kIce;
  if (program.object == "marble") scale = &kMarble;
  const bool metal = program.object != "ice" && program.object != "marble";
  const cv::Mat rgb = to_float(key);
  const Tone tone = tone_of(rgb, region.mask);
  const auto s = static_cast<float>(strength);
  const cv::Mat polished = clarity(rgb, 5 * unit_of(key), 0.9);
  const cv::Mat light = luma_of(polished);
  const cv::Mat changed = map_pixels(rgb, light, [&](const Rgb& c, float l) {
    float t = 0.52F * std::pow(std::max(0.0F, l) / tone.luma, 0.8F);
    if (metal) t += 0.09F * std::sin(t * 16);
    return lerp(c, scale_colour(*scale, t), std::min(1.0F, 0.3F + 0.7F * s));
  });
  return blended(key, changed, alpha_of(key, region));
}

// The region with its blurred outline and, below it, some of its shadow.
cv::Mat hole_of(const cv::Mat& key, const Region& region) {
  const int grow = std::max(3, static_cast<int>(std::lround(6 * unit_of(key))));
  cv::Mat hole;
  cv::Mat body = region.mask.clone();
  if (region.kind == "person") {
    // Feet and hands are often lost from the silhouette: the whole box goes.
    const cv::Rect box(region.box.x - region.box.width / 8, region.box.y - region.box.height / 20,
                       region.box.width * 5 / 4, region.box.height * 23 / 20);
    cv::rectangle(body, box, cv::Scalar(255), cv::FILLED);
  }
  cv::dilate(body, hole,
             cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * grow + 1, 2 * grow + 1}));
  return hole;
}

// What a removed thing hid is made up only where that is small (of the frame) or fits well: the
// most that the copied piece may differ along the rim, of full range.
double most_mismatch(double made_up) {
  if (made_up < 0.002) return 1;
  if (made_up < 0.01) return 0.16;
  if (made_up < 0.03) return 0.10;
  return made_up < 0.08 ? 0.07 : 0.045;
}

double rounded(double x) { return std::round(x * 1e4) / 1e4; }

// What the clip doesn't show, part by part: each with the piece of the picture that fits it best,
// specks by diffusion.
struct Repair {
  cv::Mat image;
  double mismatch = 0;  // the worst part's, of full range
  bool fits = true;     // every part, for its size
};
Repair repaired(const cv::Mat& picture, const cv::Mat& hole, double leniency) {
  Repair out;
  out.image = picture.clone();
  cv::Mat labels;
  cv::Mat stats;
  cv::Mat centroids;
  const int count = cv::connectedComponentsWithStats(hole, labels, stats, centroids, 8, CV_32S);
  const auto total = static_cast<double>(hole.total());
  constexpr double kSpeck = 0.0006;  // of the frame
  cv::Mat specks = cv::Mat::zeros(hole.size(), CV_8UC1);
  std::vector<int> parts;
  for (int i = 1; i < count; ++i) {
    if (stats.at<int>(i, cv::CC_STAT_AREA) < kSpeck * total) {
      specks |= labels == i;
    } else {
      parts.push_back(i);
    }
  }
  for (const int i : parts) {
    // Where another part is open nothing can be copied from.
    const cv::Mat part = labels == i;
    const Fill fill = fill_hole(out.image, part, hole);
    fill.image.copyTo(out.image, part);
    out.mismatch = std::max(out.mismatch, fill.mismatch);
    const double most = leniency * most_mismatch(stats.at<int>(i, cv::CC_STAT_AREA) / total);
    if (fill.mismatch > most) out.fits = false;
  }
  if (cv::countNonZero(specks) > 0) cv::inpaint(out.image, specks, out.image, 4, cv::INPAINT_TELEA);
  return out;
}

// What the clip shows of the place behind the region, and for the rest a piece of the picture.
EditResult remove_region(const cv::Mat& key, const Clip* clip, const Region& region) {
  EditResult result;
  result.mask = hole_of(key, region);
  cv::Mat picture = key;
  cv::Mat hole = result.mask;
  double leniency = 1;
  if (clip != nullptr) {
    const CleanPlate plate = clean_plate(*clip, region.mask, hole);
    // Beside much that is right a little that is made up is not looked at.
    if (plate.share > 0.88) leniency = 1.5;
    result.details["seen_in_clip"] = rounded(plate.share);
    picture = plate.image;
    hole = cv::Mat(hole & ~plate.known);
  }
  const Repair repair = repaired(picture, hole, leniency);
  result.details["fill_mismatch"] = rounded(repair.mismatch);
  result.details["made_up"] = rounded(cv::countNonZero(hole) / static_cast<double>(hole.total()));
  if (!repair.fits) {
    result.refusal =
        fmt::format("can't remove it: {}, and no other piece of the picture fits in its place",
                    clip != nullptr ? "the clip doesn't show what is behind it"
                                    : "a single picture doesn't show what is behind it");
    result.mask.release();
    return result;
  }
  result.image = repair.image;
  return result;
}

EditResult replace_object(const cv::Mat& key, const Clip* clip, const Region& region,
                          const Program& program) {
  EditResult result = remove_region(key, clip, region);
  if (!result.refusal.empty()) return result;
  const Placement placement = placement_of(program.object);
  // As large as what it stands in for, by area.
  const double height = std::sqrt(region.box.area() * 1.1 / placement.aspect);
  const cv::Size size(std::max(12, static_cast<int>(height * placement.aspect)),
                      std::max(12, static_cast<int>(height)));
  const cv::Point centre(region.box.x + region.box.width / 2, region.box.y + region.box.height / 2);
  // Things that stand on the ground keep their foot where it was.
  const int top =
      placement.in_the_air ? centre.y - size.height / 2 : region.box.br().y - size.height;
  const cv::Mat drawn = draw_object(program.object, program.colour, size);
  lay_over(result.image, result.mask, drawn, {{centre.x - size.width / 2, top}, size}, true);
  return result;
}

EditResult replace_sky(const cv::Mat& key, const Region& region, const Program& program,
                       double strength) {
  const cv::Rect box(0, 0, key.cols, std::min(key.rows, region.box.br().y + key.rows / 40));
  cv::Mat changed = to_float(key);
  draw_backdrop(program.object, box.size()).copyTo(changed(box));
  cv::Mat alpha = alpha_of(key, region);
  alpha *= std::min(1.0, 0.4 + 0.6 * strength);
  return blended(key, changed, alpha);
}

EditResult replace_ground(const cv::Mat& key, const Region& region, const Program& program,
                          double strength) {
  const cv::Mat rgb = to_float(key);
  cv::Mat alpha = alpha_of(key, region);
  // Only what is green within the region: stones and people on the grass stay.
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Hsv c = to_hsv(rgb.at<Rgb>(y, x));
      const float green = hue_weight(c.h, 48, 165, 14) * smoothstep(0.07F, 0.2F, c.s);
      const float dark = 1 - smoothstep(0.05F, 0.16F, c.v);
      alpha.at<float>(y, x) *=
          std::max(green, 0.5F * dark) * static_cast<float>(std::min(1.0, 0.4 + 0.6 * strength));
    }
  }
  return blended(key, covered_ground(rgb, program.object), alpha);
}

EditResult replace(const cv::Mat& key, const Clip* clip, const Region& region,
                   const Program& program, double strength) {
  if (region.kind == "sky") return replace_sky(key, region, program, strength);
  if (region.kind == "object") return replace_object(key, clip, region, program);
  return replace_ground(key, region, program, strength);
}

// Scaled with its colours weighted by alpha, so that what is transparent doesn't bleed in.
cv::Mat scaled(const cv::Mat& rgba, cv::Size size) {
  cv::Mat weighted = rgba.clone();
  for (int y = 0; y < weighted.rows; ++y) {
    for (int x = 0; x < weighted.cols; ++x) {
      auto& c = weighted.at<cv::Vec4f>(y, x);
      for (int i = 0; i < 3; ++i) c[i] *= c[3];
    }
  }
  cv::Mat out;
  cv::resize(weighted, out, size, 0, 0, size.width < rgba.cols ? cv::INTER_AREA : cv::INTER_LINEAR);
  for (int y = 0; y < out.rows; ++y) {
    for (int x = 0; x < out.cols; ++x) {
      auto& c = out.at<cv::Vec4f>(y, x);
      for (int i = 0; i < 3; ++i) c[i] /= std::max(c[3], 1e-4F);
    }
  }
  return out;
}

EditResult add(const cv::Mat& key, const Clip* clip, const Program& program,
               const UserObjects& own_objects) {
  EditResult result;
  const auto own = own_objects.find(program.object);
  const Placement placement = own == own_objects.end()
                                  ? placement_of(program.object)
                                  : placement_of_own(aspect_of(own->second), program.place);
  const Spot spot = find_spot(room_of(key, clip), program, placement);
  if (!spot.refusal.empty()) {
    result.refusal = spot.refusal;
    return result;
  }
  result.image = key.clone();
  result.mask = cv::Mat::zeros(key.size(), CV_8UC1);
  if (!placement.in_the_air) {
    // A soft contact shadow.
    cv::Mat shadow(spot.box.size(), CV_32FC4, cv::Scalar::all(0));
    const float w = static_cast<float>(shadow.cols);
    const float h = static_cast<float>(shadow.rows);
    for (int y = 0; y < shadow.rows; ++y) {
      for (int x = 0; x < shadow.cols; ++x) {
        const float dx = (static_cast<float>(x) - w * 0.54F) / (w * 0.46F);
        const float dy = (static_cast<float>(y) - h * 0.95F) / (h * 0.09F);
        const float a = 0.55F * (1 - smoothstep(0.15F, 1.0F, std::sqrt(dx * dx + dy * dy)));
        shadow.at<cv::Vec4f>(y, x) = {0.03F, 0.03F, 0.04F, a};
      }
    }
    lay_over(result.image, result.mask, shadow, spot.box, false);
  }
  const cv::Mat drawn = own == own_objects.end()
                            ? draw_object(program.object, program.colour, spot.box.size())
                            : scaled(own->second, spot.box.size());
  const bool shines =
      program.object == "lantern" || program.object == "moon" || program.object == "rainbow";
  lay_over(result.image, result.mask, drawn, spot.box, !shines);
  result.details["box"] = {spot.box.x, spot.box.y, spot.box.width, spot.box.height};
  return result;
}

}  // namespace

void lay_over(cv::Mat& picture, cv::Mat& mask, const cv::Mat& rgba, const cv::Rect& box,
              bool takes_light) {
  const cv::Rect frame({0, 0}, picture.size());
  const cv::Rect around =
      cv::Rect(box.x - box.width / 2, box.y - box.height / 2, box.width * 2, box.height * 2) &
      frame;
  const cv::Mat nearby = to_float(picture(around));
  const cv::Scalar mean = cv::mean(nearby);
  const Rgb air(static_cast<float>(mean[0]), static_cast<float>(mean[1]),
                static_cast<float>(mean[2]));
  const float level = luma(air);
  // A dim scene dims the object, and its cast tints it a little.
  const float gain = takes_light ? std::clamp(0.50F + 0.75F * level, 0.5F, 1.0F) : 1.0F;
  Rgb cast(1, 1, 1);
  if (takes_light && level > 0.02F) {
    for (int i = 0; i < 3; ++i) cast[i] = std::clamp(std::pow(air[i] / level, 0.22F), 0.85F, 1.15F);
  }
  cv::Mat object = rgba;
  if (std::min(box.width, box.height) > 40) cv::GaussianBlur(rgba, object, {}, 0.5);
  const cv::Rect inside = box & frame;
  for (int y = inside.y; y < inside.br().y; ++y) {
    for (int x = inside.x; x < inside.br().x; ++x) {
      const cv::Vec4f o = object.at<cv::Vec4f>(y - box.y, x - box.x);
      if (o[3] < 1.0F / 255) continue;
      cv::Vec3b& p = picture.at<cv::Vec3b>(y, x);
      for (int i = 0; i < 3; ++i) {
        const float lit = clamp01(o[i] * gain * cast[i]) * 255;
        p[i] = cv::saturate_cast<uchar>(p[i] + (lit - p[i]) * o[3]);
      }
      mask.at<uchar>(y, x) = 255;
    }
  }
}

EditResult apply_local(const cv::Mat& key, const Clip* clip, const Program& program,
                       double strength, const UserObjects& own_objects) {
  EditResult result;
  if (program.name == "add") {
    result = add(key, clip, program, own_objects);
  } else {
    Grounding grounding = ground(key, clip, program.target);
    if (!grounding.region) {
      result.refusal = grounding.refusal;
      return result;
    }
    const Region& region = *grounding.region;
    if (program.name == "recolour") {
      result = recolour(key, region, program, strength);
    } else if (program.name == "brighten" || program.name == "darken") {
      result = relight(key, region, program.name == "brighten", strength);
    } else if (program.name == "isolate") {
      result = isolate(key, region, strength);
    } else if (program.name == "material") {
      result = to_material(key, region, program, strength);
    } else if (program.name == "remove") {
      result = remove_region(key, clip, region);
    } else {
      result = replace(key, clip, region, program, strength);
    }
    result.details["region"] = {region.box.x, region.box.y, region.box.width, region.box.height};
  }
  return result;
}

}  // namespace ditto::stages::editing
