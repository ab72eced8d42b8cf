#include "stages/generate/object_layers.h"

#include <array>
#include <opencv2/imgproc.hpp>

namespace ditto::stages {
namespace {

constexpr double kSeen = 18;          // grey levels of residual that count as an object
constexpr double kSmallest = 0.0006;  // of the picture
constexpr double kLargest = 0.2;
constexpr double kFilled = 0.3;         // of its bounding box
constexpr double kShareOfEnergy = 0.6;  // that the objects must hold together
constexpr double kUnrelated = 0.45;     // correlation of detail below which it is another thing
constexpr int kMostLayers = 6;
constexpr std::size_t kFewestVotes = 24;
constexpr int kRounds = 120;

/// What it takes to agree on a motion. Things turn and bend, and flow gets worse with distance:
/// when the strict demand finds nothing, a looser one is still far better than to stand still.
struct Demand {
  int confidence;  ///< of 255, for a flow vector to vote
  double inlier;   ///< px at the flow's resolution
  double share;    ///< of the votes
  double reach;    ///< from the layer's middle, of half its box, within which votes are taken
};
// A thing is stuck on what is under its middle; its edges often reach over that, onto a background
// that moves otherwise and may have more votes.
constexpr double kMiddle = 0.6, kAll = 2;
constexpr std::array<Demand, 6> kDemands{{{100, 0.8, 0.5, kMiddle},
                                          {40, 1.5, 0.4, kMiddle},
                                          {0, 2.5, 0.3, kMiddle},
                                          {100, 0.8, 0.5, kAll},
                                          {40, 1.5, 0.4, kAll},
                                          {0, 2.5, 0.3, kAll}}};

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

struct Vote {
  cv::Point2d key, frame;
};

/// Similarity q = (a -b; b a) p + t as a 2x3 matrix, least squares over the votes that `use` names.
cv::Matx23d fit_similarity(const std::vector<Vote>& votes, const std::vector<std::size_t>& use) {
  cv::Point2d p0, q0;
  for (const std::size_t i : use) {
    p0 += votes[i].key;
    q0 += votes[i].frame;
  }
  p0 *= 1.0 / static_cast<double>(use.size());
  q0 *= 1.0 / static_cast<double>(use.size());
  double dot = 0, cross = 0, square = 0;
  for (const std::size_t i : use) {
    const cv::Point2d p = votes[i].key - p0, q = votes[i].frame - q0;
    dot += p.dot(q);
    cross += p.cross(q);
    square += p.dot(p);
  }
  const double a = square < 1e-9 ? 1 : dot / square, b = square < 1e-9 ? 0 : cross / square;
  return {a, -b, q0.x - a * p0.x + b * p0.y, b, a, q0.y - b * p0.x - a * p0.y};
}

cv::Point2d move(const cv::Matx23d& m, cv::Point2d p) {
  return {m(0, 0) * p.x + m(0, 1) * p.y + m(0, 2), m(1, 0) * p.x + m(1, 1) * p.y + m(1, 2)};
}

/// The similarity that most votes agree on; the share of them that do, 0 when fewer than demanded.
float agree(const std::vector<Vote>& votes, const Demand& demand, Stream& stream,
            cv::Matx23d& result) {
  if (votes.size() < kFewestVotes) return 0;
  std::vector<std::size_t> best, inliers;
  const auto collect = [&](const cv::Matx23d& m) {
    inliers.clear();
    for (std::size_t i = 0; i < votes.size(); ++i) {
      const cv::Point2d d = move(m, votes[i].key) - votes[i].frame;
      if (d.dot(d) < demand.inlier * demand.inlier) inliers.push_back(i);
    }
  };
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t i = stream.index(votes.size()), j = stream.index(votes.size());
    if (cv::norm(votes[i].key - votes[j].key) < 3) continue;
    collect(fit_similarity(votes, {i, j}));
    if (inliers.size() > best.size()) best = inliers;
  }
  if (static_cast<double>(best.size()) < demand.share * static_cast<double>(votes.size()) ||
      best.size() < kFewestVotes / 2)
    return 0;
  result = fit_similarity(votes, best);
  collect(result);
  if (inliers.size() > best.size()) result = fit_similarity(votes, inliers);
  return static_cast<float>(std::max(inliers.size(), best.size())) /
         static_cast<float>(votes.size());
}

/// The flow vectors of a frame that come from a layer's opaque part, in pixels of the flow's size.
std::vector<Vote> votes_for(const cv::Mat& field, const cv::Mat& confidence, const Demand& demand,
                            const cv::Rect& box, const cv::Mat& alpha, cv::Point2d scale) {
  std::vector<Vote> votes;
  for (int y = 0; y < field.rows; ++y) {
    const auto* f = field.ptr<cv::Vec2f>(y);
    const auto* c = confidence.ptr<uchar>(y);
    for (int x = 0; x < field.cols; ++x) {
      if (c[x] < demand.confidence) continue;
      const cv::Point2d key(x + static_cast<double>(f[x][0]), y + static_cast<double>(f[x][1]));
      const cv::Point at(cvRound(key.x * scale.x) - box.x, cvRound(key.y * scale.y) - box.y);
      if (!cv::Rect(cv::Point(), box.size()).contains(at) || alpha.at<float>(at) < 0.5f) continue;
      const cv::Point2d off((at.x + 0.5) / box.width * 2 - 1, (at.y + 0.5) / box.height * 2 - 1);
      if (off.dot(off) > demand.reach * demand.reach) continue;
      votes.push_back({key, {static_cast<double>(x), static_cast<double>(y)}});
    }
  }
  return votes;
}

}  // namespace

ObjectLayers::ObjectLayers(const cv::Mat& source, const cv::Mat& edited, const cv::Mat& residual) {
  cv::Mat size = cv::abs(residual), channels[3], seen;
  cv::split(size, channels);
  cv::max(channels[0], channels[1], seen);
  cv::max(seen, channels[2], seen);
  cv::blur(seen, seen, {5, 5});
  cv::Mat blobs = seen > kSeen;
  const int gap = std::max(3, std::max(source.cols, source.rows) / 80) | 1;
  cv::morphologyEx(blobs, blobs, cv::MORPH_CLOSE,
                   cv::getStructuringElement(cv::MORPH_ELLIPSE, {gap, gap}));
  cv::morphologyEx(blobs, blobs, cv::MORPH_OPEN, cv::Mat());
  cv::Mat labels, stats, centres;
  const int count = cv::connectedComponentsWithStats(blobs, labels, stats, centres);

  struct Candidate {
    int label;
    double energy;
  };
  std::vector<Candidate> candidates;
  const double total = std::pow(cv::norm(residual, cv::NORM_L2), 2);
  for (int label = 1; label < count; ++label) {
    const int* s = stats.ptr<int>(label);
    const double area = s[cv::CC_STAT_AREA];
    const double share = area / static_cast<double>(source.total());
    if (share < kSmallest || share > kLargest) continue;
    if (area < kFilled * s[cv::CC_STAT_WIDTH] * s[cv::CC_STAT_HEIGHT]) continue;
    const cv::Rect box(s[cv::CC_STAT_LEFT], s[cv::CC_STAT_TOP], s[cv::CC_STAT_WIDTH],
                       s[cv::CC_STAT_HEIGHT]);
    const cv::Mat inside = labels(box) == label;
    if (detail_correlation(source(box), edited(box), inside) > kUnrelated) continue;
    candidates.push_back({label, std::pow(cv::norm(residual(box), cv::NORM_L2, inside), 2)});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.energy > b.energy; });
  if (candidates.size() > kMostLayers) candidates.resize(kMostLayers);
  double held = 0;
  for (const Candidate& c : candidates) held += c.energy;
  if (candidates.empty() || held < kShareOfEnergy * total) return;

  mask_ = cv::Mat::zeros(source.size(), CV_8U);
  const int margin = std::max(2, gap / 3);
  const cv::Mat disk =
      cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * margin + 1, 2 * margin + 1});
  for (const Candidate& c : candidates) {
    cv::Mat shape;
    cv::dilate(labels == c.label, shape, disk);
    cv::bitwise_or(mask_, shape, mask_);
    Layer layer;
    layer.box = cv::boundingRect(shape);
    shape(layer.box).convertTo(layer.alpha, CV_32F, 1.0 / 255);
    // Soft inwards over the margin, which shows the unedited surroundings.
    cv::copyMakeBorder(layer.alpha, layer.alpha, margin, margin, margin, margin,
                       cv::BORDER_CONSTANT, 0);
    cv::erode(layer.alpha, layer.alpha,
              cv::getStructuringElement(cv::MORPH_ELLIPSE, {margin | 1, margin | 1}));
    cv::GaussianBlur(layer.alpha, layer.alpha, {}, margin * 0.4);
    layer.alpha = layer.alpha(cv::Rect(margin, margin, layer.box.width, layer.box.height)).clone();
    edited(layer.box).convertTo(layer.colour, CV_32F);
    layers_.push_back(std::move(layer));
  }
}

void ObjectLayers::track(const KeyFlow& flow, int frames, Stream stream) {
  const int key_frame = flow.key_frame();
  const cv::Size small = flow.size();
  const double sx = static_cast<double>(mask_.cols) / small.width,
               sy = static_cast<double>(mask_.rows) / small.height;
  for (Layer& layer : layers_) {
    layer.path.assign(static_cast<std::size_t>(frames), {1, 0, 0, 0, 1, 0});
    layer.agreed.assign(static_cast<std::size_t>(frames), 1);
  }
  for (int t = 0; t < frames; ++t) {
    if (t == key_frame) continue;
    const cv::Mat field = flow.flow(t);
    const cv::Mat& confidence = flow.confidence(t);
    for (Layer& layer : layers_) {
      cv::Matx23d m;
      float agreed = 0;
      for (const Demand& demand : kDemands) {
        agreed = agree(votes_for(field, confidence, demand, layer.box, layer.alpha, {sx, sy}),
                       demand, stream, m);
        if (agreed > 0) break;
      }
      layer.agreed[static_cast<std::size_t>(t)] = agreed;
      if (agreed > 0) {
        // To full resolution: pixel centres scale about -0.5.
        const auto scaled = [&](cv::Point2d p) {
          const cv::Point2d q = move(m, {(p.x + 0.5) / sx - 0.5, (p.y + 0.5) / sy - 0.5});
          return cv::Point2d((q.x + 0.5) * sx - 0.5, (q.y + 0.5) * sy - 0.5);
        };
        const cv::Point2d o = scaled({0, 0}), u = scaled({1, 0}) - o, v = scaled({0, 1}) - o;
        layer.path[static_cast<std::size_t>(t)] = {u.x, v.x, o.x, u.y, v.y, o.y};
      } else {
        layer.path[static_cast<std::size_t>(t)](0, 0) = std::numeric_limits<double>::quiet_NaN();
      }
    }
  }
  for (Layer& layer : layers_) {
    for (const int step : {+1, -1}) {
      for (int t = key_frame + step; t >= 0 && t < frames; t += step) {
        auto& m = layer.path[static_cast<std::size_t>(t)];
        if (std::isnan(m(0, 0))) m = layer.path[static_cast<std::size_t>(t - step)];
      }
    }
    // A light smoothing over time takes the jitter of single frames out.
    const std::vector<cv::Matx23d> raw = layer.path;
    for (int t = 1; t + 1 < frames; ++t) {
      const auto i = static_cast<std::size_t>(t);
      layer.path[i] = (raw[i - 1] + raw[i] * 2.0 + raw[i + 1]) * 0.25;
    }
  }
}

void ObjectLayers::paint(cv::Mat& frame, cv::Mat& known, int t) const {
  for (const Layer& layer : layers_) {
    cv::Matx23d m = layer.path[static_cast<std::size_t>(t)];
    const float agreed = layer.agreed[static_cast<std::size_t>(t)];
    // The layer's own pixels start at its box.
    const cv::Point2d origin = move(m, layer.box.tl());
    m(0, 2) = origin.x;
    m(1, 2) = origin.y;
    std::vector<cv::Point2d> corners;
    const double w = layer.box.width, h = layer.box.height;
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
    cv::warpAffine(layer.colour, colour, m, target.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    cv::warpAffine(layer.alpha, alpha, m, target.size(), cv::INTER_LINEAR, cv::BORDER_CONSTANT, 0);
    for (int y = 0; y < target.height; ++y) {
      auto* f = frame.ptr<cv::Vec3f>(target.y + y) + target.x;
      const auto* c = colour.ptr<cv::Vec3f>(y);
      const auto* a = alpha.ptr<float>(y);
      auto* k = known.ptr<float>(target.y + y) + target.x;
      for (int x = 0; x < target.width; ++x) {
        f[x] += (c[x] - f[x]) * a[x];
        k[x] += (agreed - k[x]) * a[x];
      }
    }
  }
}

}  // namespace ditto::stages
