#include "stages/instruct/measure.h"

#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

#include "stages/edit/filters.h"
#include "stages/edit/motion.h"
#include "stages/instruct/faces.h"

namespace ditto::stages::instructing {
namespace {

using editing::Region;

cv::Mat small_frame(const cv::Mat& rgb, int longer) {
  const double scale = std::min(1.0, static_cast<double>(longer) / std::max(rgb.cols, rgb.rows));
  cv::Mat out;
  cv::resize(rgb, out, {}, scale, scale, cv::INTER_AREA);
  return out;
}

void add_statistics(const cv::Mat& rgb8, double weight, Measurements& m) {
  const cv::Mat rgb = editing::to_float(small_frame(rgb8, 320));
  const cv::Mat light = editing::luma_of(rgb);
  cv::Mat green_mask = cv::Mat::zeros(rgb.size(), CV_8UC1);
  double saturation = 0;
  double white = 0;
  double green = 0;
  double warmth = 0;
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const editing::Rgb c = rgb.at<editing::Rgb>(y, x);
      const editing::Hsv hsv = editing::to_hsv(c);
      saturation += hsv.s * hsv.v;
      white += hsv.v > 0.78F && hsv.s < 0.13F ? 1 : 0;
      if (editing::greenness(c) > 0.5F) {
        ++green;
        green_mask.at<uchar>(y, x) = 255;
      }
      warmth += c[0] - c[2];
    }
  }
  const auto count = static_cast<double>(rgb.total());
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(light, mean, deviation);
  m.luma += weight * mean[0];
  m.contrast += weight * deviation[0];
  m.saturation += weight * saturation / count;
  m.white += weight * white / count;
  // A green wall has no leaves.
  if (editing::texture_within(light, green_mask) > editing::kLeafTexture)
    m.green += weight * green / count;
  m.warmth += weight * warmth / count;
}

double median(std::vector<float> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Flow from the key frame to a neighbour, at small size; per pixel in pixels of that size.
struct Motion {
  cv::Mat flow;
  cv::Point2f camera;
  double diagonal = 1;

  /// How far something got in `frames` frames, of the diagonal, both in the picture and against the
  /// camera: the less of the two, since before a plain wall the flow says little of the camera.
  /// `from` and `to` are fractions of width and height. The camera is taken to go on as it does at
  /// the key frame.
  double own_travel(const cv::Point2f& from, const cv::Point2f& to, int frames) const {
    if (flow.empty()) return 0;
    const auto steps = static_cast<float>(frames);
    const float dx = (to.x - from.x) * static_cast<float>(flow.cols);
    const float dy = (to.y - from.y) * static_cast<float>(flow.rows);
    const float against = std::hypot(dx - camera.x * steps, dy - camera.y * steps);
    return std::min(against, std::hypot(dx, dy)) / diagonal;
  }
};

Motion motion_of(const Clip& clip) {
  Motion motion;
  const auto frames = static_cast<int>(clip.video.frames.size());
  const int step = std::min(2, frames - 1);
  const int other = clip.key_frame + step < frames ? clip.key_frame + step : clip.key_frame - step;
  if (step < 1 || other < 0) return motion;
  cv::Mat a;
  cv::Mat b;
  cv::cvtColor(small_frame(clip.key(), 320), a, cv::COLOR_RGB2GRAY);
  cv::cvtColor(small_frame(clip.video.frames[static_cast<std::size_t>(other)], 320), b,
               cv::COLOR_RGB2GRAY);
  if (std::min(a.cols, a.rows) < 32) return motion;
  cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_FAST)->calc(a, b, motion.flow);
  motion.flow = motion.flow * (1.0 / (other - clip.key_frame));
  std::vector<float> dx;
  std::vector<float> dy;
  for (int y = 2; y < motion.flow.rows; y += 4) {
    for (int x = 2; x < motion.flow.cols; x += 4) {
      dx.push_back(motion.flow.at<cv::Vec2f>(y, x)[0]);
      dy.push_back(motion.flow.at<cv::Vec2f>(y, x)[1]);
    }
  }
  motion.camera = {static_cast<float>(median(dx)), static_cast<float>(median(dy))};
  motion.diagonal = std::hypot(motion.flow.cols, motion.flow.rows);
  return motion;
}

double own_motion(const Region& region, const Motion& motion) {
  if (motion.flow.empty()) return 0;
  cv::Mat mask;
  cv::resize(region.mask, mask, motion.flow.size(), 0, 0, cv::INTER_NEAREST);
  std::vector<float> speeds;
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) {
      if (mask.at<uchar>(y, x) == 0) continue;
      const cv::Vec2f f = motion.flow.at<cv::Vec2f>(y, x);
      speeds.push_back(std::hypot(f[0] - motion.camera.x, f[1] - motion.camera.y));
    }
  }
  return median(speeds) / motion.diagonal;
}

// How much of what either covers both cover, their centres laid upon each other.
double overlap(const Region& a, const Region& b) {
  const cv::Size size = a.mask.size();
  const cv::Point shift(cvRound((b.centre.x - a.centre.x) * static_cast<float>(size.width)),
                        cvRound((b.centre.y - a.centre.y) * static_cast<float>(size.height)));
  const cv::Rect frame({0, 0}, size);
  const cv::Rect to = (frame + shift) & frame;
  const cv::Rect from = to - shift;
  const double both = cv::countNonZero(a.mask(from) & b.mask(to));
  return both / std::max(1.0, cv::countNonZero(a.mask) + cv::countNonZero(b.mask) - both);
}

// How far both ends of a side have got; nothing when one stayed, as at the border of the frame or
// of something in front.
float common_shift(int low, int high, int low_then, int high_then) {
  const int a = low_then - low;
  const int b = high_then - high;
  if ((a < 0) != (b < 0)) return 0;
  return static_cast<float>(std::abs(a) < std::abs(b) ? a : b);
}

// Whether it may be taken for one thing: what touches or covers another of its colour has a waist
// or a notch.
bool is_one_piece(const Region& region) { return region.solidity > 0.86; }

bool is_similar(const Region& a, const Region& b) {
  return b.area > 0.4 * a.area && b.area < 2.5 * a.area;
}

TrackedRegion tracked(const cv::Mat& key, const Region& region, const Motion& motion) {
  TrackedRegion out;
  out.region = region;
  out.persistent = true;
  out.sides = region.sides;
  out.motion = own_motion(region, motion);
  const cv::Scalar mean = cv::mean(key, region.mask);
  out.lightness = (0.2126 * mean[0] + 0.7152 * mean[1] + 0.0722 * mean[2]) / 255;
  return out;
}

// Takes note of where the region was found in a frame so many after the key; null: nowhere.
void follow(TrackedRegion& tracked, const Region* again, int frames, const Motion& motion) {
  if (again == nullptr || !is_similar(tracked.region, *again)) {
    tracked.persistent = false;
    return;
  }
  std::erase_if(tracked.sides, [&](const std::string& side) { return !again->is_at(side); });
  // The centre alone may be that of a part which something else uncovers.
  const cv::Rect& before = tracked.region.box;
  const cv::Rect& after = again->box;
  const cv::Point2f edges(common_shift(before.x, before.br().x, after.x, after.br().x) /
                              static_cast<float>(again->mask.cols),
                          common_shift(before.y, before.br().y, after.y, after.br().y) /
                              static_cast<float>(again->mask.rows));
  const cv::Point2f& from = tracked.region.centre;
  const double travel = std::min(motion.own_travel(from, again->centre, frames),
                                 motion.own_travel(from, from + edges, frames));
  tracked.travel = std::max(tracked.travel, travel / std::abs(frames));
}

// The frames, besides the key, in which a claim must hold: the ends and two between.
struct Witness {
  cv::Mat frame;
  int after_key = 0;  ///< frames; negative before it
};
std::vector<Witness> witnesses(const Clip& clip) {
  const std::size_t last = clip.video.frames.size() - 1;
  std::set<std::size_t> at = {0, last / 4, last - last / 4, last};
  at.erase(static_cast<std::size_t>(clip.key_frame));
  std::vector<Witness> out;
  for (const std::size_t i : at)
    out.push_back({clip.video.frames[i], static_cast<int>(i) - clip.key_frame});
  return out;
}

std::vector<TrackedRegion> objects_of(const Clip& clip, const std::vector<Witness>& others,
                                      const Motion& motion) {
  std::vector<TrackedRegion> out;
  for (const Region& region : editing::coloured_objects(clip.key())) {
    if (region.unique && is_one_piece(region)) out.push_back(tracked(clip.key(), region, motion));
  }
  if (out.empty()) return out;
  constexpr double kSameShape = 0.85;
  for (const Witness& other : others) {
    const std::vector<Region> regions = editing::coloured_objects(other.frame);
    for (TrackedRegion& object : out) {
      const auto again = std::find_if(regions.begin(), regions.end(), [&](const Region& r) {
        return r.colour == object.region.colour && r.unique && is_one_piece(r) &&
               overlap(object.region, r) > kSameShape;
      });
      follow(object, again == regions.end() ? nullptr : &*again, other.after_key, motion);
    }
  }
  return out;
}

// A floor or a lawn is a backdrop of one colour too, but nobody calls it plain.
bool is_plain(const cv::Mat& rgb, const cv::Mat& mask) {
  constexpr double kTexture = 0.008;  // mean deviation from the surroundings; 0.003 for a wall
  const cv::Mat light = editing::luma_of(editing::to_float(small_frame(rgb, 416)));
  cv::Mat inside;
  cv::resize(mask, inside, light.size(), 0, 0, cv::INTER_NEAREST);
  cv::erode(inside, inside, cv::getStructuringElement(cv::MORPH_ELLIPSE, {9, 9}));
  return cv::mean(cv::abs(light - editing::blurred(light, 3)), inside)[0] < kTexture;
}

// Greenery that one could walk on lies along the lower edge and leaves the upper part free.
bool is_lawn(const Region& greenery) {
  const cv::Mat& mask = greenery.mask;
  const auto share = [&](double from, double to) {
    const cv::Mat rows =
        mask.rowRange(static_cast<int>(from * mask.rows), static_cast<int>(to * mask.rows));
    return cv::countNonZero(rows) / static_cast<double>(rows.total());
  };
  return share(0.85, 1) > 0.7 && share(0, 0.25) < 0.25;
}

// The detector overlooks many a person, so that one alone is no proof that there is one only. But
// one that is seen throughout and tall in the picture is whom people mean.
std::optional<TrackedRegion> sure_person(const cv::Mat& key, const Region& person,
                                         const std::vector<Witness>& others, const Motion& motion) {
  constexpr double kTall = 0.4;  // of the frame's height
  if (person.box.height < kTall * key.rows) return std::nullopt;
  TrackedRegion out = tracked(key, person, motion);
  std::size_t again = 0;
  for (const Witness& other : others) {
    const std::vector<Region> people = editing::find_people(other.frame);
    if (people.size() > 1) return std::nullopt;
    if (people.empty() || !is_similar(person, people.front())) continue;
    ++again;
    std::erase_if(out.sides, [&](const std::string& side) { return !people.front().is_at(side); });
  }
  if (4 * again < 3 * others.size()) return std::nullopt;
  return out;
}

// What moves in the key frame and in the middle of either half is one thing, of about one size.
std::optional<TrackedRegion> only_mover(const Clip& clip, const Motion& motion) {
  const auto frames = static_cast<int>(clip.video.frames.size());
  if (frames < 5) return std::nullopt;
  const std::vector<Region> movers = editing::find_moving(clip);
  if (movers.size() != 1) return std::nullopt;
  TrackedRegion out = tracked(clip.key(), movers.front(), motion);
  Clip other = clip;
  for (const int t : {clip.key_frame / 2, (clip.key_frame + frames - 1) / 2}) {
    other.key_frame = t;
    const std::vector<Region> again = editing::find_moving(other);
    if (again.size() != 1 || !is_similar(movers.front(), again.front())) return std::nullopt;
    follow(out, &again.front(), t - clip.key_frame, motion);
  }
  return out;
}

}  // namespace

Measurements measure(const Clip& clip) {
  Measurements m;
  const cv::Mat& key = clip.key();
  const std::vector<cv::Mat> ends = {clip.video.frames.front(), clip.video.frames.back()};
  add_statistics(key, 1.0 / 3, m);
  for (const cv::Mat& frame : ends) add_statistics(frame, 1.0 / 3, m);

  const Motion motion = motion_of(clip);
  if (!motion.flow.empty()) {
    m.camera_motion = std::hypot(motion.camera.x, motion.camera.y) / motion.diagonal;
    int moving = 0;
    for (int y = 0; y < motion.flow.rows; ++y) {
      for (int x = 0; x < motion.flow.cols; ++x) {
        const cv::Vec2f f = motion.flow.at<cv::Vec2f>(y, x);
        if (std::hypot(f[0] - motion.camera.x, f[1] - motion.camera.y) > 0.6) ++moving;
      }
    }
    m.moving = moving / static_cast<double>(motion.flow.total());
  }

  const std::vector<Witness> others = witnesses(clip);
  m.objects = objects_of(clip, others, motion);
  m.keep_clear = faces_in(key);
  std::vector<cv::Mat> frames;
  for (const Witness& other : others) frames.push_back(other.frame);
  m.faces = static_cast<int>(sure_faces(m.keep_clear, frames).size());
  const std::vector<Region> people = editing::find_people(key);
  for (const Region& person : people) m.keep_clear.push_back(person.box);
  if (people.size() == 1) m.person = sure_person(key, people.front(), others, motion);
  m.mover = only_mover(clip, motion);
  const auto find =
      [&](std::optional<Region> (*finder)(const cv::Mat&)) -> std::optional<TrackedRegion> {
    const auto region = finder(key);
    if (!region) return std::nullopt;
    TrackedRegion found = tracked(key, *region, motion);
    for (const Witness& other : others) {
      const auto again = finder(other.frame);
      follow(found, again && again->kind == region->kind ? &*again : nullptr, other.after_key,
             motion);
      if (!found.persistent) return std::nullopt;
    }
    return found;
  };
  m.greenery = find(editing::find_greenery);
  m.lawn = m.greenery && is_lawn(m.greenery->region);
  for (const Witness& other : others) {
    if (!m.lawn) break;
    const auto again = editing::find_greenery(other.frame);
    m.lawn = again && is_lawn(*again);
  }
  m.background = find(editing::find_background);
  if (m.background && !is_plain(key, m.background->region.mask)) m.background.reset();
  // A blue wall may be taken for either; it is a plain background in any case.
  if (!m.background) m.sky = find(editing::find_sky);
  return m;
}

}  // namespace ditto::stages::instructing
