#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "ditto/models/pictures.h"

namespace ditto::stages {

/// CV_8UC3 frames of one size, at least one, as the models take them.
models::Pictures pictures_of(const std::vector<cv::Mat>& frames);

}  // namespace ditto::stages
