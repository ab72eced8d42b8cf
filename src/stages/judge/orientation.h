#pragma once

#include <opencv2/core.hpp>

namespace ditto::stages::measure {

/// The direction of the local structure in a grid of cells, CV_32FC2: (gx²-gy², 2 gx gy) summed
/// over a cell and divided by the energy of its neighbourhood. The doubled angle makes it blind to
/// the sign of the contrast and the division to its size, so that it survives a change of colours,
/// a drawing or night, while unrelated pictures are uncorrelated.
cv::Mat orientation_field(const cv::Mat& grey, cv::Size cells);

/// Cosine between two fields, -1..1, over the cells where `weight` (CV_8UC1 of the fields' size;
/// empty: everywhere) is set. 0 when either is without structure there.
double correlation(const cv::Mat& a, const cv::Mat& b, const cv::Mat& weight = {});

/// Where the structure of `b` lies relative to that of `a`.
struct Displacement {
  cv::Point2d cells;   ///< to the right and down, sub-cell
  double at_zero = 0;  ///< correlation without displacement
  double at_best = 0;
};
Displacement displacement(const cv::Mat& a, const cv::Mat& b, int radius);

}  // namespace ditto::stages::measure
