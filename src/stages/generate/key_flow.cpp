#include "stages/generate/key_flow.h"

#include <opencv2/imgproc.hpp>
#include <thread>

#include "ditto/core/stop.h"
#include "ditto/media/flow.h"

namespace ditto::stages {
namespace {

constexpr double kFlowSteps = 32.0;  // per pixel, in CV_16SC2: +-1023 px

struct SmallFrame {
  cv::Mat rgb;   // CV_8UC3 at the flow's size
  cv::Mat grey;  // CV_8UC1
};

SmallFrame shrink(const cv::Mat& frame, cv::Size size) {
  SmallFrame small;
  if (frame.size() == size) {
    small.rgb = frame;
  } else {
    cv::resize(frame, small.rgb, size, 0, 0, cv::INTER_AREA);
  }
  cv::cvtColor(small.rgb, small.grey, cv::COLOR_RGB2GRAY);
  return small;
}

/// Mean absolute difference over the channels and a 5x5 window, CV_32FC1 in 0..255.
cv::Mat colour_error(const cv::Mat& frame, const cv::Mat& warped) {
  cv::Mat difference, mean, blurred;
  cv::absdiff(frame, warped, difference);
  cv::transform(difference, mean, cv::Matx13f(1 / 3.0f, 1 / 3.0f, 1 / 3.0f));
  mean.convertTo(mean, CV_32F);
  cv::blur(mean, blurred, {5, 5});
  return blurred;
}

/// exp(-(round trip / (0.7 + 0.03 length))^2) exp(-(colour error / 12)^2), zero where the flow
/// points out of the frame.
cv::Mat soft_confidence(const cv::Mat& flow, const cv::Mat& round_trip, const cv::Mat& error) {
  cv::Mat confidence(flow.size(), CV_8UC1);
  for (int y = 0; y < flow.rows; ++y) {
    const auto* f = flow.ptr<cv::Vec2f>(y);
    const auto* r = round_trip.ptr<float>(y);
    const auto* e = error.ptr<float>(y);
    auto* c = confidence.ptr<uchar>(y);
    for (int x = 0; x < flow.cols; ++x) {
      const float u = f[x][0], v = f[x][1];
      const float px = static_cast<float>(x) + u, py = static_cast<float>(y) + v;
      const bool inside = px >= -0.5f && py >= -0.5f &&
                          px <= static_cast<float>(flow.cols) - 0.5f &&
                          py <= static_cast<float>(flow.rows) - 0.5f;
      const float trip = r[x] / (0.7f + 0.03f * std::sqrt(u * u + v * v));
      const float colour = e[x] / 12.0f;
      c[x] = inside ? cv::saturate_cast<uchar>(255.0f * std::exp(-trip * trip - colour * colour))
                    : uchar{0};
    }
  }
  return confidence;
}

}  // namespace

cv::Size KeyFlow::flow_size(cv::Size video, int flow_width) {
  const double scale =
      std::min(1.0, flow_width / static_cast<double>(std::max(video.width, video.height)));
  return {std::max(16, static_cast<int>(std::lround(video.width * scale))),
          std::max(16, static_cast<int>(std::lround(video.height * scale)))};
}

KeyFlow::KeyFlow(const media::Video& video, int key_frame, int flow_width,
                 media::FlowQuality quality, int threads)
    : key_frame_(key_frame),
      size_(flow_size(video.size(), flow_width)),
      flow_(video.frames.size()),
      confidence_(video.frames.size()) {
  const auto key = static_cast<std::size_t>(key_frame);
  flow_[key] = cv::Mat::zeros(size_, CV_16SC2);
  confidence_[key] = cv::Mat(size_, CV_8UC1, cv::Scalar(255));
  if (threads < 2) {
    follow(video, quality, +1);
    follow(video, quality, -1);
    return;
  }
  std::exception_ptr failure;
  std::thread before([&] {
    try {
      follow(video, quality, -1);
    } catch (...) {
      failure = std::current_exception();
    }
  });
  try {
    follow(video, quality, +1);
  } catch (...) {
    before.join();
    throw;
  }
  before.join();
  if (failure) std::rethrow_exception(failure);
}

void KeyFlow::follow(const media::Video& video, media::FlowQuality quality, int step) {
  const int frames = static_cast<int>(video.frames.size());
  const SmallFrame key = shrink(video.frames[static_cast<std::size_t>(key_frame_)], size_);
  SmallFrame previous = key;
  cv::Mat to_key = cv::Mat::zeros(size_, CV_32FC2);    // previous -> key
  cv::Mat from_key = cv::Mat::zeros(size_, CV_32FC2);  // key -> previous
  for (int t = key_frame_ + step; t >= 0 && t < frames; t += step) {
    throw_if_stopped();
    const SmallFrame current = shrink(video.frames[static_cast<std::size_t>(t)], size_);
    // A long jump is found by going frame by frame; the direct flow then sheds the drift. Where
    // the direct one lost the way, its colours are worse and the chained one is kept.
    const cv::Mat chained =
        media::compose(media::flow(current.grey, previous.grey, quality), to_key);
    const cv::Mat chained_back =
        media::compose(from_key, media::flow(previous.grey, current.grey, quality));
    cv::Mat flow = media::flow(current.grey, key.grey, quality, chained);
    from_key = media::flow(key.grey, current.grey, quality, chained_back);
    cv::Mat error = colour_error(current.rgb, media::warp(key.rgb, flow));
    const cv::Mat chained_error = colour_error(current.rgb, media::warp(key.rgb, chained));
    const cv::Mat keep_chained = chained_error < error;
    chained.copyTo(flow, keep_chained);
    chained_error.copyTo(error, keep_chained);
    const auto i = static_cast<std::size_t>(t);
    confidence_[i] = soft_confidence(flow, media::forward_backward_error(flow, from_key), error);
    flow.convertTo(flow_[i], CV_16S, kFlowSteps);
    to_key = flow;
    previous = current;
  }
}

cv::Mat KeyFlow::flow(int frame) const {
  cv::Mat flow;
  flow_[static_cast<std::size_t>(frame)].convertTo(flow, CV_32F, 1.0 / kFlowSteps);
  return flow;
}

double KeyFlow::mean_confidence(int frame) const { return cv::mean(confidence(frame))[0] / 255.0; }

std::size_t KeyFlow::bytes() const {
  std::size_t bytes = sizeof(*this);
  for (const cv::Mat& m : flow_) bytes += m.total() * m.elemSize();
  for (const cv::Mat& m : confidence_) bytes += m.total() * m.elemSize();
  return bytes;
}

}  // namespace ditto::stages
