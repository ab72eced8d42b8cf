#include "ditto/media/flow.h"

#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>

namespace ditto::media {
namespace {

// Smaller images than this have no pyramid to search in.
constexpr int kSmallestSide = 32;

int preset_of(FlowQuality quality) {
  switch (quality) {
    case FlowQuality::kUltrafast:
      return cv::DISOpticalFlow::PRESET_ULTRAFAST;
    case FlowQuality::kFast:
      return cv::DISOpticalFlow::PRESET_FAST;
    case FlowQuality::kMedium:
      return cv::DISOpticalFlow::PRESET_MEDIUM;
  }
  CV_Error(cv::Error::StsBadArg, "unknown flow quality");
}

// The coordinates of each pixel, as a flow.
cv::Mat coordinates(cv::Size size) {
  cv::Mat x(1, size.width, CV_32F);
  for (int i = 0; i < size.width; ++i) x.at<float>(i) = static_cast<float>(i);
  cv::Mat y(size.height, 1, CV_32F);
  for (int i = 0; i < size.height; ++i) y.at<float>(i) = static_cast<float>(i);
  cv::Mat both;
  cv::merge(std::vector<cv::Mat>{cv::repeat(x, size.height, 1), cv::repeat(y, 1, size.width)},
            both);
  return both;
}

}  // namespace

cv::Mat flow(const cv::Mat& grey_from, const cv::Mat& grey_to, FlowQuality quality,
             const cv::Mat& initial) {
  static const bool single_threaded = (cv::setNumThreads(1), true);
  CV_Assert(single_threaded);
  CV_Assert(grey_from.type() == CV_8UC1 && grey_to.type() == CV_8UC1);
  CV_Assert(!grey_from.empty() && grey_from.size() == grey_to.size());
  CV_Assert(initial.empty() || (initial.type() == CV_32FC2 && initial.size() == grey_from.size()));
  const int right = std::max(0, kSmallestSide - grey_from.cols);
  const int bottom = std::max(0, kSmallestSide - grey_from.rows);
  const auto padded = [&](const cv::Mat& image) {
    if (image.empty() || (right == 0 && bottom == 0)) return image.clone();
    cv::Mat large;
    cv::copyMakeBorder(image, large, 0, bottom, 0, right, cv::BORDER_REPLICATE);
    return large;
  };
  // One object per call: it keeps buffers, and two threads must not share them.
  const cv::Ptr<cv::DISOpticalFlow> search = cv::DISOpticalFlow::create(preset_of(quality));
  cv::Mat result = padded(initial);
  search->calc(padded(grey_from), padded(grey_to), result);
  if (result.size() != grey_from.size()) {
    result = result(cv::Rect(cv::Point(), grey_from.size())).clone();
  }
  return result;
}

cv::Mat warp(const cv::Mat& image, const cv::Mat& flow_to_source) {
  CV_Assert(flow_to_source.type() == CV_32FC2);
  cv::Mat out;
  cv::remap(image, out, coordinates(flow_to_source.size()) + flow_to_source, cv::noArray(),
            cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return out;
}

cv::Mat forward_backward_error(const cv::Mat& forward, const cv::Mat& backward) {
  std::array<cv::Mat, 2> parts;
  cv::split(compose(forward, backward), parts.data());
  cv::Mat error;
  cv::magnitude(parts[0], parts[1], error);
  return error;
}

cv::Mat compose(const cv::Mat& a_to_b, const cv::Mat& b_to_c) {
  CV_Assert(a_to_b.type() == CV_32FC2 && b_to_c.type() == CV_32FC2);
  return a_to_b + warp(b_to_c, a_to_b);
}

cv::Mat grey(const cv::Mat& rgb) {
  if (rgb.type() == CV_8UC1) return rgb;
  CV_Assert(rgb.type() == CV_8UC3);
  cv::Mat out;
  cv::cvtColor(rgb, out, cv::COLOR_RGB2GRAY);
  return out;
}

cv::Mat resize_flow(const cv::Mat& flow, cv::Size size) {
  CV_Assert(flow.type() == CV_32FC2 && !flow.empty() && !size.empty());
  if (flow.size() == size) return flow.clone();
  const bool smaller = size.width < flow.cols && size.height < flow.rows;
  cv::Mat resized;
  cv::resize(flow, resized, size, 0, 0, smaller ? cv::INTER_AREA : cv::INTER_LINEAR);
  cv::multiply(resized,
               cv::Scalar(static_cast<double>(size.width) / flow.cols,
                          static_cast<double>(size.height) / flow.rows),
               resized);
  return resized;
}

}  // namespace ditto::media
