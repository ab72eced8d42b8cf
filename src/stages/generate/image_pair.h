#pragma once

#include <opencv2/core.hpp>

namespace ditto::stages {

/// A frame before and after an edit.
struct ImagePair {
  cv::Mat source;    ///< CV_8UC3
  cv::Mat edited;    ///< CV_8UC3, of its size
  cv::Mat excluded;  ///< CV_8UC1, not zero on pixels that are not to be learned from; may be empty
};

}  // namespace ditto::stages
