#include "stages/edit/clean_plate.h"

#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"
#include "stages/edit/fill.h"
#include "stages/edit/filters.h"
#include "stages/edit/motion.h"

namespace ditto::stages::editing {
namespace {

constexpr float kLightChange = 0.06F;  // of full range, that passes for a change of light
constexpr int kFramesPerSide = 16;     // of the key frame; further ones are skipped evenly
// The flow of the surroundings, continued under what is covered: the camera's, and how what is
// near differs from it.
cv::Mat background_flow(const cv::Mat& flow, const cv::Mat& covered) {
  const cv::Mat camera = camera_flow(flow, covered);
  cv::Mat rest(flow.size(), CV_32FC3, cv::Scalar::all(0));
  cv::Mat weight(flow.size(), CV_32FC1, cv::Scalar(0));
  for (int y = 0; y < flow.rows; ++y) {
    for (int x = 0; x < flow.cols; ++x) {
      if (covered.at<uchar>(y, x) != 0) continue;
      const cv::Vec2f d = flow.at<cv::Vec2f>(y, x) - camera.at<cv::Vec2f>(y, x);
      // Other things that move on their own say nothing about the background.
      const float w = std::exp(-(d[0] * d[0] + d[1] * d[1]) / 8);
      rest.at<cv::Vec3f>(y, x) = cv::Vec3f(d[0], d[1], 0) * w;
      weight.at<float>(y, x) = w;
    }
  }
  const cv::Mat inward = spread_inward(rest, weight);
  cv::Mat out = camera.clone();
  double moved = 0;
  for (int y = 0; y < flow.rows; ++y) {
    for (int x = 0; x < flow.cols; ++x) {
      const cv::Vec3f d = inward.at<cv::Vec3f>(y, x);
      out.at<cv::Vec2f>(y, x) += cv::Vec2f(d[0], d[1]);
      moved += cv::norm(out.at<cv::Vec2f>(y, x));
    }
  }
  // A camera on a tripod: resampling would only blur.
  if (moved < 0.06 * static_cast<double>(flow.total())) out.setTo(cv::Scalar(0, 0));
  return out;
}

cv::Mat dilated(const cv::Mat& mask, int radius) {
  cv::Mat out;
  cv::dilate(mask, out,
             cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * radius + 1, 2 * radius + 1}));
  return out;
}

// The frames that are looked at, from the key frame to the clip's start or end.
std::vector<int> frames_towards(int key, int last) {
  const int count = std::abs(last - key);
  const int step = std::max(1, (count + kFramesPerSide - 1) / kFramesPerSide);
  std::vector<int> out;
  for (int i = step; i <= count; i += step) out.push_back(last > key ? key + i : key - i);
  return out;
}

// Where the thing is one step later. Its pixels are carried forward; those along its border, where
// the flow is that of the background, by the motion of what is further inside.
cv::Mat carried(const cv::Mat& thing, const cv::Mat& flow) {
  const cv::Mat kernel = cv::getStructuringElement(cv::MORPH_ELLIPSE, {7, 7});
  cv::Mat core;
  cv::erode(thing, core, kernel);
  if (cv::countNonZero(core) < 0.1 * cv::countNonZero(thing)) core = thing;
  cv::Mat values(flow.size(), CV_32FC3, cv::Scalar::all(0));
  cv::Mat weight(flow.size(), CV_32FC1, cv::Scalar(0));
  for (int y = 0; y < flow.rows; ++y) {
    for (int x = 0; x < flow.cols; ++x) {
      if (core.at<uchar>(y, x) == 0) continue;
      const cv::Vec2f f = flow.at<cv::Vec2f>(y, x);
      values.at<cv::Vec3f>(y, x) = {f[0], f[1], 0};
      weight.at<float>(y, x) = 1;
    }
  }
  const cv::Mat own = spread_inward(values, weight);
  cv::Mat out = cv::Mat::zeros(thing.size(), CV_8UC1);
  for (int y = 0; y < thing.rows; ++y) {
    for (int x = 0; x < thing.cols; ++x) {
      if (thing.at<uchar>(y, x) == 0) continue;
      const cv::Vec3f f = own.at<cv::Vec3f>(y, x);
      const cv::Point to(cvRound(static_cast<float>(x) + f[0]),
                         cvRound(static_cast<float>(y) + f[1]));
      if (cv::Rect({0, 0}, out.size()).contains(to)) out.at<uchar>(to) = 255;
    }
  }
  // A thing that comes nearer is carried apart.
  cv::morphologyEx(out, out, cv::MORPH_CLOSE, cv::getStructuringElement(cv::MORPH_RECT, {5, 5}));
  return out;
}

// What one frame shows of the area, and where it shows it.
struct View {
  cv::Mat rgb;      // CV_32FC3, of the area's size
  cv::Mat visible;  // CV_8UC1
};

class Viewer {
 public:
  Viewer(const Clip& clip, const cv::Mat& thing, const cv::Rect& area)
      : clip_(clip), area_(area), small_key_(small_grey(clip.key_frame)) {
    cv::resize(thing, thing_, small_key_.size(), 0, 0, cv::INTER_AREA);
    outline_ = thing_ > 127;
    thing_ = dilated(thing_ > 40, 3);
  }

  void look(int last, std::vector<View>& views) const {
    cv::Mat previous = small_key_;
    cv::Mat covered = outline_;
    cv::Mat from_key;
    for (const int t : frames_towards(clip_.key_frame, last)) {
      const cv::Mat now = small_grey(t);
      covered = carried(covered, media::flow(previous, now, media::FlowQuality::kMedium));
      from_key = media::flow(small_key_, now, media::FlowQuality::kMedium, from_key);
      const cv::Mat background = background_flow(from_key, thing_);
      views.push_back(view_of(t, background, covered));
      previous = now;
    }
  }

 private:
  cv::Mat small_grey(int t) const { return grey_for_flow(clip_, t); }

  View view_of(int t, const cv::Mat& background, const cv::Mat& covered) const {
    const cv::Mat& frame = clip_.video.frames[static_cast<std::size_t>(t)];
    const cv::Mat full = media::resize_flow(background, frame.size())(area_);
    cv::Mat map(area_.size(), CV_32FC2);
    View view;
    cv::Mat free;
    cv::resize(dilated(covered, 3), free, frame.size(), 0, 0, cv::INTER_LINEAR);
    free = free < 20;
    view.visible = cv::Mat(area_.size(), CV_8UC1);
    for (int y = 0; y < area_.height; ++y) {
      for (int x = 0; x < area_.width; ++x) {
        const cv::Vec2f p = full.at<cv::Vec2f>(y, x) + cv::Vec2f(static_cast<float>(x + area_.x),
                                                                 static_cast<float>(y + area_.y));
        map.at<cv::Vec2f>(y, x) = p;
        const cv::Point q(cvRound(p[0]), cvRound(p[1]));
        const bool inside = cv::Rect({0, 0}, frame.size()).contains(q);
        view.visible.at<uchar>(y, x) = inside ? free.at<uchar>(q) : 0;
      }
    }
    cv::Mat rgb;
    cv::remap(frame, rgb, map, cv::noArray(), cv::INTER_CUBIC, cv::BORDER_REPLICATE);
    view.rgb = to_float(rgb);
    return view;
  }

  const Clip& clip_;
  cv::Rect area_;
  cv::Mat small_key_;
  cv::Mat outline_;  // of the thing, at the flow's size
  cv::Mat thing_;    // with a margin
};

float median_of(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5F * (*middle + *std::max_element(values.begin(), middle));
}

// What most of the views agree on at a place, though the thing is believed to cover it in them: it
// rests while the thing passes, so it is the background. Nothing when it looks like the thing
// itself does there in the key frame.
std::optional<Rgb> agreed(const std::vector<View>& views, int y, int x, const Rgb& key) {
  constexpr float kSame = 0.05F;  // of full range, per channel
  const auto near = [&](const Rgb& a, const Rgb& b) {
    const Rgb d = a - b;
    return std::max({std::abs(d[0]), std::abs(d[1]), std::abs(d[2])}) < kSame;
  };
  std::size_t most = 0;
  Rgb best;
  for (const View& view : views) {
    const Rgb& candidate = view.rgb.at<Rgb>(y, x);
    std::size_t count = 0;
    Rgb sum(0, 0, 0);
    for (const View& other : views) {
      if (!near(candidate, other.rgb.at<Rgb>(y, x))) continue;
      sum += other.rgb.at<Rgb>(y, x);
      ++count;
    }
    if (count > most) {
      most = count;
      best = sum * (1.0F / static_cast<float>(count));
    }
  }
  const Rgb d = best - key;
  if (most < 4 || most * 5 < views.size() * 2 || d.dot(d) < 4 * kSame * kSame) return std::nullopt;
  return best;
}

// The median of what the views show, where at least two do (or all there are); elsewhere what they
// agree on.
void merge_views(const std::vector<View>& views, const cv::Mat& key, cv::Mat& rgb, cv::Mat& known) {
  const std::size_t least = std::min<std::size_t>(2, views.size());
  std::vector<float> values[3];
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      for (auto& channel : values) channel.clear();
      for (const View& view : views) {
        if (view.visible.at<uchar>(y, x) == 0) continue;
        for (int i = 0; i < 3; ++i) values[i].push_back(view.rgb.at<Rgb>(y, x)[i]);
      }
      if (values[0].size() < least) {
        if (const auto rest = agreed(views, y, x, key.at<Rgb>(y, x))) {
          rgb.at<Rgb>(y, x) = *rest;
          known.at<uchar>(y, x) = 255;
        }
        continue;
      }
      for (int i = 0; i < 3; ++i) rgb.at<Rgb>(y, x)[i] = median_of(values[i]);
      known.at<uchar>(y, x) = 255;
    }
  }
}

}  // namespace

CleanPlate clean_plate(const Clip& clip, const cv::Mat& thing, const cv::Mat& hole) {
  const cv::Mat& key = clip.key();
  CleanPlate plate;
  plate.image = key.clone();
  plate.known = cv::Mat::zeros(key.size(), CV_8UC1);
  const int last = static_cast<int>(clip.video.frames.size()) - 1;
  const double wanted = cv::countNonZero(hole);
  if (wanted == 0 || last < 1) return plate;
  const int rim_width = std::max(3, static_cast<int>(8 * unit_of(key)));
  const cv::Mat reach = dilated(hole, rim_width);
  const cv::Rect area = cv::boundingRect(reach);

  std::vector<View> views;
  const Viewer viewer(clip, thing, area);
  viewer.look(0, views);
  viewer.look(last, views);
  cv::Mat seen(area.size(), CV_32FC3, cv::Scalar::all(0));
  cv::Mat known = cv::Mat::zeros(area.size(), CV_8UC1);
  const cv::Mat own = to_float(key(area));
  merge_views(views, own, seen, known);
  known &= reach(area);

  // The light may have changed meanwhile: what the rim differs by is spread over the hole.
  // Where it differs much, something stands there in only one of the two.
  cv::Mat difference(area.size(), CV_32FC3, cv::Scalar::all(0));
  cv::Mat weight(area.size(), CV_32FC1, cv::Scalar(0));
  for (int y = 0; y < area.height; ++y) {
    for (int x = 0; x < area.width; ++x) {
      if (known.at<uchar>(y, x) == 0 || hole.at<uchar>(y + area.y, x + area.x) != 0) continue;
      const Rgb d = own.at<Rgb>(y, x) - seen.at<Rgb>(y, x);
      const float w = std::exp(-d.dot(d) / (3 * kLightChange * kLightChange));
      difference.at<Rgb>(y, x) = d * w;
      weight.at<float>(y, x) = w;
    }
  }
  if (cv::sum(weight)[0] > 10) seen = seen + spread_inward(difference, weight);
  const cv::Mat usable = known & hole(area);
  to_bytes(seen).copyTo(plate.image(area), usable);
  usable.copyTo(plate.known(area));
  plate.share = cv::countNonZero(usable) / wanted;
  return plate;
}

}  // namespace ditto::stages::editing
