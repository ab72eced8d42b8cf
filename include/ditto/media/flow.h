#pragma once

#include <opencv2/core.hpp>

/// Dense optical flow and what is built on it. A flow is CV_32FC2, displacements (x, y) in pixels:
/// point p of `from` is found at p + flow(p) in `to`. Functions throw cv::Exception for sizes or
/// types that don't fit; they are pure and may run in several threads at once.
namespace ditto::media {

/// Presets of Dense Inverse Search (Kroeger et al. 2016): each about three times the time of the
/// one before.
enum class FlowQuality { kUltrafast, kFast, kMedium };

/// Flow between two CV_8UC1 images of one size. `initial` (CV_32FC2, same size) is where the search
/// begins. Its result depends on OpenCV's thread count, which is set to 1 for the whole process by
/// the first call.
cv::Mat flow(const cv::Mat& grey_from, const cv::Mat& grey_to, FlowQuality quality,
             const cv::Mat& initial = {});

/// Backward warp: out(p) = image(p + flow_to_source(p)), linear, the border repeated. Any depth
/// that cv::remap takes, 1 to 4 channels.
cv::Mat warp(const cv::Mat& image, const cv::Mat& flow_to_source);

/// CV_32FC1: the distance in pixels between p and where it ends up after going forward and back.
cv::Mat forward_backward_error(const cv::Mat& forward, const cv::Mat& backward);

/// The flow from a to c.
cv::Mat compose(const cv::Mat& a_to_b, const cv::Mat& b_to_c);

/// CV_8UC1 (bt601 luma) of an RGB image; a grey one is returned as it is.
cv::Mat grey(const cv::Mat& rgb);

/// To another resolution: the field is resampled and its vectors are scaled.
cv::Mat resize_flow(const cv::Mat& flow, cv::Size size);

}  // namespace ditto::media
