#include "stages/edit/scenery.h"

#include <opencv2/imgproc.hpp>

#include "stages/edit/filters.h"

namespace ditto::stages::editing {
namespace {

constexpr int kWorkingSize = 256;  // longer side at which areas are followed

cv::Mat reduced(const cv::Mat& rgb) {
  const double scale =
      std::min(1.0, static_cast<double>(kWorkingSize) / std::max(rgb.cols, rgb.rows));
  cv::Mat small;
  cv::resize(rgb, small, {}, scale, scale, cv::INTER_AREA);
  return dabs(dabs(small, 2), 2);
}

// Cheapest way from the seeds (where `start` is below kFar) to each pixel. A step costs the change
// of colour and `price` of the pixel that is entered. Four sweeps: enough for all but mazes.
constexpr float kFar = 1e6F;
cv::Mat cheapest_way(const cv::Mat& rgb, const cv::Mat& start, const cv::Mat& price,
                     float colour_price) {
  cv::Mat cost = start.clone();
  const auto relax = [&](int y, int x, int dy, int dx) {
    const int v = y + dy;
    const int u = x + dx;
    if (v < 0 || u < 0 || v >= cost.rows || u >= cost.cols) return;
    const Rgb d = rgb.at<Rgb>(y, x) - rgb.at<Rgb>(v, u);
    // Slow changes are light, not contours.
    const float change = std::max(0.0F, std::sqrt(d.dot(d)) - 0.025F);
    const float step = colour_price * change + price.at<float>(y, x);
    cost.at<float>(y, x) = std::min(cost.at<float>(y, x), cost.at<float>(v, u) + step);
  };
  for (int round = 0; round < 2; ++round) {
    for (int y = 0; y < cost.rows; ++y) {
      for (int x = 0; x < cost.cols; ++x) {
        relax(y, x, -1, 0);
        relax(y, x, 0, -1);
        relax(y, x, -1, -1);
        relax(y, x, -1, 1);
      }
    }
    for (int y = cost.rows - 1; y >= 0; --y) {
      for (int x = cost.cols - 1; x >= 0; --x) {
        relax(y, x, 1, 0);
        relax(y, x, 0, 1);
        relax(y, x, 1, 1);
        relax(y, x, 1, -1);
      }
    }
  }
  return cost;
}

// A map at working size brought to the picture's contours (guided filter).
cv::Mat along_contours(const cv::Mat& rgb, const cv::Mat& small_map) {
  cv::Mat map;
  cv::resize(small_map, map, rgb.size(), 0, 0, cv::INTER_LINEAR);
  const cv::Mat guide = luma_of(rgb);
  const int side = 2 * std::max(2, static_cast<int>(std::lround(6 * unit_of(rgb)))) + 1;
  const auto mean = [&](const cv::Mat& m) {
    cv::Mat out;
    cv::blur(m, out, {side, side}, {-1, -1}, cv::BORDER_REFLECT_101);
    return out;
  };
  const cv::Mat mean_guide = mean(guide);
  const cv::Mat mean_map = mean(map);
  const cv::Mat a = (mean(guide.mul(map)) - mean_guide.mul(mean_map)) /
                    (mean(guide.mul(guide)) - mean_guide.mul(mean_guide) + 2e-3);
  cv::Mat out = mean(a).mul(guide) + mean(mean_map - a.mul(mean_guide));
  cv::min(cv::max(out, 0.0), 1.0, out);
  return out;
}

cv::Mat detail_of(const cv::Mat& light) {
  return blurred(cv::abs(light - blurred(light, 1.5)), 1.5);
}

float sky_colour(const Rgb& c) {
  const Hsv hsv = to_hsv(c);
  const float blue = hue_weight(hsv.h, 190, 262, 14) * smoothstep(0.32F, 0.55F, hsv.v);
  const float pale = smoothstep(0.62F, 0.84F, hsv.v) * (1 - smoothstep(0.16F, 0.36F, hsv.s));
  return std::max(blue, pale);
}

float ground_colour(const Rgb& c) {
  const Hsv hsv = to_hsv(c);
  const float dull = 1 - smoothstep(0.22F, 0.5F, hsv.s);
  const float earth = hue_weight(hsv.h, 22, 150, 12);
  return std::max(dull, earth) * smoothstep(0.10F, 0.24F, luma(c));
}

}  // namespace

cv::Mat sky_map(const cv::Mat& rgb) {
  const cv::Mat small = reduced(rgb);
  const cv::Mat detail = detail_of(luma_of(small));
  cv::Mat start(small.size(), CV_32FC1, cv::Scalar(kFar));
  cv::Mat price(small.size(), CV_32FC1);
  for (int y = 0; y < small.rows; ++y) {
    for (int x = 0; x < small.cols; ++x) {
      const float like =
          sky_colour(small.at<Rgb>(y, x)) * (1 - smoothstep(0.012F, 0.04F, detail.at<float>(y, x)));
      price.at<float>(y, x) = 0.001F + 0.20F * (1 - like);
      if (y < 2 && like > 0.5F) start.at<float>(y, x) = 0;
    }
  }
  cv::Mat cost = cheapest_way(small, start, price, 0.8F);
  for (int y = 0; y < cost.rows; ++y) {
    for (int x = 0; x < cost.cols; ++x)
      cost.at<float>(y, x) = 1 - smoothstep(0.35F, 0.9F, cost.at<float>(y, x));
  }
  return along_contours(rgb, cost);
}

cv::Mat ground_map(const cv::Mat& rgb) {
  const cv::Mat small = reduced(rgb);
  cv::Mat start(small.size(), CV_32FC1, cv::Scalar(kFar));
  cv::Mat price(small.size(), CV_32FC1);
  for (int y = 0; y < small.rows; ++y) {
    // The higher up, the less of what looks like ground is ground.
    const float high = 1 - static_cast<float>(y) / static_cast<float>(small.rows);
    for (int x = 0; x < small.cols; ++x) {
      const float like = ground_colour(small.at<Rgb>(y, x));
      price.at<float>(y, x) = 0.002F + 0.16F * (1 - like) + 0.05F * smoothstep(0.4F, 0.75F, high);
      if (y >= small.rows - 2 && like > 0.4F) start.at<float>(y, x) = 0;
    }
  }
  cv::Mat cost = cheapest_way(small, start, price, 1.6F);
  for (int y = 0; y < cost.rows; ++y) {
    const float high = 1 - static_cast<float>(y) / static_cast<float>(cost.rows);
    for (int x = 0; x < cost.cols; ++x) {
      const float joined = 1 - smoothstep(0.35F, 0.8F, cost.at<float>(y, x));
      // Green and not high up is a meadow, whatever stands before it.
      const float meadow = greenness(small.at<Rgb>(y, x)) * (1 - smoothstep(0.7F, 0.95F, high));
      cost.at<float>(y, x) = std::max(joined, meadow);
    }
  }
  return along_contours(rgb, cost);
}

cv::Mat lamp_map(const cv::Mat& rgb) {
  const double u = unit_of(rgb);
  cv::Mat bright(rgb.size(), CV_32FC1);
  cv::Mat glowing(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const Hsv c = to_hsv(rgb.at<Rgb>(y, x));
      bright.at<float>(y, x) = smoothstep(0.86F, 0.97F, c.v) * (1 - smoothstep(0.2F, 0.5F, c.s));
      const float warm =
          hue_weight(c.h, 24, 52, 8) * smoothstep(0.5F, 0.75F, c.s) * smoothstep(0.82F, 0.96F, c.v);
      const float red = hue_weight(c.h, 348, 374, 8) * smoothstep(0.7F, 0.85F, c.s) *
                        smoothstep(0.78F, 0.95F, c.v);
      glowing.at<float>(y, x) = std::max(warm, red);
    }
  }
  // White alone says nothing: a wall is white too. Small and white is a lamp.
  const cv::Mat around = blurred(bright, 9 * u);
  const cv::Mat far = blurred(luma_of(rgb), 22 * u);
  // What is small and white upon the ground is paper.
  const cv::Mat blurred_ground = blurred(ground_map(rgb), 8 * u);
  cv::Mat out(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const float small = 1 - smoothstep(0.22F, 0.42F, around.at<float>(y, x));
      const float alone = 1 - smoothstep(0.45F, 0.65F, far.at<float>(y, x));
      out.at<float>(y, x) =
          std::max(glowing.at<float>(y, x),
                   bright.at<float>(y, x) * small * alone *
                       (1 - smoothstep(0.15F, 0.5F, blurred_ground.at<float>(y, x))));
    }
  }
  return out;
}

cv::Mat ledge_map(const cv::Mat& rgb) {
  const double u = unit_of(rgb);
  cv::Mat dy;
  cv::Scharr(blurred(luma_of(rgb), 1.6 * u), dy, CV_32F, 0, 1, 1.0 / 32, 0, cv::BORDER_REFLECT_101);
  cv::Mat rim(rgb.size(), CV_32FC1);
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x)
      rim.at<float>(y, x) = smoothstep(0.010F, 0.035F, dy.at<float>(y, x));
  }
  // What lies on a rim is a few pixels deep.
  const int depth = std::max(2, static_cast<int>(std::lround(5 * u)));
  cv::Mat out;
  cv::dilate(rim, out, cv::Mat::ones(depth, 1, CV_8UC1), {0, depth - 1});
  return blurred(out, 1.0 * u);
}

}  // namespace ditto::stages::editing
