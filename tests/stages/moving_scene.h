#pragma once

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "ditto/stages/clip.h"

/// Synthetic clips with known motion for the tests of generate and enhance.
namespace ditto::stages {

/// Smooth colour noise, fixed by `seed`.
inline cv::Mat cloud(cv::Size size, unsigned seed, double sigma, double contrast) {
  cv::RNG rng(seed);
  cv::Mat noise(size, CV_32FC3);
  rng.fill(noise, cv::RNG::NORMAL, 0, 1);
  cv::GaussianBlur(noise, noise, {}, sigma, sigma, cv::BORDER_REFLECT);
  // Mostly grey: strong colours are left to what is put on it.
  cv::transform(noise, noise, cv::Matx33f(0.8f, 0.4f, 0.4f, 0.4f, 0.8f, 0.4f, 0.4f, 0.4f, 0.8f));
  cv::Scalar mean, deviation;
  cv::meanStdDev(noise, mean, deviation);
  cv::Mat out;
  noise.convertTo(out, CV_8U, contrast / deviation[0], 120);
  return out;
}

/// Where the disk's centre is at frame t.
inline cv::Point2f disk_centre(int t) {
  return {30.0f + 3.5f * static_cast<float>(t), 30.0f + 1.0f * static_cast<float>(t)};
}
inline constexpr int kDiskRadius = 13;

/// A textured background panning by (1.25, 0.5) px a frame and, with `disk`, an orange disk that
/// crosses it. Key frame in the middle.
inline Clip moving_scene(cv::Size size, int frames, bool disk) {
  const cv::Mat ground = cloud({size.width + 64, size.height + 64}, 7, 2.5, 35);
  const cv::Mat grain = cloud({4 * kDiskRadius, 4 * kDiskRadius}, 9, 1.5, 12);
  Clip clip;
  clip.id = "scene_000000";
  clip.video.fps = {20, 1};
  clip.key_frame = frames / 2;
  for (int t = 0; t < frames; ++t) {
    cv::Mat frame;
    const cv::Point2f at(size.width / 2.0f + 8 + 1.25f * static_cast<float>(t),
                         size.height / 2.0f + 8 + 0.5f * static_cast<float>(t));
    cv::getRectSubPix(ground, size, at, frame);
    if (disk) {
      const cv::Point2f c = disk_centre(t);
      for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
          const float dx = static_cast<float>(x) - c.x, dy = static_cast<float>(y) - c.y;
          const float inside =
              std::clamp(kDiskRadius - std::sqrt(dx * dx + dy * dy) + 0.5f, 0.0f, 1.0f);
          if (inside <= 0) continue;
          const auto& g = grain.at<cv::Vec3b>(static_cast<int>(dy + 2 * kDiskRadius),
                                              static_cast<int>(dx + 2 * kDiskRadius));
          const cv::Vec3f orange(120.0f + static_cast<float>(g[0]) / 2,
                                 50.0f + static_cast<float>(g[1]) / 2,
                                 static_cast<float>(g[2]) / 4);
          auto& p = frame.at<cv::Vec3b>(y, x);
          p = cv::Vec3b(cv::Vec3f(p) * (1 - inside) + orange * inside);
        }
      }
    }
    clip.video.frames.push_back(frame);
  }
  return clip;
}

inline double psnr(const cv::Mat& a, const cv::Mat& b, const cv::Mat& mask = {}) {
  const double d = mask.empty() ? cv::norm(a, b, cv::NORM_L2) : cv::norm(a, b, cv::NORM_L2, mask);
  const double n = (mask.empty() ? static_cast<double>(a.total()) : cv::countNonZero(mask)) * 3;
  return 10 * std::log10(255.0 * 255.0 / std::max(d * d / n, 1e-4));
}

}  // namespace ditto::stages
