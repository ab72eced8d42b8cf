#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>

namespace ditto::stages {

/// An edited key frame, moved to lie on its source. Editors that draw a picture anew displace
/// things by a pixel or two, and pictures that were resized or cropped on the way are off as a
/// whole. What is learned from such a pair is blurred, and what is carried along by flow lies
/// beside the thing it belongs to.
struct KeyAlignment {
  bool applied = false;
  cv::Mat picture{};        ///< CV_8UC3: the moved picture; the given one unless applied
  cv::Mat unknown{};        ///< CV_8UC1, 255 where it comes from beyond the edge; empty: nowhere
  double displacement = 0;  ///< found, mean over textured pixels, px
  double agreement = 0;  ///< share of the flow between the pictures that a smooth displacement is
  double gain = 0;  ///< dB by which a model of the edit explains the moved picture better; 0 where
                    ///< too little displacement was found to try
};

/// Finds the displacement by optical flow from what a small model of the edit makes of `source` to
/// `edited`, smoothed, and again with a model fitted to the moved picture. The model sees no
/// directions, with which it could learn to move things itself; for edits that have directions,
/// such as an emboss, another one that does is tried. The picture is moved only if the displacement
/// is more than a measuring error and a model explains the moved picture clearly better, so that a
/// key frame that lies right is left as it is. `device`: of the models' networks, as
/// nn::PixelNetworkOptions has it.
KeyAlignment align_key(const cv::Mat& source, const cv::Mat& edited, std::uint64_t seed,
                       const std::string& device = "");

}  // namespace ditto::stages
