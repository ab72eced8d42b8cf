#include "stages/generate/object_track.h"

#include <array>
#include <cmath>

#include "stages/generate/object_template.h"

namespace ditto::stages {
namespace {

constexpr std::size_t kFewestVotes = 24, kMostVotes = 2000;
constexpr int kRounds = 120;
// Of the template's pixels, for its match to be believed, and for a loose agreement of flow to be.
constexpr float kLeastFound = 0.5f, kLeastLikely = 0.25f;
constexpr double kMostZoom = 2.5, kMostZoomAtOnce = 1.25;

/// What it takes to agree on a motion. Things turn and bend, and flow gets worse with distance:
/// when the strict demand finds nothing, a looser one is still far better than to stand still.
struct Demand {
  int confidence;  ///< of 255, for a flow vector to vote
  double inlier;   ///< px at the flow's resolution
  double share;    ///< of the votes
  double reach;    ///< from the layer's middle, of half its box, within which votes are taken
  bool loose;      ///< what agrees may be chance
};
// A thing is stuck on what is under its middle; its edges often reach over that, onto a background
// that moves otherwise and may have more votes.
constexpr double kMiddle = 0.6, kAll = 2;
constexpr std::array<Demand, 6> kDemands{{{100, 0.8, 0.5, kMiddle, false},
                                          {40, 1.5, 0.4, kMiddle, false},
                                          {0, 2.5, 0.3, kMiddle, true},
                                          {100, 0.8, 0.5, kAll, false},
                                          {40, 1.5, 0.4, kAll, false},
                                          {0, 2.5, 0.3, kAll, true}}};

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

/// The flow of a frame to the key, and how much larger the clip is.
struct FrameFlow {
  cv::Mat field;
  cv::Mat confidence;
  cv::Point2d scale;
};

/// The flow vectors that come from an object's opaque part, in pixels of the flow's size; of many,
/// every n-th.
std::vector<Vote> votes_for(const FrameFlow& flow, const TrackedObject& object,
                            const Demand& demand) {
  std::vector<Vote> votes;
  const cv::Rect& box = object.box;
  for (int y = 0; y < flow.field.rows; ++y) {
    const auto* f = flow.field.ptr<cv::Vec2f>(y);
    const auto* c = flow.confidence.ptr<uchar>(y);
    for (int x = 0; x < flow.field.cols; ++x) {
      if (c[x] < demand.confidence) continue;
      const cv::Point2d key(x + static_cast<double>(f[x][0]), y + static_cast<double>(f[x][1]));
      const cv::Point at(cvRound(key.x * flow.scale.x) - box.x,
                         cvRound(key.y * flow.scale.y) - box.y);
      if (!cv::Rect(cv::Point(), box.size()).contains(at) || object.alpha.at<float>(at) < 0.5f)
        continue;
      const cv::Point2d off((at.x + 0.5) / box.width * 2 - 1, (at.y + 0.5) / box.height * 2 - 1);
      if (off.dot(off) > demand.reach * demand.reach) continue;
      votes.push_back({key, {static_cast<double>(x), static_cast<double>(y)}});
    }
  }
  const std::size_t stride = (votes.size() + kMostVotes - 1) / kMostVotes;
  if (stride > 1) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < votes.size(); i += stride) votes[kept++] = votes[i];
    votes.resize(kept);
  }
  return votes;
}

/// To full resolution, `scale` times as large: pixel centres scale about -0.5.
cv::Matx23d enlarged(const cv::Matx23d& m, cv::Point2d scale) {
  const auto at = [&](cv::Point2d p) {
    const cv::Point2d q = move(m, {(p.x + 0.5) / scale.x - 0.5, (p.y + 0.5) / scale.y - 0.5});
    return cv::Point2d((q.x + 0.5) * scale.x - 0.5, (q.y + 0.5) * scale.y - 0.5);
  };
  const cv::Point2d o = at({0, 0}), u = at({1, 0}) - o, v = at({0, 1}) - o;
  return {u.x, v.x, o.x, u.y, v.y, o.y};
}

struct Motion {
  cv::Matx23d transform;  ///< key -> frame at full resolution
  float agreed = 0;       ///< share of the flow; 0: there is none
  bool loose = true;
};

/// What the flow from inside an object agrees on under the first demand that finds something.
Motion agree_on_motion(const FrameFlow& flow, const TrackedObject& object, Stream& stream) {
  for (const Demand& demand : kDemands) {
    cv::Matx23d m;
    const float agreed = agree(votes_for(flow, object, demand), demand, stream, m);
    if (agreed > 0) return {enlarged(m, flow.scale), agreed, demand.loose};
  }
  return {};
}

/// A size that a thing can have, and can have come to since the frame before.
bool plausible(const cv::Matx23d& m, const cv::Matx23d& before) {
  const double size = std::hypot(m(0, 0), m(1, 0)), last = std::hypot(before(0, 0), before(1, 0));
  return size < kMostZoom && size > 1 / kMostZoom && size < last * kMostZoomAtOnce &&
         size > last / kMostZoomAtOnce;
}

struct Step {
  cv::Matx23d transform;
  float agreed = 0;
  bool found = false;
};

/// An object's way to the next frame from where it was `before`.
Step next_step(const FrameFlow& flow, const MatchedFrame& frame, const TrackedObject& object,
               const ObjectTemplate& middle, const cv::Matx23d& before, Stream& stream) {
  Motion motion = agree_on_motion(flow, object, stream);
  if (motion.agreed > 0 && !plausible(motion.transform, before)) motion = {};
  const bool moves = motion.agreed > 0;
  if (middle.plain()) return {moves ? motion.transform : before, motion.agreed, true};
  ObjectTemplate::Match best = middle.match(frame, before);
  if (moves) {
    const ObjectTemplate::Match other = middle.match(frame, motion.transform);
    if (other.error <= best.error) best = other;
  }
  if (best.found >= kLeastFound && plausible(best.transform, before))
    return {best.transform, best.found, true};
  if (moves && (!motion.loose || best.found >= kLeastLikely))
    return {motion.transform, best.found, true};
  return {before, best.found, false};
}

}  // namespace

std::vector<ObjectPath> track_objects(const media::Video& video, const KeyFlow& flow,
                                      std::span<const TrackedObject> objects, Stream stream) {
  const int frames = static_cast<int>(video.frames.size()), key = flow.key_frame();
  const cv::Point2d scale(static_cast<double>(video.size().width) / flow.size().width,
                          static_cast<double>(video.size().height) / flow.size().height);
  std::vector<ObjectTemplate> templates;
  std::vector<ObjectPath> paths(objects.size());
  const MatchedFrame key_frame(video.frames[static_cast<std::size_t>(key)]);
  for (std::size_t n = 0; n < objects.size(); ++n) {
    templates.emplace_back(key_frame, objects[n].box, objects[n].alpha, kMiddle);
    paths[n].to_frame.assign(video.frames.size(), {1, 0, 0, 0, 1, 0});
    paths[n].agreed.assign(video.frames.size(), 1);
    paths[n].shown.assign(video.frames.size(), 1);
  }
  for (const int direction : {+1, -1}) {
    for (int t = key + direction; t >= 0 && t < frames; t += direction) {
      const auto i = static_cast<std::size_t>(t), last = static_cast<std::size_t>(t - direction);
      const MatchedFrame frame(video.frames[i]);
      const FrameFlow frame_flow{flow.flow(t), flow.confidence(t), scale};
      for (std::size_t n = 0; n < objects.size(); ++n) {
        const Step step =
            next_step(frame_flow, frame, objects[n], templates[n], paths[n].to_frame[last], stream);
        paths[n].to_frame[i] = step.transform;
        paths[n].agreed[i] = step.agreed;
        paths[n].shown[i] = step.found ? 1.0f : 0.0f;
      }
    }
  }
  for (ObjectPath& path : paths) {
    // A light smoothing over time takes the jitter of single frames out.
    const ObjectPath raw = path;
    for (std::size_t i = 1; i + 1 < raw.to_frame.size(); ++i) {
      path.to_frame[i] = (raw.to_frame[i - 1] + raw.to_frame[i] * 2.0 + raw.to_frame[i + 1]) * 0.25;
      path.shown[i] = (raw.shown[i - 1] + raw.shown[i] * 2.0f + raw.shown[i + 1]) * 0.25f;
    }
  }
  return paths;
}

}  // namespace ditto::stages
