#include "stages/enhance/source_motion.h"

#include <opencv2/imgproc.hpp>

#include "ditto/core/stop.h"
#include "ditto/media/flow.h"

namespace ditto::stages {
namespace {

constexpr int kLongerSide = 320;    // px
constexpr double kSteps = 32;       // per pixel, in CV_16SC2: +-1023 px
constexpr std::size_t kBytes = 11;  // a frame and pixel: RGB and two flows

cv::Mat packed(const cv::Mat& flow) {
  cv::Mat result;
  flow.convertTo(result, CV_16S, kSteps);
  return result;
}

}  // namespace

cv::Mat shrink(const cv::Mat& frame, cv::Size size) {
  if (frame.size() == size) return frame;
  cv::Mat small;
  cv::resize(frame, small, size, 0, 0, cv::INTER_AREA);
  return small;
}

cv::Size SourceMotion::small_size(cv::Size clip) {
  const double scale =
      std::min(1.0, kLongerSide / static_cast<double>(std::max(clip.width, clip.height)));
  return {std::max(16, static_cast<int>(std::lround(clip.width * scale))),
          std::max(16, static_cast<int>(std::lround(clip.height * scale)))};
}

std::size_t SourceMotion::bytes_for(const ClipShape& shape) {
  const auto area = static_cast<std::size_t>(small_size({shape.width, shape.height}).area());
  return kBytes * area * static_cast<std::size_t>(shape.frames) + (1U << 20);
}

SourceMotion::SourceMotion(const media::Video& source)
    : to_next_(source.frames.size()), to_previous_(source.frames.size()) {
  const cv::Size size = small_size(source.size());
  cv::Mat before;
  for (std::size_t t = 0; t < source.frames.size(); ++t) {
    throw_if_stopped();
    frames_.push_back(shrink(source.frames[t], size));
    const cv::Mat now = media::grey(frames_.back());
    if (t > 0) {
      to_next_[t - 1] = packed(media::flow(before, now, media::FlowQuality::kFast));
      to_previous_[t] = packed(media::flow(now, before, media::FlowQuality::kFast));
    }
    before = now;
  }
}

std::size_t SourceMotion::bytes() const {
  std::size_t sum = sizeof(*this);
  for (const auto* list : {&frames_, &to_next_, &to_previous_}) {
    for (const cv::Mat& m : *list) sum += m.total() * m.elemSize();
  }
  return sum;
}

cv::Mat SourceMotion::flow(std::size_t from, std::size_t to) const {
  cv::Mat result;
  for (std::size_t t = from; t != to; t = to > from ? t + 1 : t - 1) {
    cv::Mat step;
    (to > from ? to_next_ : to_previous_)[t].convertTo(step, CV_32F, 1 / kSteps);
    result = result.empty() ? step : media::compose(result, step);
  }
  return result;
}

}  // namespace ditto::stages
