#include <fmt/format.h>

#include <deque>
#include <opencv2/imgproc.hpp>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/media/flow.h"
#include "ditto/stages/enhance.h"
#include "stages/enhance/blocking.h"
#include "stages/enhance/brightness_curve.h"
#include "stages/generate/flow_positions.h"

namespace ditto::stages {
namespace {

constexpr int kFlowWidth = 320;  // longer side of the frames that flow is computed on, px

cv::Size small_size(cv::Size size) {
  const double scale =
      std::min(1.0, kFlowWidth / static_cast<double>(std::max(size.width, size.height)));
  return {std::max(16, static_cast<int>(std::lround(size.width * scale))),
          std::max(16, static_cast<int>(std::lround(size.height * scale)))};
}

/// What the window keeps of a frame.
struct Small {
  cv::Mat frame;                 ///< to be enhanced, full size, the brightness offset added
  cv::Mat grey;                  ///< of the source, CV_8UC1
  cv::Mat source, edited;        ///< CV_32FC3
  cv::Mat to_next, to_previous;  ///< flow of the source; empty at the ends
};

/// From one frame of the window to another, by way of those between.
cv::Mat flow_between(const std::deque<Small>& window, std::size_t from, std::size_t to) {
  cv::Mat flow;
  for (std::size_t i = from; i != to; i = to > from ? i + 1 : i - 1) {
    const cv::Mat& step = to > from ? window[i].to_next : window[i].to_previous;
    flow = flow.empty() ? step : media::compose(flow, step);
  }
  return flow;
}

/// 1 where the way there and back ends where it began and the source's colours agree, falling to 0.
cv::Mat trust(const cv::Mat& flow, const cv::Mat& back, const cv::Mat& source_change) {
  cv::Mat result = media::forward_backward_error(flow, back);
  for (int y = 0; y < result.rows; ++y) {
    auto* r = result.ptr<float>(y);
    const auto* d = source_change.ptr<cv::Vec3f>(y);
    for (int x = 0; x < result.cols; ++x) {
      const float change = (std::abs(d[x][0]) + std::abs(d[x][1]) + std::abs(d[x][2])) / 3;
      const float trip = std::max(0.0f, 1 - r[x] * r[x] / 2.25f);
      const float colour = std::max(0.0f, 1 - change * change / 900.0f);
      r[x] = trip * colour;
    }
  }
  return result;
}

/// Ratio of the edited frame's contrast to the source's around each pixel, CV_32FC1: how much a
/// change of the source may be amplified by the edit there.
cv::Mat contrast_gain(const Small& frame) {
  const auto energy = [](const cv::Mat& image) {
    cv::Mat grey, dx, dy, sum;
    cv::transform(image, grey, cv::Matx13f(1 / 3.0f, 1 / 3.0f, 1 / 3.0f));
    cv::Sobel(grey, dx, CV_32F, 1, 0, 3, 1.0 / 8);
    cv::Sobel(grey, dy, CV_32F, 0, 1, 3, 1.0 / 8);
    sum = dx.mul(dx) + dy.mul(dy);
    cv::blur(sum, sum, {9, 9});
    return sum;
  };
  cv::Mat gain = energy(frame.edited) / (energy(frame.source) + 0.2);
  cv::sqrt(gain, gain);
  cv::max(gain, 1.0, gain);
  cv::min(gain, 16.0, gain);
  return gain;
}

/// The slowly varying part of change - gain * source_change, weighted by trust: a brightness step
/// of the edited video that its source doesn't have.
cv::Mat flicker(const cv::Mat& change, const cv::Mat& source_change, const cv::Mat& weight,
                float gain) {
  cv::Mat sum(change.size(), CV_32FC4);
  for (int y = 0; y < change.rows; ++y) {
    const auto* c = change.ptr<cv::Vec3f>(y);
    const auto* s = source_change.ptr<cv::Vec3f>(y);
    const auto* w = weight.ptr<float>(y);
    auto* o = sum.ptr<cv::Vec4f>(y);
    for (int x = 0; x < change.cols; ++x) {
      for (int k = 0; k < 3; ++k) o[x][k] = w[x] * (c[x][k] - gain * s[x][k]);
      o[x][3] = w[x];
    }
  }
  const int window = std::max(change.cols, change.rows) / 4 | 1;
  cv::blur(sum, sum, {window, window}, {-1, -1}, cv::BORDER_REFLECT);
  cv::Mat result(change.size(), CV_32FC3);
  for (int y = 0; y < change.rows; ++y) {
    const auto* s = sum.ptr<cv::Vec4f>(y);
    auto* r = result.ptr<cv::Vec3f>(y);
    // The constant pulls to zero where hardly anything could be compared.
    for (int x = 0; x < change.cols; ++x)
      r[x] = cv::Vec3f(s[x][0], s[x][1], s[x][2]) / (s[x][3] + 0.1f);
  }
  return result;
}

class BuiltinEnhancer : public Enhancer {
 public:
  explicit BuiltinEnhancer(const config::Enhance& config) : config_(config) {}

  BackendId id() const override { return {"builtin", 2, ""}; }

  std::size_t working_bytes(const ClipShape& shape) const override {
    const auto pixels =
        static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
    const auto small = static_cast<std::size_t>(small_size({shape.width, shape.height}).area());
    const auto window = static_cast<std::size_t>(2 * config_.radius + 2);
    return shape.video_bytes() + small * (window * 41 + 120) +
           pixels * std::max<std::size_t>(80, kDeblockingBytesPerPixel) + (4U << 20);
  }

  media::Video enhance(const Clip& source, const media::Video& frames,
                       const std::string& /*caption*/, Stream /*stream*/) const override {
    const std::size_t count = frames.frames.size();
    if (count != source.video.frames.size() || frames.size() != source.video.size()) {
      throw Error(
          ErrorKind::kInput,
          fmt::format("clip {}: {} frames of {}x{} to enhance, expected the clip's {} of {}x{}",
                      source.id, count, frames.size().width, frames.size().height,
                      source.video.frames.size(), source.video.size().width,
                      source.video.size().height));
    }
    media::Video result{.frames = {}, .fps = frames.fps};
    const auto radius = static_cast<std::size_t>(config_.radius);
    BrightnessCurve brightness = brightness_curve(source.video, frames);
    for (cv::Vec3f& offset : brightness.offset) offset *= std::min(1.0, 2 * config_.strength);
    const Blocking blocking =
        config_.strength > 0 ? measure_blocking(source.video, frames) : Blocking();
    const double share = std::min(1.0, 2 * config_.strength);
    std::deque<Small> window;  // frames first .. first + window.size() - 1
    std::size_t first = 0;
    for (std::size_t t = 0; t < count; ++t) {
      throw_if_stopped();
      const std::size_t last = std::min(count - 1, t + radius);
      while (first + window.size() <= last) {
        const std::size_t i = first + window.size();
        const cv::Mat& original = source.video.frames[i];
        append(window, original,
               add_offset(remove_blocking(original, frames.frames[i], blocking, share),
                          brightness.offset[i]));
      }
      while (first + radius < t) {
        window.pop_front();
        ++first;
      }
      result.frames.push_back(filter(window, first, t, source, brightness.gain));
    }
    return result;
  }

 private:
  static void append(std::deque<Small>& window, const cv::Mat& original, const cv::Mat& frame) {
    Small small;
    small.frame = frame;
    const cv::Size size = small_size(frame.size());
    const auto shrink = [&](const cv::Mat& image) {
      cv::Mat out;
      cv::resize(image, out, size, 0, 0, cv::INTER_AREA);
      return out;
    };
    const cv::Mat rgb = shrink(original);
    cv::cvtColor(rgb, small.grey, cv::COLOR_RGB2GRAY);
    rgb.convertTo(small.source, CV_32F);
    shrink(frame).convertTo(small.edited, CV_32F);
    if (!window.empty()) {
      window.back().to_next =
          media::flow(window.back().grey, small.grey, media::FlowQuality::kFast);
      small.to_previous = media::flow(small.grey, window.back().grey, media::FlowQuality::kFast);
    }
    window.push_back(std::move(small));
  }

  cv::Mat filter(const std::deque<Small>& window, std::size_t first, std::size_t t,
                 const Clip& source, float brightness_gain) const {
    const std::size_t here = t - first;
    const Small& small = window[here];
    const cv::Mat& frame = small.frame;
    const cv::Mat& original = source.video.frames[t];
    cv::Mat gain;
    cv::resize(contrast_gain(small), gain, frame.size());
    // At a strength of 0.5 each neighbour counts as much as the frame itself.
    const auto share =
        static_cast<float>(std::min(20.0, config_.strength / std::max(1e-6, 1 - config_.strength)));
    cv::Mat sum = cv::Mat::zeros(frame.size(), CV_32FC4);  // weighted changes, weight
    cv::Mat steps = cv::Mat::zeros(small.source.size(), CV_32FC3);
    float neighbours = 0;
    for (std::size_t other = 0; other < window.size(); ++other) {
      if (other == here || config_.strength <= 0) continue;
      const cv::Mat flow = flow_between(window, here, other);
      const cv::Mat source_change = media::warp(window[other].source, flow) - small.source;
      const cv::Mat change = media::warp(window[other].edited, flow) - small.edited;
      const cv::Mat weight = trust(flow, flow_between(window, other, here), source_change);
      const cv::Mat step = flicker(change, source_change, weight, brightness_gain);
      steps += step;
      neighbours += 1;

      const cv::Mat positions = flow_positions(flow, frame.size());
      cv::Mat warped, warped_source, certain, offset;
      cv::remap(window[other].frame, warped, positions, cv::noArray(), cv::INTER_LINEAR,
                cv::BORDER_REPLICATE);
      cv::remap(source.video.frames[first + other], warped_source, positions, cv::noArray(),
                cv::INTER_LINEAR, cv::BORDER_REPLICATE);
      cv::resize(weight, certain, frame.size());
      cv::resize(step, offset, frame.size());
      accumulate(frame, warped, original, warped_source, certain, offset, gain, share, sum);
    }
    if (neighbours <= 0) return frame.clone();
    // The flicker's share of the mean over this frame and its neighbours.
    steps *= share / (1 + share * neighbours);
    cv::Mat offset;
    cv::resize(steps, offset, frame.size());
    cv::Mat out(frame.size(), CV_8UC3);
    for (int y = 0; y < frame.rows; ++y) {
      const auto* f = frame.ptr<cv::Vec3b>(y);
      const auto* o = offset.ptr<cv::Vec3f>(y);
      const auto* s = sum.ptr<cv::Vec4f>(y);
      auto* r = out.ptr<cv::Vec3b>(y);
      for (int x = 0; x < frame.cols; ++x) {
        for (int c = 0; c < 3; ++c) {
          r[x][c] = cv::saturate_cast<uchar>(static_cast<float>(f[x][c]) + o[x][c] +
                                             s[x][c] / (1 + s[x][3]));
        }
      }
    }
    return out;
  }

  /// Adds the part of a neighbour's change that the source doesn't show and the flicker doesn't
  /// explain. What the source shows as well is real, or is the blur of the warp itself: correcting
  /// by it would cost detail and leave ghosts.
  static void accumulate(const cv::Mat& frame, const cv::Mat& warped, const cv::Mat& original,
                         const cv::Mat& warped_source, const cv::Mat& certain,
                         const cv::Mat& offset, const cv::Mat& gain, float share, cv::Mat& sum) {
    constexpr float kReach =
        60.0f;  // grey levels; a larger change is another thing, not an artefact
    cv::Mat difference, spread;
    cv::absdiff(original, warped_source, difference);
    cv::dilate(difference, spread, cv::Mat());
    for (int y = 0; y < frame.rows; ++y) {
      const auto* f = frame.ptr<cv::Vec3b>(y);
      const auto* w = warped.ptr<cv::Vec3b>(y);
      const auto* d = spread.ptr<cv::Vec3b>(y);
      const auto* k = certain.ptr<float>(y);
      const auto* o = offset.ptr<cv::Vec3f>(y);
      const auto* g = gain.ptr<float>(y);
      auto* s = sum.ptr<cv::Vec4f>(y);
      for (int x = 0; x < frame.cols; ++x) {
        const float shown =
            1.2f * g[x] * static_cast<float>(std::max({d[x][0], d[x][1], d[x][2]})) + 1.0f;
        float change[3], largest = 0;
        for (int c = 0; c < 3; ++c) {
          change[c] = static_cast<float>(w[x][c]) - static_cast<float>(f[x][c]) - o[x][c];
          largest = std::max(largest, std::abs(change[c]));
        }
        const float near = std::max(0.0f, 1 - largest * largest / (kReach * kReach));
        const float weight = share * k[x] * near;
        for (int c = 0; c < 3; ++c) {
          s[x][c] += weight * (change[c] - std::clamp(change[c], -shown, shown));
        }
        s[x][3] += weight;
      }
    }
  }

  config::Enhance config_;
};

class PassThrough : public Enhancer {
 public:
  BackendId id() const override { return {"none", 1, ""}; }
  std::size_t working_bytes(const ClipShape& /*shape*/) const override { return 0; }
  media::Video enhance(const Clip& /*source*/, const media::Video& frames,
                       const std::string& /*caption*/, Stream /*stream*/) const override {
    return frames;
  }
};

}  // namespace

std::unique_ptr<Enhancer> make_enhancer(const config::Enhance& config) {
  if (config.backend == "none") return std::make_unique<PassThrough>();
  return std::make_unique<BuiltinEnhancer>(config);
}

}  // namespace ditto::stages
