#include "stages/generate/drawn_regions.h"

#include <opencv2/imgproc.hpp>

namespace ditto::stages {
namespace {

constexpr double kSeen = 18;         // grey levels of residual that can be seen
constexpr double kUnrelated = 0.45;  // correlation of detail below which it is another thing

int closed_gap(cv::Size size) { return std::max(3, std::max(size.width, size.height) / 80) | 1; }

/// Correlation of the fine detail of two images inside a mask, -1..1.
double detail_correlation(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask) {
  const auto detail = [](const cv::Mat& rgb) {
    cv::Mat grey, soft;
    cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
    grey.convertTo(grey, CV_32F);
    cv::GaussianBlur(grey, soft, {}, 3);
    return cv::Mat(grey - soft);
  };
  const cv::Mat da = detail(a), db = detail(b);
  double ab = 0, aa = 0, bb = 0;
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) {
      if (mask.at<uchar>(y, x) == 0) continue;
      const double u = da.at<float>(y, x), v = db.at<float>(y, x);
      ab += u * v;
      aa += u * u;
      bb += v * v;
    }
  }
  return ab / std::sqrt(std::max(aa * bb, 1e-6));
}

}  // namespace

bool DrawnRegion::covers() const { return relation <= kUnrelated; }

int region_margin(cv::Size size) { return std::max(2, closed_gap(size) / 3); }

cv::Mat largest_channel(const cv::Mat& residual) {
  cv::Mat channels[3], largest;
  cv::split(cv::abs(residual), channels);
  cv::max(channels[0], channels[1], largest);
  cv::max(largest, channels[2], largest);
  return largest;
}

std::vector<DrawnRegion> drawn_regions(const cv::Mat& source, const cv::Mat& edited,
                                       const cv::Mat& residual) {
  cv::Mat seen;
  cv::blur(largest_channel(residual), seen, {5, 5});
  cv::Mat blobs = seen > kSeen;
  const int gap = closed_gap(source.size());
  cv::morphologyEx(blobs, blobs, cv::MORPH_CLOSE,
                   cv::getStructuringElement(cv::MORPH_ELLIPSE, {gap, gap}));
  cv::morphologyEx(blobs, blobs, cv::MORPH_OPEN, cv::Mat());
  cv::Mat labels, stats, centres;
  const int count = cv::connectedComponentsWithStats(blobs, labels, stats, centres);
  std::vector<DrawnRegion> regions;
  for (int label = 1; label < count; ++label) {
    const int* s = stats.ptr<int>(label);
    const double area = s[cv::CC_STAT_AREA];
    if (area < kSmallestRegion * static_cast<double>(source.total())) continue;
    DrawnRegion region;
    region.box = {s[cv::CC_STAT_LEFT], s[cv::CC_STAT_TOP], s[cv::CC_STAT_WIDTH],
                  s[cv::CC_STAT_HEIGHT]};
    region.inside = labels(region.box) == label;
    region.area = area;
    region.energy = std::pow(cv::norm(residual(region.box), cv::NORM_L2, region.inside), 2);
    const double change =
        std::pow(cv::norm(edited(region.box), source(region.box), cv::NORM_L2, region.inside), 2);
    region.left = region.energy / std::max(change, 1.0);
    region.relation = detail_correlation(source(region.box), edited(region.box), region.inside);
    regions.push_back(region);
  }
  return regions;
}

}  // namespace ditto::stages
