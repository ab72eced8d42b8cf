#include "stages/generate/flow_positions.h"

#include "ditto/media/flow.h"

namespace ditto::stages {

cv::Mat flow_positions(const cv::Mat& flow, cv::Size size) {
  cv::Mat map = media::resize_flow(flow, size);
  for (int y = 0; y < size.height; ++y) {
    auto* m = map.ptr<cv::Vec2f>(y);
    for (int x = 0; x < size.width; ++x) {
      m[x] += cv::Vec2f(static_cast<float>(x), static_cast<float>(y));
    }
  }
  return map;
}

}  // namespace ditto::stages
