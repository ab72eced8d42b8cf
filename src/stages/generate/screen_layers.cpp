#include "stages/generate/screen_layers.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "stages/generate/drawn_regions.h"

namespace ditto::stages {
namespace {

constexpr double kDrawn = 10;           // grey levels of residual that belong to a drawn thing
constexpr int kLikeness = 8;            // grey levels a channel within which colours are the same
constexpr double kPlainRow = 0.4;       // share of a row that one colour must have in a plain strip
constexpr double kLeastStrip = 0.02;    // of the picture's height
constexpr double kMostStrip = 0.45;     // of the picture's height
constexpr double kUnexplained = 3;      // mean residual of a strip, as a multiple of the rest's
constexpr double kRectangle = 0.9;      // share of its box that a thing across the picture fills
constexpr double kSharp = 0.4;          // residual just outside a sharp edge, of that just inside
constexpr double kMargin = 0.22;        // of the picture's height or width, where writing is put
constexpr double kWide = 3;             // of writing: width to height
constexpr double kFewColours = 0.6;     // share of a flat thing that two colours have
constexpr double kSourcesDiffer = 10;   // grey levels, mean
constexpr double kSamePictures = 0.35;  // difference of the edited, of that of the sources

bool alike(const cv::Vec3b& a, const cv::Vec3b& b) {
  return std::abs(a[0] - b[0]) <= kLikeness && std::abs(a[1] - b[1]) <= kLikeness &&
         std::abs(a[2] - b[2]) <= kLikeness;
}

/// The most frequent colour of pixels, in steps of eight levels, and its mean.
cv::Vec3b usual_colour(const std::vector<cv::Vec3b>& pixels) {
  std::vector<std::pair<std::uint32_t, cv::Vec3b>> sorted;
  sorted.reserve(pixels.size());
  for (const cv::Vec3b& p : pixels)
    sorted.emplace_back((p[0] / 8U) << 10U | (p[1] / 8U) << 5U | p[2] / 8U, p);
  std::ranges::sort(sorted, {}, [](const auto& entry) { return entry.first; });
  std::size_t best = 0, most = 0;
  for (std::size_t i = 0, j = 0; i < sorted.size(); i = j) {
    while (j < sorted.size() && sorted[j].first == sorted[i].first) ++j;
    if (j - i > most) {
      most = j - i;
      best = i;
    }
  }
  cv::Vec3i sum(0, 0, 0);
  for (std::size_t i = best; i < best + most; ++i) sum += cv::Vec3i(sorted[i].second);
  const int n = std::max(1, static_cast<int>(most));
  return {static_cast<uchar>(sum[0] / n), static_cast<uchar>(sum[1] / n),
          static_cast<uchar>(sum[2] / n)};
}

double share_alike(const cv::Mat& row, const cv::Vec3b& colour) {
  int count = 0;
  for (const auto& p : cv::Mat_<cv::Vec3b>(row)) count += alike(p, colour) ? 1 : 0;
  return count / static_cast<double>(row.total());
}

/// Rows of strips of one plain colour across the picture, where the source has none and which
/// begin and end all at once.
std::vector<cv::Range> plain_strips(const cv::Mat& source, const cv::Mat& edited) {
  const int height = edited.rows;
  std::vector<cv::Vec3b> colour;
  std::vector<double> share;
  for (int y = 0; y < height; ++y) {
    const auto* row = edited.ptr<cv::Vec3b>(y);
    colour.push_back(usual_colour({row, row + edited.cols}));
    share.push_back(share_alike(edited.row(y), colour.back()));
  }
  std::vector<cv::Range> strips;
  for (int from = 0, to = 0; from < height; from = std::max(from + 1, to)) {
    const auto& paint = colour[static_cast<std::size_t>(from)];
    double mean = 0;
    for (to = from; to < height; ++to) {
      const auto i = static_cast<std::size_t>(to);
      if (share[i] < kPlainRow || !alike(colour[i], paint)) break;
      mean += share[i];
    }
    const int rows = to - from;
    if (rows < std::max(4.0, kLeastStrip * height) || rows > kMostStrip * height) continue;
    mean /= rows;
    const auto ends = [&](int y) {
      return y < 0 || y >= height || share_alike(edited.row(y), paint) < 0.5 * mean;
    };
    if (!ends(from - 2) || !ends(to + 1)) continue;
    if (share_alike(source.rowRange(from, to), paint) > 0.5 * mean) continue;
    strips.emplace_back(from, to);
  }
  return strips;
}

/// Mean of `values` where `mask`, 0 where it is empty.
double mean_where(const cv::Mat& values, const cv::Mat& mask) { return cv::mean(values, mask)[0]; }

cv::Mat grown(const cv::Mat& mask, int by) {
  cv::Mat out;
  const cv::Mat square =
      cv::getStructuringElement(cv::MORPH_RECT, {2 * std::abs(by) + 1, 2 * std::abs(by) + 1});
  // Beyond the picture's edge things go on as they are.
  if (by >= 0)
    cv::dilate(mask, out, square);
  else
    cv::erode(mask, out, square);
  return out;
}

cv::Mat whole(const DrawnRegion& region, cv::Size size) {
  cv::Mat mask = cv::Mat::zeros(size, CV_8U);
  region.inside.copyTo(mask(region.box));
  return mask;
}

/// Whether the residual (CV_32FC1) falls at once at a region's edge, as that of paint does and that
/// of light or haze doesn't.
bool has_sharp_edges(const cv::Mat& residual, const cv::Mat& mask) {
  const cv::Mat inside = grown(mask, -3) & ~grown(mask, -8),
                outside = grown(mask, 7) & ~grown(mask, 2);
  return cv::countNonZero(outside) > 0 && cv::countNonZero(inside) > 0 &&
         mean_where(residual, outside) < kSharp * mean_where(residual, inside);
}

/// Whether two colours make up most of a region.
bool is_flat(const cv::Mat& edited, const DrawnRegion& region) {
  std::vector<cv::Vec3b> pixels;
  for (int y = 0; y < region.box.height; ++y) {
    for (int x = 0; x < region.box.width; ++x) {
      if (region.inside.at<uchar>(y, x) != 0)
        pixels.push_back(edited.at<cv::Vec3b>(region.box.tl() + cv::Point(x, y)));
    }
  }
  const std::size_t all = pixels.size();
  for (int colour = 0; colour < 2 && !pixels.empty(); ++colour) {
    const cv::Vec3b usual = usual_colour(pixels);
    std::erase_if(pixels, [&](const cv::Vec3b& p) { return alike(p, usual); });
  }
  return static_cast<double>(all - pixels.size()) >= kFewColours * static_cast<double>(all);
}

/// Whether what a region leaves free of its box is an upright rectangle.
bool has_rectangular_hole(const DrawnRegion& region) {
  cv::Mat labels, stats, centres;
  const int count =
      cv::connectedComponentsWithStats(~region.inside, labels, stats, centres, 4, CV_32S);
  const double free = region.box.area() - region.area;
  for (int label = 1; label < count; ++label) {
    const int* s = stats.ptr<int>(label);
    const double area = s[cv::CC_STAT_AREA];
    if (area > kRectangle * free &&
        area > kRectangle * s[cv::CC_STAT_WIDTH] * s[cv::CC_STAT_HEIGHT])
      return true;
  }
  return false;
}

/// Whether a thing's shape and place alone say that it is fixed to the screen.
bool looks_fixed(const ImagePair& pair, const cv::Mat& residual, const DrawnRegion& region) {
  if (!region.covers()) return false;
  const cv::Size size = pair.edited.size();
  const cv::Rect& box = region.box;
  const bool left = box.x <= 2, top = box.y <= 2, right = box.br().x >= size.width - 2,
             bottom = box.br().y >= size.height - 2;
  const bool across = (left && right) || (top && bottom);
  const bool framed = left && right && top && bottom && has_rectangular_hole(region);
  if (framed || (across && region.area > kRectangle * box.area()))
    return has_sharp_edges(largest_channel(residual), whole(region, size));
  const bool in_margin = box.br().y < kMargin * size.height || box.y > (1 - kMargin) * size.height;
  return in_margin && box.width > kWide * box.height && is_flat(pair.edited, region);
}

/// What other key frames say of a thing: whether it is fixed; nothing where the sources are alike.
std::optional<bool> fixed_by_others(std::span<const ImagePair> pairs, std::size_t key,
                                    const DrawnRegion& region) {
  double sources = 0, pictures = 0;
  for (std::size_t other = 0; other < pairs.size(); ++other) {
    if (other == key) continue;
    const auto difference = [&](const cv::Mat& a, const cv::Mat& b) {
      cv::Mat d;
      cv::absdiff(a(region.box), b(region.box), d);
      const cv::Scalar mean = cv::mean(d, region.inside);
      return (mean[0] + mean[1] + mean[2]) / 3;
    };
    sources += difference(pairs[key].source, pairs[other].source);
    pictures += difference(pairs[key].edited, pairs[other].edited);
  }
  if (pairs.size() < 2 || sources < kSourcesDiffer * static_cast<double>(pairs.size() - 1))
    return std::nullopt;
  return pictures < kSamePictures * sources;
}

}  // namespace

Overlay overlay_from(const std::string& name) {
  if (name == "scene") return Overlay::kScene;
  return name == "screen" ? Overlay::kScreen : Overlay::kAuto;
}

ScreenLayers::ScreenLayers(std::span<const ImagePair> pairs, std::span<const cv::Mat> residuals,
                           Overlay overlay)
    : keys_(pairs.size()) {
  if (overlay == Overlay::kScene) return;
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const ImagePair& pair = pairs[k];
    const cv::Mat seen = largest_channel(residuals[k]);
    cv::Mat strips = cv::Mat::zeros(pair.edited.size(), CV_8U);
    const auto add_strips = [&](bool turned) {
      const auto turn = [&](const cv::Mat& m) { return turned ? cv::Mat(m.t()) : m; };
      const cv::Mat unexplained = turn(seen);
      for (const cv::Range& rows : plain_strips(turn(pair.source), turn(pair.edited))) {
        const double here = cv::mean(unexplained.rowRange(rows))[0];
        const double all = cv::sum(unexplained)[0];
        const double rest = (all - here * rows.size() * unexplained.cols) /
                            ((unexplained.rows - rows.size()) * unexplained.cols);
        if (here < kUnexplained * rest) continue;
        const cv::Rect box = turned ? cv::Rect(rows.start, 0, rows.size(), pair.edited.rows)
                                    : cv::Rect(0, rows.start, pair.edited.cols, rows.size());
        strips(box).setTo(255);
        add(keys_[k], residuals[k], cv::Mat(box.size(), CV_8U, cv::Scalar(255)), box, true);
      }
    };
    keys_[k].picture = pair.edited;
    add_strips(false);
    add_strips(true);
    // A region's edge is only known to the blur that it was found with.
    cv::Mat exact = seen > kDrawn;
    cv::morphologyEx(exact, exact, cv::MORPH_CLOSE,
                     cv::getStructuringElement(cv::MORPH_ELLIPSE, {5, 5}));
    for (const DrawnRegion& region : drawn_regions(pair.source, pair.edited, residuals[k])) {
      const cv::Mat left = region.inside & ~strips(region.box);
      if (cv::countNonZero(left) * 2 < region.area) continue;
      if (overlay == Overlay::kAuto &&
          !fixed_by_others(pairs, k, region).value_or(looks_fixed(pair, residuals[k], region)))
        continue;
      add(keys_[k], residuals[k], exact(region.box) & region.inside, region.box, region.covers());
    }
  }
}

void ScreenLayers::add(Key& key, const cv::Mat& residual, const cv::Mat& inside,
                       const cv::Rect& box, bool covers) {
  const cv::Size size = key.picture.size();
  if (key.mask.empty()) {
    key.mask = cv::Mat::zeros(size, CV_8U);
    key.alpha = cv::Mat::zeros(size, CV_32F);
    key.added = cv::Mat::zeros(size, CV_32FC3);
  }
  cv::Mat mask = cv::Mat::zeros(size, CV_8U);
  inside.copyTo(mask(box));
  if (covers) {
    key.alpha.setTo(1, mask);
  } else {
    residual.copyTo(key.added, mask);
  }
  key.mask |= grown(mask, region_margin(size));
  ++count_;
}

void ScreenLayers::paint(cv::Mat& frame, cv::Mat& known, std::size_t key) const {
  const Key& layers = keys_[key];
  if (layers.mask.empty()) return;
  for (int y = 0; y < frame.rows; ++y) {
    auto* f = frame.ptr<cv::Vec3f>(y);
    auto* k = known.ptr<float>(y);
    const auto* p = layers.picture.ptr<cv::Vec3b>(y);
    const auto* a = layers.alpha.ptr<float>(y);
    const auto* r = layers.added.ptr<cv::Vec3f>(y);
    const auto* m = layers.mask.ptr<uchar>(y);
    for (int x = 0; x < frame.cols; ++x) {
      if (m[x] == 0) continue;
      f[x] += r[x];
      f[x] += (cv::Vec3f(p[x]) - f[x]) * a[x];
      k[x] = std::max(k[x], a[x]);
    }
  }
}

}  // namespace ditto::stages
