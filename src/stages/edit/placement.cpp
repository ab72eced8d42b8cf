#include <opencv2/imgproc.hpp>

#include "stages/edit/drawn_objects.h"
#include "stages/edit/filters.h"
#include "stages/edit/local_edits.h"

namespace ditto::stages::editing {
namespace {

// Where the centre of an object may lie, as fractions of the frame.
cv::Rect2f zone_of(const std::string& place, const Placement& placement) {
  if (place.empty()) {
    if (placement.hangs) return {0.08F, 0.0F, 0.84F, 1.0F};
    return placement.in_the_air ? cv::Rect2f(0.1F, 0.1F, 0.8F, 0.5F)
                                : cv::Rect2f(0.1F, 0.55F, 0.8F, 0.42F);
  }
  const auto has = [&](const char* word) { return place.find(word) != std::string::npos; };
  cv::Rect2f zone(0.36F, 0.30F, 0.28F, 0.40F);
  if (has("left")) zone.x = 0.05F;
  if (has("right")) zone.x = 0.67F;
  if (has("upper") || has("top")) {
    zone.y = 0.03F;
    zone.height = 0.37F;
  }
  if (has("lower") || has("bottom")) {
    zone.y = 0.60F;
    zone.height = 0.37F;
  }
  if (place == "left" || place == "right") {
    zone.y = 0.15F;
    zone.height = 0.70F;
  }
  if (placement.hangs) {
    zone.y = 0;
    zone.height = 1;
  }
  if (place == "sky") zone = {0.02F, 0.0F, 0.96F, 0.8F};
  return zone;
}

struct Search {
  cv::Mat clutter;  // integral of edge strength
  cv::Mat allowed;  // integral of the area that the object must lie in; empty: anywhere
};

double mean_in(const cv::Mat& integral, const cv::Rect& box) {
  const double sum = integral.at<double>(box.br().y, box.br().x) -
                     integral.at<double>(box.y, box.br().x) -
                     integral.at<double>(box.br().y, box.x) + integral.at<double>(box.y, box.x);
  return sum / box.area();
}

std::optional<Spot> best_spot(const cv::Mat& key, const Search& search, const Placement& placement,
                              const cv::Rect2f& zone, double shrink) {
  std::optional<Spot> best;
  double best_cost = 1e9;
  constexpr int kSteps = 24;
  for (int j = 0; j <= kSteps; ++j) {
    for (int i = 0; i <= kSteps; ++i) {
      const double cx = zone.x + zone.width * i / kSteps;
      const double cy = zone.y + zone.height * j / kSteps;
      // On the ground, lower is nearer and so larger.
      const double depth =
          placement.in_the_air ? 1.0 : std::clamp(0.55 + 0.9 * (cy - 0.5), 0.55, 1.0);
      const double height = placement.size * shrink * depth * key.rows;
      const cv::Size size(static_cast<int>(height * placement.aspect), static_cast<int>(height));
      cv::Rect box({static_cast<int>(cx * key.cols) - size.width / 2,
                    static_cast<int>(cy * key.rows) - size.height / 2},
                   size);
      if (placement.hangs) box.y = 0;
      if (box.x < 2 || box.y < (placement.hangs ? 0 : 2) || box.br().x > key.cols - 2 ||
          box.br().y > key.rows - 2)
        continue;
      if (size.height < 14 || size.width < 14) continue;
      if (!search.allowed.empty() && mean_in(search.allowed, box) < 0.85) continue;
      const double clutter = mean_in(search.clutter, box);
      const double off = std::abs(cx - zone.x - zone.width / 2) / zone.width +
                         std::abs(cy - zone.y - zone.height / 2) / zone.height;
      const double cost = clutter + 0.006 * off;
      if (cost < best_cost) {
        best_cost = cost;
        best = Spot{box, clutter, ""};
      }
    }
    if (placement.hangs) break;
  }
  return best;
}

}  // namespace

Spot find_spot(const cv::Mat& key, const Program& program) {
  const Placement placement = placement_of(program.object);
  Search search;
  cv::integral(edge_strength(luma_of(to_float(key)), 1.0 * unit_of(key)), search.clutter, CV_64F);
  const bool wants_sky = program.place == "sky" || placement.sky_only;
  if (wants_sky) {
    const auto sky = find_sky(key);
    if (!sky) {
      Spot spot;
      spot.refusal = fmt::format(
          "no room for {}: no sky was found (a bright, smooth, mostly blue area along the upper "
          "edge)",
          target_text(program));
      return spot;
    }
    cv::Mat share;
    sky->mask.convertTo(share, CV_32FC1, 1.0 / 255);
    cv::integral(share, search.allowed, CV_64F);
  }
  const cv::Rect2f zone = wants_sky && program.place.empty() ? zone_of("sky", placement)
                                                             : zone_of(program.place, placement);
  // Where little room is left the object is drawn smaller, down to two fifths.
  for (const double shrink : {1.0, 0.8, 0.6, 0.4}) {
    if (auto spot = best_spot(key, search, placement, zone, shrink)) return *spot;
  }
  Spot spot;
  spot.refusal = fmt::format("no room for {}{}", target_text(program),
                             wants_sky ? " in the sky" : " at that place");
  return spot;
}

}  // namespace ditto::stages::editing
