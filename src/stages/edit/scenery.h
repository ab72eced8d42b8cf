#pragma once

#include <opencv2/core.hpp>

/// Parts of a landscape as soft maps, for looks that treat them apart. Unlike regions.h nothing is
/// found or refused: a picture without sky or ground has a map near zero.
namespace ditto::stages::editing {

/// How much each pixel seems to be sky, 0..1, CV_32FC1: what is pale or blue, smooth, and joined to
/// the upper edge without a contour in between. `rgb` is CV_32FC3 in 0..1.
cv::Mat sky_map(const cv::Mat& rgb);
/// How much each pixel seems to be ground that one could walk on: what is earthy, green or grey and
/// joined to the lower edge without a strong contour in between, and green areas that aren't high
/// up.
cv::Mat ground_map(const cv::Mat& rgb);
/// Lamps and lit signs, 0..1: what is bright, and warm, red or much brighter than all round it.
cv::Mat lamp_map(const cv::Mat& rgb);
/// Surfaces that face up, 0..1: the upper rims of things, with some depth below the rim.
cv::Mat ledge_map(const cv::Mat& rgb);

}  // namespace ditto::stages::editing
