#include "stages/edit/regions.h"

#include <opencv2/imgproc.hpp>

#include "stages/edit/filters.h"

namespace ditto::stages::editing {
namespace {

constexpr int kWorkingSize = 416;  // longer side at which regions are looked for

cv::Mat reduced(const cv::Mat& rgb) {
  const double scale = static_cast<double>(kWorkingSize) / std::max(rgb.cols, rgb.rows);
  cv::Mat small;
  if (scale < 1) {
    cv::resize(rgb, small, {}, scale, scale, cv::INTER_AREA);
  } else {
    small = rgb.clone();
  }
  cv::GaussianBlur(small, small, {}, 1.0);
  return to_float(small);
}

cv::Mat ellipse(int size) { return cv::getStructuringElement(cv::MORPH_ELLIPSE, {size, size}); }

cv::Mat filled(const cv::Mat& mask) {
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(mask, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
  cv::Mat out = cv::Mat::zeros(mask.size(), CV_8UC1);
  cv::drawContours(out, contours, -1, cv::Scalar(255), cv::FILLED);
  return out;
}

std::vector<std::string> sides_of(const cv::Point2f& centre) {
  std::vector<std::string> out;
  if (centre.x < 0.38F) out.emplace_back("left");
  if (centre.x > 0.62F) out.emplace_back("right");
  if (centre.x > 0.42F && centre.x < 0.58F && centre.y > 0.25F && centre.y < 0.75F)
    out.emplace_back("middle");
  if (centre.y < 0.30F) out.emplace_back("top");
  if (centre.y > 0.70F) out.emplace_back("bottom");
  return out;
}

double solidity_of(const cv::Mat& mask) {
  std::vector<cv::Point> points;
  cv::findNonZero(mask, points);
  if (points.size() < 3) return 0;
  std::vector<cv::Point> hull;
  cv::convexHull(points, hull);
  // The hull runs through the middles of pixels: half of its length is outside of them.
  const double area = cv::contourArea(hull) + cv::arcLength(hull, true) / 2 + 1;
  return static_cast<double>(points.size()) / area;
}

// Completes a region from its mask at working size.
void finish(Region& region, const cv::Mat& small_mask, cv::Size size) {
  const cv::Moments m = cv::moments(small_mask, true);
  region.area = m.m00 / static_cast<double>(small_mask.total());
  region.centre = {static_cast<float>(m.m10 / m.m00 / small_mask.cols),
                   static_cast<float>(m.m01 / m.m00 / small_mask.rows)};
  region.sides = sides_of(region.centre);
  region.solidity = solidity_of(small_mask);
  cv::Mat large;
  cv::resize(small_mask, large, size, 0, 0, cv::INTER_LINEAR);
  region.mask = large > 127;
  region.box = cv::boundingRect(region.mask);
}

/// 255 where holds(colour).
template <class F>
cv::Mat mask_where(const cv::Mat& rgb, F&& holds) {
  cv::Mat mask(rgb.size(), CV_8UC1);
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) mask.at<uchar>(y, x) = holds(rgb.at<Rgb>(y, x)) ? 255 : 0;
  }
  return mask;
}

cv::Mat to_lab(const cv::Mat& rgb) {
  cv::Mat lab;
  cv::cvtColor(rgb, lab, cv::COLOR_RGB2Lab);
  return lab;
}

double distance(const cv::Scalar& a, const cv::Scalar& b) {
  return std::sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                   (a[2] - b[2]) * (a[2] - b[2]));
}

int touched_borders(const cv::Rect& box, cv::Size size) {
  return (box.x <= 1) + (box.y <= 1) + (box.br().x >= size.width - 1) +
         (box.br().y >= size.height - 1);
}

// Whether the component is compact enough to be called an object.
bool is_compact(const cv::Mat& mask, const cv::Rect& box) {
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(mask, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
  if (contours.empty()) return false;
  std::vector<cv::Point> hull;
  cv::convexHull(contours.front(), hull);
  const double area = cv::countNonZero(mask);
  const double aspect = static_cast<double>(box.width) / box.height;
  return area > 0.62 * cv::contourArea(hull) && area > 0.34 * box.area() && aspect > 0.2 &&
         aspect < 5;
}

cv::Mat label_colours(const cv::Mat& rgb) {
  cv::Mat out(rgb.size(), CV_8UC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      out.at<uchar>(y, x) = static_cast<uchar>(colour_of(rgb.at<Rgb>(y, x)));
    }
  }
  return out;
}

struct Scene {
  cv::Mat rgb;
  cv::Mat lab;
  cv::Mat labels;
};

// Whether the picture has something outside the object, of a 25th of its size or more, that
// somebody might call by the same name: a floor is no thing, so only what is compact counts.
bool has_rival(const Scene& scene, Colour colour, const cv::Mat& object) {
  cv::Mat candidates =
      mask_where(scene.rgb, [&](const Rgb& c) { return may_be_called(c, colour); });
  cv::Mat around;
  cv::dilate(object, around, ellipse(7));
  candidates &= ~around;
  cv::morphologyEx(candidates, candidates, cv::MORPH_OPEN, ellipse(5));
  cv::Mat components;
  cv::Mat stats;
  cv::Mat centroids;
  const int count =
      cv::connectedComponentsWithStats(candidates, components, stats, centroids, 8, CV_32S);
  const double own = cv::countNonZero(object);
  for (int i = 1; i < count; ++i) {
    const double area = stats.at<int>(i, cv::CC_STAT_AREA);
    if (area < 0.04 * own || area > 0.25 * static_cast<double>(candidates.total())) continue;
    const cv::Rect box(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
                       stats.at<int>(i, cv::CC_STAT_WIDTH), stats.at<int>(i, cv::CC_STAT_HEIGHT));
    if (is_compact(components == i, box)) return true;
  }
  return false;
}

// The component as an object, unless it is none.
std::optional<Region> as_object(const Scene& scene, Colour colour, const cv::Mat& component,
                                cv::Size size) {
  const cv::Mat mask = filled(component);
  const cv::Rect box = cv::boundingRect(mask);
  const double area = cv::countNonZero(mask) / static_cast<double>(mask.total());
  if (area < 0.005 || area > 0.25 || !is_compact(mask, box)) return std::nullopt;
  const bool chromatic = is_chromatic(colour);
  if (touched_borders(box, mask.size()) > (chromatic ? 2 : 0)) return std::nullopt;
  const cv::Mat own = (scene.labels == static_cast<int>(colour)) & mask;
  // Shades may make up much of a thing, but its name must come from a fair part of it.
  const double named = cv::countNonZero(own);
  if (named < (chromatic ? 0.25 : 0.6) * cv::countNonZero(chromatic ? component : mask))
    return std::nullopt;
  cv::Mat ring;
  cv::dilate(mask, ring, ellipse(25));
  cv::Mat near;
  cv::dilate(mask, near, ellipse(5));
  ring &= ~near;
  if (cv::countNonZero(ring) < 50) return std::nullopt;
  Region region;
  region.kind = "object";
  region.colour = colour;
  region.distinctness = distance(cv::mean(scene.lab, own), cv::mean(scene.lab, ring));
  if (region.distinctness < (chromatic ? 26 : 34)) return std::nullopt;
  // Most of what surrounds it must not have its colour's name.
  const cv::Mat same = (scene.labels == static_cast<int>(colour)) & ring;
  if (cv::countNonZero(same) > 0.2 * cv::countNonZero(ring)) return std::nullopt;
  finish(region, mask, size);
  region.unique = !has_rival(scene, colour, mask);
  return region;
}

}  // namespace

Region region_of(const std::string& kind, const cv::Mat& mask, cv::Size size) {
  Region region;
  region.kind = kind;
  finish(region, mask, size);
  return region;
}

std::vector<Region> coloured_objects(const cv::Mat& rgb) {
  Scene scene;
  scene.rgb = reduced(rgb);
  scene.lab = to_lab(scene.rgb);
  scene.labels = label_colours(scene.rgb);
  std::vector<Region> out;
  for (int c = 0; c < kColours; ++c) {
    const auto colour = static_cast<Colour>(c);
    if (colour == Colour::kGrey) continue;  // too common to name a thing
    cv::Mat mask = mask_where(scene.rgb, [&](const Rgb& it) { return is_shade_of(it, colour); });
    const double total = cv::countNonZero(scene.labels == c);
    cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, ellipse(5));
    cv::morphologyEx(mask, mask, cv::MORPH_OPEN, ellipse(3));
    cv::Mat components;
    cv::Mat stats;
    cv::Mat centroids;
    const int count =
        cv::connectedComponentsWithStats(mask, components, stats, centroids, 8, CV_32S);
    std::vector<Region> found;
    std::vector<double> areas;
    for (int i = 1; i < count; ++i) {
      // A rival for the name is a component that bears it, not any that has a shade of it.
      if (stats.at<int>(i, cv::CC_STAT_AREA) < 0.0005 * static_cast<double>(mask.total())) continue;
      const cv::Mat component = components == i;
      const int bearing = cv::countNonZero(component & (scene.labels == c));
      if (bearing < 0.2 * stats.at<int>(i, cv::CC_STAT_AREA)) continue;
      areas.push_back(stats.at<int>(i, cv::CC_STAT_AREA));
      if (areas.back() < 0.004 * static_cast<double>(mask.total())) continue;
      if (auto region = as_object(scene, colour, component, rgb.size())) found.push_back(*region);
    }
    std::sort(areas.rbegin(), areas.rend());
    for (Region& region : found) {
      const double own = region.area * static_cast<double>(mask.total());
      const bool largest = std::abs(areas.front() - own) < 0.35 * own;
      region.unique = region.unique && largest && total < 1.35 * own &&
                      (areas.size() < 2 || areas[1] < 0.04 * own);
      out.push_back(std::move(region));
    }
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Region& a, const Region& b) { return a.area > b.area; });
  return out;
}

std::optional<Region> find_sky(const cv::Mat& rgb) {
  const cv::Mat small = reduced(rgb);
  const cv::Mat edges = edge_strength(luma_of(small), 1.0);
  cv::Mat candidate(small.size(), CV_8UC1);
  cv::Mat blue(small.size(), CV_8UC1);
  for (int y = 0; y < small.rows; ++y) {
    for (int x = 0; x < small.cols; ++x) {
      const Hsv c = to_hsv(small.at<Rgb>(y, x));
      const bool is_blue = c.h > 185 && c.h < 262 && c.v > 0.48F && c.s > 0.10F && c.s < 0.80F;
      const bool pale = c.v > 0.72F && c.s < 0.30F;
      const bool smooth = edges.at<float>(y, x) < 0.045F;
      candidate.at<uchar>(y, x) = (is_blue || pale) && smooth ? 255 : 0;
      blue.at<uchar>(y, x) = is_blue ? 255 : 0;
    }
  }
  cv::morphologyEx(candidate, candidate, cv::MORPH_OPEN, ellipse(3));
  cv::Mat components;
  const int count = cv::connectedComponents(candidate, components, 8, CV_32S);
  cv::Mat sky = cv::Mat::zeros(small.size(), CV_8UC1);
  for (int i = 1; i < count; ++i) {
    const cv::Mat component = components == i;
    const int top = cv::countNonZero(component.rowRange(0, 3));
    if (top < 0.08 * 3 * small.cols ||
        cv::countNonZero(component) < 0.02 * static_cast<double>(small.total()))
      continue;
    sky |= component;
  }
  cv::morphologyEx(sky, sky, cv::MORPH_CLOSE, ellipse(5));
  sky = filled(sky);
  const double area = cv::countNonZero(sky) / static_cast<double>(small.total());
  if (area < 0.05 || area > 0.72) return std::nullopt;
  const double blue_share =
      cv::countNonZero(blue & sky) / (area * static_cast<double>(small.total()));
  const double bottom =
      cv::countNonZero(sky.rowRange(small.rows - 3, small.rows)) / (3.0 * small.cols);
  const cv::Mat light = luma_of(small);
  const double contrast = cv::mean(light, sky)[0] - cv::mean(light, ~sky)[0];
  if (blue_share < 0.35 || bottom > 0.05 || contrast < 0.10) return std::nullopt;
  Region region;
  region.kind = "sky";
  finish(region, sky, rgb.size());
  if (region.centre.y > 0.45F) return std::nullopt;
  region.unique = true;
  return region;
}

double texture_within(const cv::Mat& light, const cv::Mat& mask) {
  cv::Mat inside;
  cv::erode(mask, inside, ellipse(11), {-1, -1}, 1, cv::BORDER_CONSTANT, cv::Scalar(255));
  // Thin foliage is all border.
  if (cv::countNonZero(inside) < 0.2 * cv::countNonZero(mask)) inside = mask;
  const cv::Mat deviation = cv::abs(light - blurred(light, 3));
  std::vector<float> values;
  for (int y = 0; y < inside.rows; ++y) {
    for (int x = 0; x < inside.cols; ++x) {
      if (inside.at<uchar>(y, x) != 0) values.push_back(deviation.at<float>(y, x));
    }
  }
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::optional<Region> find_greenery(const cv::Mat& rgb) {
  const cv::Mat small = reduced(rgb);
  cv::Mat green = mask_where(small, [](const Rgb& c) { return greenness(c) > 0.5F; });
  cv::morphologyEx(green, green, cv::MORPH_CLOSE, ellipse(5));
  cv::morphologyEx(green, green, cv::MORPH_OPEN, ellipse(5));
  cv::Mat components;
  cv::Mat stats;
  cv::Mat centroids;
  const int count =
      cv::connectedComponentsWithStats(green, components, stats, centroids, 8, CV_32S);
  cv::Mat mask = cv::Mat::zeros(small.size(), CV_8UC1);
  for (int i = 1; i < count; ++i) {
    if (stats.at<int>(i, cv::CC_STAT_AREA) > 0.02 * static_cast<double>(small.total()))
      mask |= components == i;
  }
  const double area = cv::countNonZero(mask) / static_cast<double>(small.total());
  if (area < 0.10 || texture_within(luma_of(small), mask) < kLeafTexture) return std::nullopt;
  Region region;
  finish(region, mask, rgb.size());
  const cv::Mat lower = mask.rowRange(mask.rows * 2 / 5, mask.rows);
  const bool is_grass = cv::countNonZero(lower) > 0.72 * cv::countNonZero(mask) &&
                        cv::countNonZero(mask.row(mask.rows - 4)) > 0.2 * mask.cols;
  region.kind = is_grass ? "grass" : "greenery";
  region.unique = true;
  return region;
}

std::optional<Region> find_background(const cv::Mat& rgb) {
  const cv::Mat small = reduced(rgb);
  const cv::Mat lab = to_lab(small);
  const cv::Mat edges = edge_strength(luma_of(small), 1.0);
  std::array<std::vector<float>, 3> border;
  const auto take = [&](int y, int x) {
    for (std::size_t i = 0; i < 3; ++i) border[i].push_back(lab.at<Rgb>(y, x)[static_cast<int>(i)]);
  };
  for (int x = 0; x < small.cols; ++x) {
    take(0, x);
    take(small.rows - 1, x);
  }
  for (int y = 0; y < small.rows; ++y) {
    take(y, 0);
    take(y, small.cols - 1);
  }
  Rgb median;
  for (std::size_t i = 0; i < 3; ++i) {
    auto& values = border[i];
    std::nth_element(values.begin(),
                     values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
    median[static_cast<int>(i)] = values[values.size() / 2];
  }
  cv::Mat mask(small.size(), CV_8UC1);
  for (int y = 0; y < small.rows; ++y) {
    for (int x = 0; x < small.cols; ++x) {
      const Rgb d = lab.at<Rgb>(y, x) - median;
      // Uneven light changes lightness most.
      const bool near = std::abs(d[0]) < 27 && std::hypot(d[1], d[2]) < 9;
      mask.at<uchar>(y, x) = near && edges.at<float>(y, x) < 0.05F ? 255 : 0;
    }
  }
  cv::morphologyEx(mask, mask, cv::MORPH_CLOSE, ellipse(3));
  cv::Mat components;
  cv::Mat stats;
  cv::Mat centroids;
  const int count = cv::connectedComponentsWithStats(mask, components, stats, centroids, 8, CV_32S);
  int best = 0;
  for (int i = 1; i < count; ++i) {
    if (best == 0 || stats.at<int>(i, cv::CC_STAT_AREA) > stats.at<int>(best, cv::CC_STAT_AREA))
      best = i;
  }
  if (best == 0) return std::nullopt;
  mask = components == best;
  const double border_share =
      (cv::countNonZero(mask.row(0)) + cv::countNonZero(mask.row(mask.rows - 1)) +
       cv::countNonZero(mask.col(0)) + cv::countNonZero(mask.col(mask.cols - 1))) /
      (2.0 * (mask.cols + mask.rows));
  const double area = cv::countNonZero(mask) / static_cast<double>(mask.total());
  if (area < 0.35 || area > 0.97 || border_share < 0.6 || cv::mean(edges, mask)[0] > 0.012 ||
      median[0] < 18)
    return std::nullopt;
  Region region;
  region.kind = "background";
  finish(region, mask, rgb.size());
  region.sides.clear();
  region.unique = true;
  return region;
}

}  // namespace ditto::stages::editing
