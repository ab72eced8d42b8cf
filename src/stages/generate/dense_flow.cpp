#include "stages/generate/dense_flow.h"

#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

namespace ditto::stages {

cv::Mat dis_flow(const cv::Mat& from, const cv::Mat& to, FlowQuality quality,
                 const cv::Mat& initial) {
  // An object of its own per call: DIS keeps buffers and is not to be shared between threads.
  const auto dis =
      cv::DISOpticalFlow::create(quality == FlowQuality::kFast ? cv::DISOpticalFlow::PRESET_FAST
                                                               : cv::DISOpticalFlow::PRESET_MEDIUM);
  cv::Mat flow = initial.empty() ? cv::Mat() : initial.clone();
  dis->calc(from, to, flow);
  return flow;
}

namespace {

cv::Mat absolute_positions(const cv::Mat& flow) {
  cv::Mat map(flow.size(), CV_32FC2);
  for (int y = 0; y < flow.rows; ++y) {
    const auto* f = flow.ptr<cv::Vec2f>(y);
    auto* m = map.ptr<cv::Vec2f>(y);
    for (int x = 0; x < flow.cols; ++x) {
      m[x] = {f[x][0] + static_cast<float>(x), f[x][1] + static_cast<float>(y)};
    }
  }
  return map;
}

}  // namespace

cv::Mat warp_back(const cv::Mat& image, const cv::Mat& flow) {
  cv::Mat out;
  cv::remap(image, out, absolute_positions(flow), cv::noArray(), cv::INTER_LINEAR,
            cv::BORDER_REPLICATE);
  return out;
}

cv::Mat enlarged_positions(const cv::Mat& flow, cv::Size size) {
  cv::Mat map;
  cv::resize(flow, map, size, 0, 0, cv::INTER_LINEAR);
  const float sx = static_cast<float>(size.width) / static_cast<float>(flow.cols);
  const float sy = static_cast<float>(size.height) / static_cast<float>(flow.rows);
  for (int y = 0; y < size.height; ++y) {
    auto* m = map.ptr<cv::Vec2f>(y);
    for (int x = 0; x < size.width; ++x) {
      m[x] = {m[x][0] * sx + static_cast<float>(x), m[x][1] * sy + static_cast<float>(y)};
    }
  }
  return map;
}

cv::Mat compose_flow(const cv::Mat& first, const cv::Mat& second) {
  return first + warp_back(second, first);
}

cv::Mat round_trip_error(const cv::Mat& forward, const cv::Mat& backward) {
  const cv::Mat sum = compose_flow(forward, backward);
  cv::Mat parts[2], length;
  cv::split(sum, parts);
  cv::magnitude(parts[0], parts[1], length);
  return length;
}

}  // namespace ditto::stages
