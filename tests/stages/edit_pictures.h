#pragma once

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

// Pictures with known content for the tests of instruct and edit; RGB.
namespace ditto::stages {

struct Disk {
  cv::Point2d centre;  // fractions of width and height
  cv::Scalar rgb;
};

inline const cv::Scalar kRedPaint(205, 28, 30);
inline const cv::Scalar kBluePaint(30, 70, 205);

// Disks of a sixth of the height on a floor of uneven grey with fine texture. Only what must not be
// plain is textured: a plain floor would be a backdrop.
inline cv::Mat disks_on_grey(const std::vector<Disk>& disks, cv::Size size = {416, 240},
                             int level = 120) {
  cv::Mat picture(size, CV_8UC3);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const int wave =
          static_cast<int>(18 * std::sin(x * 0.045) + 14 * std::cos(y * 0.07 + x * 0.01));
      const int grain = ((x * 37 + y * 61) % 23 + (x / 3 + y / 5) % 7) / 2;
      const auto v = cv::saturate_cast<uchar>(level + wave * level / 120 + grain - 8);
      picture.at<cv::Vec3b>(y, x) = {v, v, v};
    }
  }
  for (const Disk& disk : disks) {
    cv::circle(picture,
               {static_cast<int>(disk.centre.x * size.width),
                static_cast<int>(disk.centre.y * size.height)},
               size.height / 6, disk.rgb, cv::FILLED, cv::LINE_AA);
  }
  return picture;
}

// Blue sky above textured grass, with a house in between.
inline cv::Mat landscape(cv::Size size = {416, 240}) {
  cv::Mat picture(size, CV_8UC3);
  const int horizon = size.height * 45 / 100;
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      if (y < horizon) {
        picture.at<cv::Vec3b>(y, x) = {static_cast<uchar>(110 + 60 * y / horizon),
                                       static_cast<uchar>(165 + 30 * y / horizon), 235};
      } else {
        const int blade = (x * 53 + y * 29) % 41 + (x * 7 + y * 13) % 19;
        picture.at<cv::Vec3b>(y, x) = {static_cast<uchar>(30 + blade / 2),
                                       static_cast<uchar>(95 + blade),
                                       static_cast<uchar>(25 + blade / 3)};
      }
    }
  }
  cv::rectangle(picture, {size.width / 3, horizon - 30, 90, 60}, cv::Scalar(128, 118, 112),
                cv::FILLED);
  return picture;
}

}  // namespace ditto::stages
