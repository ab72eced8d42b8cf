#include "stages/generate/object_layers.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "stages/generate/drawn_regions.h"

namespace ditto::stages {
namespace {

constexpr double kLargest = 0.2;  // of the picture
constexpr double kFilled = 0.3;   // of its bounding box
// What the model leaves of the change there. Drawn things have 0.6 to 1; where a look's strongest
// strokes are hard to learn it is below 0.2, and they belong to the look.
constexpr double kLeft = 0.3;
constexpr double kShareOfEnergy = 0.6;  // that the objects must hold together
constexpr std::size_t kMostLayers = 6;

}  // namespace

ObjectLayers::ObjectLayers(const cv::Mat& source, const cv::Mat& edited, const cv::Mat& residual) {
  std::vector<DrawnRegion> regions = drawn_regions(source, edited, residual);
  std::erase_if(regions, [&](const DrawnRegion& region) {
    return region.area > kLargest * static_cast<double>(source.total()) ||
           region.area < kFilled * region.box.area() || !region.covers() || region.left < kLeft;
  });
  std::stable_sort(regions.begin(), regions.end(),
                   [](const DrawnRegion& a, const DrawnRegion& b) { return a.energy > b.energy; });
  if (regions.size() > kMostLayers) regions.resize(kMostLayers);
  double held = 0;
  for (const DrawnRegion& region : regions) held += region.energy;
  if (regions.empty() || held < kShareOfEnergy * std::pow(cv::norm(residual, cv::NORM_L2), 2))
    return;

  mask_ = cv::Mat::zeros(source.size(), CV_8U);
  const int margin = region_margin(source.size());
  const cv::Mat disk =
      cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * margin + 1, 2 * margin + 1});
  for (const DrawnRegion& region : regions) {
    cv::Mat shape = cv::Mat::zeros(source.size(), CV_8U);
    region.inside.copyTo(shape(region.box));
    cv::dilate(shape, shape, disk);
    cv::bitwise_or(mask_, shape, mask_);
    TrackedObject object;
    object.box = cv::boundingRect(shape);
    shape(object.box).convertTo(object.alpha, CV_32F, 1.0 / 255);
    // Soft inwards over the margin, which shows the unedited surroundings.
    cv::copyMakeBorder(object.alpha, object.alpha, margin, margin, margin, margin,
                       cv::BORDER_CONSTANT, 0);
    cv::erode(object.alpha, object.alpha,
              cv::getStructuringElement(cv::MORPH_ELLIPSE, {margin | 1, margin | 1}));
    cv::GaussianBlur(object.alpha, object.alpha, {}, margin * 0.4);
    object.alpha =
        object.alpha(cv::Rect(margin, margin, object.box.width, object.box.height)).clone();
    colours_.emplace_back();
    edited(object.box).convertTo(colours_.back(), CV_32F);
    objects_.push_back(std::move(object));
  }
}

void ObjectLayers::track(const media::Video& video, const KeyFlow& flow, Stream stream) {
  paths_ = track_objects(video, flow, objects_, stream);
}

void ObjectLayers::paint(cv::Mat& frame, cv::Mat& known, int t) const {
  for (std::size_t n = 0; n < objects_.size(); ++n) {
    const TrackedObject& object = objects_[n];
    cv::Matx23d m = paths_[n].to_frame[static_cast<std::size_t>(t)];
    const float agreed = paths_[n].agreed[static_cast<std::size_t>(t)],
                shown = paths_[n].shown[static_cast<std::size_t>(t)];
    // The object's own pixels start at its box.
    const cv::Point2d origin = move(m, object.box.tl());
    m(0, 2) = origin.x;
    m(1, 2) = origin.y;
    std::vector<cv::Point2d> corners;
    const double w = object.box.width, h = object.box.height;
    for (const cv::Point2d& c : {cv::Point2d(0, 0), {w, 0}, {0, h}, {w, h}})
      corners.push_back(move(m, c));
    cv::Point low(frame.cols, frame.rows), high(0, 0);
    for (const cv::Point2d& c : corners) {
      low = {std::min(low.x, cvFloor(c.x) - 1), std::min(low.y, cvFloor(c.y) - 1)};
      high = {std::max(high.x, cvCeil(c.x) + 2), std::max(high.y, cvCeil(c.y) + 2)};
    }
    const cv::Rect target = cv::Rect(low, high) & cv::Rect(cv::Point(), frame.size());
    if (target.empty()) continue;
    m(0, 2) -= target.x;
    m(1, 2) -= target.y;
    cv::Mat colour, alpha;
    cv::warpAffine(colours_[n], colour, m, target.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    cv::warpAffine(object.alpha, alpha, m, target.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT, 0);
    for (int y = 0; y < target.height; ++y) {
      auto* f = frame.ptr<cv::Vec3f>(target.y + y) + target.x;
      const auto* c = colour.ptr<cv::Vec3f>(y);
      const auto* a = alpha.ptr<float>(y);
      auto* k = known.ptr<float>(target.y + y) + target.x;
      for (int x = 0; x < target.width; ++x) {
        f[x] += (c[x] - f[x]) * (a[x] * shown);
        k[x] += (agreed - k[x]) * a[x];
      }
    }
  }
}

}  // namespace ditto::stages
