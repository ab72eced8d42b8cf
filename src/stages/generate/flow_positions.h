#pragma once

#include <opencv2/core.hpp>

namespace ditto::stages {

/// Places at `size` that a flow on smaller frames points to, absolute, CV_32FC2, for cv::remap.
cv::Mat flow_positions(const cv::Mat& flow, cv::Size size);

}  // namespace ditto::stages
