#include "stages/edit/segments.h"

#include <opencv2/imgproc.hpp>

namespace ditto::stages::editing {
namespace {

struct Centre {
  cv::Vec3f lab;
  cv::Point2f at;
};

std::vector<Centre> first_centres(const cv::Mat& lab, const cv::Mat& edges, double size) {
  std::vector<Centre> out;
  const int rows = std::max(1, static_cast<int>(std::lround(lab.rows / size)));
  const int columns = std::max(1, static_cast<int>(std::lround(lab.cols / size)));
  for (int j = 0; j < rows; ++j) {
    for (int i = 0; i < columns; ++i) {
      // Every second row is shifted by half a cell, as tiles are laid.
      const double shift = j % 2 == 0 ? 0.25 : 0.75;
      cv::Point at(std::min(lab.cols - 1, static_cast<int>((i + shift) * lab.cols / columns)),
                   std::min(lab.rows - 1, static_cast<int>((j + 0.5) * lab.rows / rows)));
      // Not upon a contour: the calmest of the neighbours.
      cv::Point best = at;
      for (int dy = -2; dy <= 2; ++dy) {
        for (int dx = -2; dx <= 2; ++dx) {
          const cv::Point p = at + cv::Point(dx, dy);
          if (cv::Rect({0, 0}, lab.size()).contains(p) &&
              edges.at<float>(p) < edges.at<float>(best))
            best = p;
        }
      }
      out.push_back({lab.at<cv::Vec3f>(best), cv::Point2f(best)});
    }
  }
  return out;
}

void assign(const cv::Mat& lab, const std::vector<Centre>& centres, double size, double compactness,
            cv::Mat& labels, cv::Mat& nearest) {
  nearest.setTo(cv::Scalar(1e12F));
  const auto reach = static_cast<int>(std::ceil(size * 1.2));
  const auto weight = static_cast<float>(compactness * compactness / (size * size));
  for (std::size_t k = 0; k < centres.size(); ++k) {
    const Centre& c = centres[k];
    const int left = std::max(0, static_cast<int>(c.at.x) - reach);
    const int right = std::min(lab.cols - 1, static_cast<int>(c.at.x) + reach);
    const int top = std::max(0, static_cast<int>(c.at.y) - reach);
    const int bottom = std::min(lab.rows - 1, static_cast<int>(c.at.y) + reach);
    for (int y = top; y <= bottom; ++y) {
      const auto* pixels = lab.ptr<cv::Vec3f>(y);
      float* best = nearest.ptr<float>(y);
      int* label = labels.ptr<int>(y);
      const float dy = static_cast<float>(y) - c.at.y;
      for (int x = left; x <= right; ++x) {
        const float dx = static_cast<float>(x) - c.at.x;
        const float l = pixels[x][0] - c.lab[0];
        const float a = pixels[x][1] - c.lab[1];
        const float b = pixels[x][2] - c.lab[2];
        const float d = l * l + a * a + b * b + weight * (dx * dx + dy * dy);
        if (d < best[x]) {
          best[x] = d;
          label[x] = static_cast<int>(k);
        }
      }
    }
  }
}

void recentre(const cv::Mat& lab, const cv::Mat& labels, std::vector<Centre>& centres) {
  std::vector<Centre> sum(centres.size());
  std::vector<float> count(centres.size(), 0);
  for (int y = 0; y < lab.rows; ++y) {
    for (int x = 0; x < lab.cols; ++x) {
      const auto k = static_cast<std::size_t>(labels.at<int>(y, x));
      sum[k].lab += lab.at<cv::Vec3f>(y, x);
      sum[k].at += cv::Point2f(static_cast<float>(x), static_cast<float>(y));
      count[k] += 1;
    }
  }
  for (std::size_t k = 0; k < centres.size(); ++k) {
    if (count[k] == 0) continue;
    centres[k] = {sum[k].lab * (1 / count[k]), sum[k].at * (1 / count[k])};
  }
}

// Distance to the border between two segments.
cv::Mat seams_of(const cv::Mat& labels) {
  cv::Mat inside(labels.size(), CV_8UC1, cv::Scalar(255));
  for (int y = 0; y < labels.rows; ++y) {
    for (int x = 0; x < labels.cols; ++x) {
      const int own = labels.at<int>(y, x);
      if ((x + 1 < labels.cols && labels.at<int>(y, x + 1) != own) ||
          (y + 1 < labels.rows && labels.at<int>(y + 1, x) != own))
        inside.at<uchar>(y, x) = 0;
    }
  }
  cv::Mat out;
  cv::distanceTransform(inside, out, cv::DIST_L2, 3);
  return out;
}

cv::Mat lab_of(const cv::Mat& rgb) {
  cv::Mat clipped;
  cv::min(cv::max(rgb, 0.0), 1.0, clipped);
  cv::Mat lab;
  cv::cvtColor(clipped, lab, cv::COLOR_RGB2Lab);
  return lab;
}

float squared_distance(const cv::Vec3f& a, const cv::Vec3f& b) {
  const cv::Vec3f d = a - b;
  return d.dot(d);
}

}  // namespace

Segments cut_into_segments(const cv::Mat& rgb, double size, double compactness) {
  const cv::Mat lab = lab_of(rgb);
  std::vector<Centre> centres = first_centres(lab, edge_strength(luma_of(rgb), 1), size);
  Segments out;
  out.labels = cv::Mat::zeros(rgb.size(), CV_32SC1);
  cv::Mat nearest(rgb.size(), CV_32FC1);
  constexpr int kRounds = 5;
  for (int round = 0; round < kRounds; ++round) {
    assign(lab, centres, size, compactness, out.labels, nearest);
    recentre(lab, out.labels, centres);
  }
  std::vector<float> count(centres.size(), 0);
  out.colours.assign(centres.size(), Rgb(0, 0, 0));
  for (int y = 0; y < rgb.rows; ++y) {
    for (int x = 0; x < rgb.cols; ++x) {
      const auto k = static_cast<std::size_t>(out.labels.at<int>(y, x));
      out.colours[k] += rgb.at<Rgb>(y, x);
      count[k] += 1;
    }
  }
  for (std::size_t k = 0; k < count.size(); ++k) {
    if (count[k] > 0) out.colours[k] *= 1 / count[k];
  }
  out.seam = seams_of(out.labels);
  return out;
}

std::vector<Rgb> palette_of(const cv::Mat& rgb, int count) {
  const cv::Mat lab = lab_of(rgb);
  const auto total = static_cast<int>(lab.total());
  const auto* pixels = lab.ptr<cv::Vec3f>();
  const cv::Scalar mean = cv::mean(lab);
  std::vector<cv::Vec3f> centres = {
      {static_cast<float>(mean[0]), static_cast<float>(mean[1]), static_cast<float>(mean[2])}};
  std::vector<float> distance(static_cast<std::size_t>(total), 1e12F);
  while (static_cast<int>(centres.size()) < count) {
    int farthest = 0;
    for (int i = 0; i < total; ++i) {
      float& d = distance[static_cast<std::size_t>(i)];
      d = std::min(d, squared_distance(pixels[i], centres.back()));
      if (d > distance[static_cast<std::size_t>(farthest)]) farthest = i;
    }
    if (distance[static_cast<std::size_t>(farthest)] < 4) break;  // nobody tells such colours apart
    centres.push_back(pixels[farthest]);
  }
  std::vector<Rgb> colours(centres.size());
  for (int round = 0; round < 8; ++round) {
    std::vector<cv::Vec3f> sum(centres.size(), cv::Vec3f(0, 0, 0));
    std::fill(colours.begin(), colours.end(), Rgb(0, 0, 0));
    std::vector<float> members(centres.size(), 0);
    for (int i = 0; i < total; ++i) {
      std::size_t best = 0;
      for (std::size_t k = 1; k < centres.size(); ++k) {
        if (squared_distance(pixels[i], centres[k]) < squared_distance(pixels[i], centres[best]))
          best = k;
      }
      sum[best] += pixels[i];
      colours[best] += rgb.at<Rgb>(i / rgb.cols, i % rgb.cols);
      members[best] += 1;
    }
    for (std::size_t k = 0; k < centres.size(); ++k) {
      if (members[k] == 0) continue;
      centres[k] = sum[k] * (1 / members[k]);
      colours[k] *= 1 / members[k];
    }
  }
  return colours;
}

}  // namespace ditto::stages::editing
