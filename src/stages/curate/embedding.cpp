#include "stages/curate/embedding.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <opencv2/imgproc.hpp>

#include "ditto/core/error.h"

namespace ditto::stages::curate {
namespace {

// Shares of the squared length when every part is well above its floor.
constexpr double kLumaShare = 0.25;
constexpr double kOrientationShare = 0.20;
constexpr double kChromaShare = 0.10;
constexpr double kCourseShare = 0.45;
// Lengths at which a part counts for half, in levels: below, it is mostly encoder noise. Real
// footage has 15 to 60 in luma, 20 to 60 in orientation, 14 to 120 in chroma and 5 to 75 in course.
constexpr double kLumaFloor = 2;
constexpr double kOrientationFloor = 2;
constexpr double kChromaFloor = 6;
constexpr double kCourseFloor = 2;

constexpr int kLumaSide = 32;
constexpr int kGradientSide = 64;
constexpr int kCells = 4;
constexpr int kDirections = 4;

void describe_luma(const cv::Mat& plane, Descriptor& out) {
  cv::Mat small, values, terms;
  cv::resize(plane, small, {kLumaSide, kLumaSide}, 0, 0, cv::INTER_AREA);
  small.convertTo(values, CV_32F);
  cv::dct(values, terms);
  std::size_t at = 0;
  for (int sum = 1; sum <= 6; ++sum) {
    for (int i = 0; i <= sum; ++i) {
      out.luma[at++] = terms.at<float>(i, sum - i) / static_cast<float>(kLumaSide);
    }
  }
}

void describe_chroma(const cv::Mat& plane, float* out) {
  cv::Mat small;
  cv::resize(plane, small, {4, 4}, 0, 0, cv::INTER_AREA);
  for (int i = 0; i < 16; ++i) {
    out[i] = static_cast<float>(small.at<std::uint8_t>(i / 4, i % 4)) - 128.0F;
  }
}

void describe_orientation(const cv::Mat& plane, Descriptor& out) {
  cv::Mat small, dx, dy;
  cv::resize(plane, small, {kGradientSide, kGradientSide}, 0, 0, cv::INTER_AREA);
  cv::Sobel(small, dx, CV_32F, 1, 0);
  cv::Sobel(small, dy, CV_32F, 0, 1);
  constexpr int kCellSide = kGradientSide / kCells;
  for (int y = 0; y < kGradientSide; ++y) {
    for (int x = 0; x < kGradientSide; ++x) {
      // Doubling the angle makes opposite gradients alike; its cosine and sine, each split by sign,
      // are the energies along 0, 45, 90 and 135 degrees.
      const float a = dx.at<float>(y, x);
      const float b = dy.at<float>(y, x);
      const float magnitude = std::sqrt(a * a + b * b);
      if (magnitude == 0) continue;
      const float along = (a * a - b * b) / magnitude;
      const float across = 2 * a * b / magnitude;
      float* cell = out.orientation.data() + (y / kCellSide * kCells + x / kCellSide) * kDirections;
      cell[along > 0 ? 0 : 2] += std::abs(along);
      cell[across > 0 ? 1 : 3] += std::abs(across);
    }
  }
  for (std::size_t cell = 0; cell < out.orientation.size(); cell += kDirections) {
    float mean = 0;
    for (std::size_t i = 0; i < kDirections; ++i) mean += out.orientation[cell + i] / kDirections;
    for (std::size_t i = 0; i < kDirections; ++i) {
      float& value = out.orientation[cell + i];
      value = (value - mean) / (kCellSide * kCellSide * 4);
    }
  }
}

template <std::size_t N>
void add(std::array<float, N>& sum, const std::array<float, N>& values, float weight) {
  for (std::size_t i = 0; i < N; ++i) sum[i] += weight * values[i];
}

/// Writes `values` scaled to the square root of `share`, less when they are hardly above `floor`.
float* put(std::span<const float> values, double share, double floor, float* out) {
  double squares = floor * floor;
  for (const float value : values) squares += static_cast<double>(value) * value;
  const auto scale = static_cast<float>(std::sqrt(share / squares));
  for (const float value : values) *out++ = value * scale;
  return out;
}

void normalise(Embedding& embedding) {
  double squares = 0;
  for (const float value : embedding) squares += static_cast<double>(value) * value;
  // A uniform grey clip has no features at all: it is like any other such clip.
  if (squares < 1e-12) {
    embedding[0] = 1;
    return;
  }
  const auto scale = static_cast<float>(1.0 / std::sqrt(squares));
  for (float& value : embedding) value *= scale;
}

}  // namespace

Descriptor describe_picture(const cv::Mat& rgb) {
  cv::Mat small, ycrcb;
  cv::resize(rgb, small, {kGradientSide, kGradientSide}, 0, 0, cv::INTER_AREA);
  cv::cvtColor(small, ycrcb, cv::COLOR_RGB2YCrCb);
  std::array<cv::Mat, 3> planes;
  cv::split(ycrcb, planes.data());
  Descriptor out;
  describe_luma(planes[0], out);
  describe_chroma(planes[1], out.chroma.data());
  describe_chroma(planes[2], out.chroma.data() + 16);
  describe_orientation(planes[0], out);
  return out;
}

Embedding embed(std::span<const Descriptor* const> pictures) {
  const std::size_t count = pictures.size();
  Descriptor mean;
  std::array<std::array<float, kLumaTerms>, kSegments> course{};
  for (std::size_t i = 0; i < count; ++i) {
    const float weight = 1.0F / static_cast<float>(count);
    add(mean.luma, pictures[i]->luma, weight);
    add(mean.chroma, pictures[i]->chroma, weight);
    add(mean.orientation, pictures[i]->orientation, weight);
  }
  std::array<float, kSegments * kLumaTerms> changes{};
  for (std::size_t s = 0; s < kSegments; ++s) {
    const std::size_t begin = s * count / kSegments;
    const std::size_t end = (s + 1) * count / kSegments;
    for (std::size_t i = begin; i < end; ++i) {
      add(course[s], pictures[i]->luma, 1.0F / static_cast<float>(end - begin));
    }
    for (std::size_t k = 0; k < kLumaTerms; ++k) {
      changes[s * kLumaTerms + k] = course[s][k] - mean.luma[k];
    }
  }
  Embedding embedding{};
  float* at = embedding.data();
  at = put(mean.luma, kLumaShare, kLumaFloor, at);
  at = put(mean.orientation, kOrientationShare, kOrientationFloor, at);
  at = put(mean.chroma, kChromaShare, kChromaFloor, at);
  put(changes, kCourseShare, kCourseFloor, at);
  normalise(embedding);
  return embedding;
}

std::string to_text(const Embedding& embedding) {
  float largest = 0;
  for (const float value : embedding) largest = std::max(largest, std::abs(value));
  std::string text;
  text.reserve(embedding.size() * 2);
  constexpr char kDigits[] = "0123456789abcdef";
  for (const float value : embedding) {
    const auto byte = static_cast<unsigned>(std::lround(value / largest * 127) + 128);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Embedding embedding_from_text(const std::string& text) {
  const auto digit = [&](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    throw Error(ErrorKind::kInput, fmt::format("embedding: '{}' is no lower-case hex digit", c));
  };
  Embedding embedding{};
  if (text.size() != embedding.size() * 2) {
    throw Error(ErrorKind::kInput, fmt::format("embedding: {} hex digits expected, found {}",
                                               embedding.size() * 2, text.size()));
  }
  for (std::size_t i = 0; i < embedding.size(); ++i) {
    embedding[i] = static_cast<float>(digit(text[2 * i]) * 16 + digit(text[2 * i + 1]) - 128);
  }
  normalise(embedding);
  return embedding;
}

}  // namespace ditto::stages::curate
