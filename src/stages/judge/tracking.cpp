#include "stages/judge/tracking.h"

#include <opencv2/imgproc.hpp>

#include "ditto/media/flow.h"

namespace ditto::stages::measure {
namespace {

cv::Mat identity_map(cv::Size size) {
  cv::Mat map(size, CV_32FC2);
  for (int y = 0; y < map.rows; ++y) {
    auto* row = map.ptr<cv::Vec2f>(y);
    for (int x = 0; x < map.cols; ++x) row[x] = {static_cast<float>(x), static_cast<float>(y)};
  }
  return map;
}

}  // namespace

void track_outward(const Series& source, int reference,
                   const std::function<void(const Track&)>& visit) {
  const cv::Mat identity = identity_map(source.size());
  // Far outside, so that a track which leaves the picture is unreliable ever after.
  const cv::Scalar outside(-1e6, -1e6);
  for (const int direction : {1, -1}) {
    cv::Mat chain = identity;
    for (int t = reference + direction; t >= 0 && t < source.frames(); t += direction) {
      const auto to = static_cast<std::size_t>(t), from = static_cast<std::size_t>(t - direction);
      const cv::Mat vectors =
          media::flow(source.grey[to], source.grey[from], media::FlowQuality::kFast);
      Track track{.frame = t, .neighbour = t - direction, .step = identity + vectors, .chain = {}};
      cv::remap(chain, track.chain, track.step, {}, cv::INTER_LINEAR, cv::BORDER_CONSTANT, outside);
      chain = track.chain;
      visit(track);
    }
  }
}

cv::Mat warped(const cv::Mat& image, const cv::Mat& map) {
  cv::Mat result;
  cv::remap(image, result, map, {}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return result;
}

cv::Mat reliable(const cv::Mat& to, const cv::Mat& from_warped, const cv::Mat& map, double levels) {
  cv::Mat difference, close, inside;
  cv::absdiff(to, from_warped, difference);
  cv::inRange(difference, cv::Scalar::all(0), cv::Scalar::all(levels), close);
  cv::inRange(map, cv::Scalar(0, 0), cv::Scalar(map.cols - 1, map.rows - 1), inside);
  return close & inside;
}

}  // namespace ditto::stages::measure
