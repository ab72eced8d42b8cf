#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "stages/edit/filters.h"
#include "stages/edit/motion.h"
#include "stages/edit/regions.h"

namespace ditto::stages::editing {
namespace {

// The silhouette within a detector's box: GrabCut seeded with an upright ellipse.
cv::Mat silhouette(const cv::Mat& rgb, const cv::Rect& box) {
  const cv::Rect frame({0, 0}, rgb.size());
  const cv::Rect crop =
      cv::Rect(box.x - box.width / 2, box.y - box.height / 8, box.width * 2, box.height * 5 / 4) &
      frame;
  cv::Mat labels(crop.size(), CV_8UC1, cv::Scalar(cv::GC_BGD));
  const cv::Point centre(box.x + box.width / 2 - crop.x, box.y + box.height / 2 - crop.y);
  cv::ellipse(labels, centre, {box.width * 45 / 100, box.height * 48 / 100}, 0, 0, 360,
              cv::Scalar(cv::GC_PR_BGD), cv::FILLED);
  cv::ellipse(labels, centre, {box.width * 28 / 100, box.height * 43 / 100}, 0, 0, 360,
              cv::Scalar(cv::GC_PR_FGD), cv::FILLED);
  cv::Mat mask = cv::Mat::zeros(rgb.size(), CV_8UC1);
  cut_out(rgb(crop).clone(), labels, 3).copyTo(mask(crop));
  cv::morphologyEx(mask, mask, cv::MORPH_CLOSE,
                   cv::getStructuringElement(cv::MORPH_ELLIPSE, {5, 5}));
  return mask;
}

std::vector<Region> all_of(const cv::Mat& rgb, const Clip* clip, const Target& target) {
  std::vector<Region> out;
  const auto keep = [&](std::optional<Region> region) {
    if (region) out.push_back(std::move(*region));
  };
  if (target.kind == "object") {
    for (Region& region : coloured_objects(rgb)) {
      if (name_of(region.colour) == target.colour) out.push_back(std::move(region));
    }
  } else if (target.kind == "sky") {
    keep(find_sky(rgb));
  } else if (target.kind == "grass" || target.kind == "greenery") {
    keep(find_greenery(rgb));
    // All grass is greenery, but not the other way round.
    if (!out.empty() && target.kind == "grass" && out.front().kind != "grass") out.clear();
  } else if (target.kind == "background") {
    keep(find_background(rgb));
  } else if (target.kind == "person") {
    out = find_people(rgb);
  } else if (target.kind == "moving" && clip != nullptr) {
    out = find_moving(*clip);
  }
  return out;
}

std::string what_was_looked_for(const Target& target) {
  if (target.kind == "object") {
    return fmt::format("a compact {} region that stands out (0.5 % to 25 % of the frame)",
                       target.colour);
  }
  if (target.kind == "sky") return "a bright, smooth, mostly blue area along the upper edge";
  if (target.kind == "grass") return "a textured green area in the lower half";
  if (target.kind == "greenery") return "a textured green area of at least 10 % of the frame";
  if (target.kind == "background") return "a backdrop of one even colour";
  if (target.kind == "moving")
    return "a thing of 0.4 % to 45 % of the frame that moves against the camera";
  return "an upright person (HOG detector)";
}

}  // namespace

std::vector<Region> find_people(const cv::Mat& rgb) {
  // The detector wants people of about 100 pixels or more; small frames are enlarged for it.
  const double scale = std::clamp(832.0 / std::max(rgb.cols, rgb.rows), 1.0, 2.0);
  cv::Mat grey;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::resize(grey, grey, {}, scale, scale, cv::INTER_LINEAR);
  if (grey.cols < 64 || grey.rows < 128) return {};
  const cv::HOGDescriptor hog = [] {
    cv::HOGDescriptor h;
    h.setSVMDetector(cv::HOGDescriptor::getDefaultPeopleDetector());
    return h;
  }();
  std::vector<cv::Rect> boxes;
  std::vector<double> weights;
  hog.detectMultiScale(grey, boxes, weights, 0.0, {8, 8}, {8, 8}, 1.06, 2.0);
  std::vector<Region> out;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (weights[i] < 0.9) continue;
    const cv::Rect b = boxes[i];
    // The window has a margin of an eighth round the person.
    const cv::Rect tight(static_cast<int>((b.x + b.width * 0.12) / scale),
                         static_cast<int>((b.y + b.height * 0.06) / scale),
                         static_cast<int>(b.width * 0.76 / scale),
                         static_cast<int>(b.height * 0.88 / scale));
    const cv::Rect box = tight & cv::Rect({0, 0}, rgb.size());
    if (box.area() < 400) continue;
    Region region;
    region.kind = "person";
    region.mask = silhouette(rgb, box);
    const double inside = cv::countNonZero(region.mask);
    if (inside < 0.25 * box.area() || inside > 1.1 * box.area()) continue;
    region.box = cv::boundingRect(region.mask);
    region.area = inside / static_cast<double>(rgb.total());
    region.centre = {static_cast<float>(box.x + box.width / 2.0) / static_cast<float>(rgb.cols),
                     static_cast<float>(box.y + box.height / 2.0) / static_cast<float>(rgb.rows)};
    if (region.centre.x < 0.38F) region.sides.emplace_back("left");
    if (region.centre.x > 0.62F) region.sides.emplace_back("right");
    if (region.centre.x > 0.42F && region.centre.x < 0.58F) region.sides.emplace_back("middle");
    out.push_back(std::move(region));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Region& a, const Region& b) { return a.centre.x < b.centre.x; });
  for (Region& region : out) region.unique = out.size() == 1;
  return out;
}

cv::Mat cut_out(const cv::Mat& rgb, const cv::Mat& seeds, int rounds) {
  cv::Mat labels = seeds.clone();
  cv::Mat background;
  cv::Mat foreground;
  // GrabCut's k-means draws from OpenCV's per-thread generator: seeded, so that it is repeatable.
  const std::uint64_t state = cv::theRNG().state;
  cv::theRNG().state = 0x9E3779B97F4A7C15ULL;
  cv::grabCut(rgb, labels, {}, background, foreground, rounds, cv::GC_INIT_WITH_MASK);
  cv::theRNG().state = state;
  return (labels == cv::GC_FGD) | (labels == cv::GC_PR_FGD);
}

Grounding ground(const cv::Mat& rgb, const Clip* clip, const Target& target) {
  Grounding result;
  if (target.kind == "moving" && clip == nullptr) {
    result.refusal = "a single picture doesn't show what moves: the video is needed too";
    return result;
  }
  std::vector<Region> regions = all_of(rgb, clip, target);
  if (regions.empty()) {
    result.refusal = fmt::format("{} was not found: looked for {}", target_text(target),
                                 what_was_looked_for(target));
    return result;
  }
  if (!target.side.empty() && target.kind != "background") {
    const std::size_t before = regions.size();
    std::erase_if(regions, [&](const Region& r) { return !r.is_at(target.side); });
    if (regions.empty()) {
      result.refusal =
          fmt::format("{} was not found: there {} elsewhere in the frame, none there",
                      target_text(target), before == 1 ? "is one" : fmt::format("are {}", before));
      return result;
    }
  }
  std::stable_sort(regions.begin(), regions.end(),
                   [](const Region& a, const Region& b) { return a.area > b.area; });
  // One that dwarfs the others is what people mean.
  if (regions.size() > 1 && regions[0].area < 3 * regions[1].area) {
    result.refusal =
        fmt::format("{} is not unique: {} were found; say which (left, middle, right, top, bottom)",
                    target_text(target), regions.size());
    return result;
  }
  result.region = std::move(regions.front());
  return result;
}

}  // namespace ditto::stages::editing
