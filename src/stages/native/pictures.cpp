#include "stages/native/pictures.h"

namespace ditto::stages {

models::Pictures pictures_of(const std::vector<cv::Mat>& frames) {
  models::Pictures pictures;
  pictures.count = static_cast<std::int64_t>(frames.size());
  pictures.height = frames.front().rows;
  pictures.width = frames.front().cols;
  pictures.rgb.reserve(frames.size() * frames.front().total() * 3);
  for (const cv::Mat& frame : frames) {
    for (int y = 0; y < frame.rows; ++y) {
      const auto* row = frame.ptr<std::uint8_t>(y);
      pictures.rgb.insert(pictures.rgb.end(), row, row + std::ptrdiff_t{3} * frame.cols);
    }
  }
  return pictures;
}

}  // namespace ditto::stages
