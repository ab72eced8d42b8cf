#pragma once

#include <opencv2/core.hpp>

/// Dense optical flow on small frames. A flow is CV_32FC2 in pixels: the point x of the first
/// frame is seen at x + flow(x) in the second.
namespace ditto::stages {

enum class FlowQuality { kFast, kMedium };
/// DIS flow between two CV_8UC1 frames; a non-empty `initial` is where it starts from.
cv::Mat dis_flow(const cv::Mat& from, const cv::Mat& to, FlowQuality quality,
                 const cv::Mat& initial = {});
/// image(x + flow(x)), bilinear, edges replicated.
cv::Mat warp_back(const cv::Mat& image, const cv::Mat& flow);
/// first(x) + second(x + first(x)).
cv::Mat compose_flow(const cv::Mat& first, const cv::Mat& second);
/// Places at `size` that a flow on smaller frames points to, absolute, CV_32FC2, for cv::remap.
cv::Mat enlarged_positions(const cv::Mat& flow, cv::Size size);
/// Length of forward(x) + backward(x + forward(x)) in pixels, CV_32FC1.
cv::Mat round_trip_error(const cv::Mat& forward, const cv::Mat& backward);

}  // namespace ditto::stages
