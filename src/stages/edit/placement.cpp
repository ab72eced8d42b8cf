#include <opencv2/imgproc.hpp>

#include "stages/edit/drawn_objects.h"
#include "stages/edit/filters.h"
#include "stages/edit/local_edits.h"
#include "stages/edit/motion.h"
#include "stages/edit/scenery.h"

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

double mean_in(const cv::Mat& integral, const cv::Rect& box) {
  const double sum = integral.at<double>(box.br().y, box.br().x) -
                     integral.at<double>(box.y, box.br().x) -
                     integral.at<double>(box.br().y, box.x) + integral.at<double>(box.y, box.x);
  return sum / box.area();
}

cv::Mat integral_of(const cv::Mat& map) {
  cv::Mat out;
  cv::integral(map, out, CV_64F);
  return out;
}

// Faces, hands and who they belong to: patches of skin colour that stand out from what is round
// them, with the room of a body below. Found without recognising anything, so a wooden ball counts
// too; nothing is lost by placing things elsewhere.
void mark_people(const cv::Mat& rgb, cv::Mat& occupied) {
  cv::Mat small;
  cv::resize(rgb, small, occupied.size(), 0, 0, cv::INTER_AREA);
  cv::Mat skin(small.size(), CV_8UC1);
  for (int y = 0; y < small.rows; ++y) {
    for (int x = 0; x < small.cols; ++x) {
      const Hsv c = to_hsv(small.at<Rgb>(y, x));
      const bool like = (c.h < 36 || c.h > 350) && c.s > 0.22F && c.s < 0.68F && c.v > 0.32F;
      skin.at<uchar>(y, x) = like ? 255 : 0;
    }
  }
  cv::morphologyEx(skin, skin, cv::MORPH_OPEN,
                   cv::getStructuringElement(cv::MORPH_ELLIPSE, {3, 3}));
  cv::Mat components;
  cv::Mat stats;
  cv::Mat centroids;
  const int count = cv::connectedComponentsWithStats(skin, components, stats, centroids, 8, CV_32S);
  const auto total = static_cast<double>(skin.total());
  for (int i = 1; i < count; ++i) {
    const cv::Rect box(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
                       stats.at<int>(i, cv::CC_STAT_WIDTH), stats.at<int>(i, cv::CC_STAT_HEIGHT));
    const double area = stats.at<int>(i, cv::CC_STAT_AREA) / total;
    // Larger ones are walls and floors, long ones beams and edges, thin ones noise.
    const bool compact = stats.at<int>(i, cv::CC_STAT_AREA) > 0.35 * box.area() &&
                         box.width < 2.5 * box.height && box.height < 4 * box.width;
    if (area < 0.0006 || area > 0.08 || !compact) continue;
    const int side = std::min(box.width, box.height);
    const cv::Rect body(box.x - side, box.y - side / 2, box.width + 2 * side,
                        box.height + 4 * side);
    cv::rectangle(occupied, body & cv::Rect({0, 0}, occupied.size()), cv::Scalar(1), cv::FILLED);
  }
}

std::optional<Spot> best_spot(const Room& room, const Placement& placement, bool wants_sky,
                              bool anywhere, const cv::Rect2f& zone, double shrink) {
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
      const double height = placement.size * shrink * depth * room.size.height;
      const cv::Size size(static_cast<int>(height * placement.aspect), static_cast<int>(height));
      cv::Rect box({static_cast<int>(cx * room.size.width) - size.width / 2,
                    static_cast<int>(cy * room.size.height) - size.height / 2},
                   size);
      if (placement.hangs) box.y = 0;
      if (box.x < 2 || box.y < (placement.hangs ? 0 : 2) || box.br().x > room.size.width - 2 ||
          box.br().y > room.size.height - 2)
        continue;
      if (size.height < 14 || size.width < 14) continue;
      // What stands upon the lower border looks cut off.
      if (!placement.in_the_air && box.br().y > 0.965 * room.size.height) continue;
      if (wants_sky && mean_in(room.sky, box) < 0.85) continue;
      const double occupied = mean_in(room.occupied, box);
      if (anywhere && occupied > 0.04) continue;
      const double clutter = mean_in(room.clutter, box);
      const double off = std::abs(cx - zone.x - zone.width / 2) / zone.width +
                         std::abs(cy - zone.y - zone.height / 2) / zone.height;
      double cost = clutter + 0.006 * off + 0.3 * occupied;
      if (placement.in_the_air) {
        // What flies shows best against the sky.
        if (!placement.hangs) cost -= 0.015 * mean_in(room.open_sky, box);
      } else {
        // What stands wants ground beneath its foot.
        const cv::Rect foot(box.x, box.br().y - std::max(2, box.height / 5), box.width,
                            std::max(2, box.height / 5));
        cost += 0.06 * (1 - mean_in(room.ground, foot));
        // Open ground: no contours at its sides either, or it stands upon something.
        const cv::Rect wide = cv::Rect(box.x - box.width / 2, box.y, 2 * box.width, box.height) &
                              cv::Rect({0, 0}, room.size);
        cost += mean_in(room.clutter, wide);
      }
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

Room room_of(const cv::Mat& key, const Clip* clip) {
  const cv::Mat rgb = to_float(key);
  Room room;
  room.size = key.size();
  room.clutter = integral_of(edge_strength(luma_of(rgb), 1.0 * unit_of(key)));
  room.ground = integral_of(ground_map(rgb));
  room.open_sky = integral_of(sky_map(rgb));
  if (const auto sky = find_sky(key)) {
    cv::Mat share;
    sky->mask.convertTo(share, CV_32FC1, 1.0 / 255);
    room.sky = integral_of(share);
  }
  cv::Mat occupied = cv::Mat::zeros(std::max(1, key.rows / 4), std::max(1, key.cols / 4), CV_32FC1);
  mark_people(rgb, occupied);
  for (const Region& person : find_people(key)) {
    const cv::Rect& b = person.box;
    const cv::Rect body(b.x - b.width / 6, b.y - b.height / 12, b.width * 4 / 3, b.height * 7 / 6);
    const cv::Rect small(body.x / 4, body.y / 4, body.width / 4 + 1, body.height / 4 + 1);
    cv::rectangle(occupied, small & cv::Rect({0, 0}, occupied.size()), cv::Scalar(1), cv::FILLED);
  }
  if (clip != nullptr && clip->video.frames.size() > 1) {
    cv::Mat moving = moving_area(*clip);
    if (!moving.empty()) {
      cv::morphologyEx(moving, moving, cv::MORPH_OPEN,
                       cv::getStructuringElement(cv::MORPH_ELLIPSE, {5, 5}));
      cv::dilate(moving, moving, cv::getStructuringElement(cv::MORPH_ELLIPSE, {13, 13}));
      cv::resize(moving, moving, occupied.size(), 0, 0, cv::INTER_AREA);
      occupied.setTo(cv::Scalar(1), moving > 40);
    }
  }
  cv::resize(occupied, occupied, key.size(), 0, 0, cv::INTER_NEAREST);
  room.occupied = integral_of(occupied);
  return room;
}

Spot find_spot(const Room& room, const Program& program) {
  return find_spot(room, program, placement_of(program.object));
}

Spot find_spot(const Room& room, const Program& program, const Placement& placement) {
  const bool wants_sky = program.place == "sky" || placement.sky_only;
  Spot spot;
  if (wants_sky && room.sky.empty()) {
    spot.refusal = fmt::format(
        "no room for {}: no sky was found (a bright, smooth, mostly blue area along the upper "
        "edge)",
        target_text(program));
    return spot;
  }
  const cv::Rect2f zone = wants_sky && program.place.empty() ? zone_of("sky", placement)
                                                             : zone_of(program.place, placement);
  // Where little room is left the object is drawn smaller, down to two fifths. Who names a place
  // may have it even if somebody stands there.
  for (const double shrink : {1.0, 0.8, 0.6, 0.4}) {
    if (auto found = best_spot(room, placement, wants_sky, program.place.empty(), zone, shrink))
      return *found;
  }
  spot.refusal = fmt::format("no room for {}{}", target_text(program),
                             wants_sky               ? " in the sky"
                             : program.place.empty() ? " beside what moves and the people"
                                                     : " at that place");
  return spot;
}

}  // namespace ditto::stages::editing
