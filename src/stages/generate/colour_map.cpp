#include "stages/generate/colour_map.h"

#include <array>

namespace ditto::stages {
namespace {

constexpr int kTerms = 20;

using Terms = std::array<double, kTerms>;

Terms cubic_terms(double r, double g, double b) {
  return {1,         r,         g,         b,         r * r,     g * g,     b * b,
          r * g,     r * b,     g * b,     r * r * r, g * g * g, b * b * b, r * r * g,
          r * r * b, g * g * r, g * g * b, b * b * r, b * b * g, r * g * b};
}

struct Pixels {
  std::vector<cv::Vec3f> source, residual;  // 0..1
  std::vector<float> weight;
};

/// Weights of least absolute deviations by iteration (the residual floored at 4 grey levels).
void reweigh(Pixels& pixels, const std::vector<cv::Vec3f>& error) {
  for (std::size_t i = 0; i < error.size(); ++i) {
    const float length = std::abs(error[i][0]) + std::abs(error[i][1]) + std::abs(error[i][2]);
    pixels.weight[i] = 0.016f / (0.016f + length / 3);
  }
}

cv::Mat fit_polynomial(Pixels& pixels) {
  cv::Mat coefficients;
  std::vector<cv::Vec3f> error(pixels.source.size());
  for (int round = 0; round < 3; ++round) {
    cv::Mat normal = cv::Mat::zeros(kTerms, kTerms, CV_64F),
            right = cv::Mat::zeros(kTerms, 3, CV_64F);
    for (std::size_t i = 0; i < pixels.source.size(); ++i) {
      const cv::Vec3f& s = pixels.source[i];
      const Terms terms = cubic_terms(s[0], s[1], s[2]);
      for (int a = 0; a < kTerms; ++a) {
        const double wa = pixels.weight[i] * terms[static_cast<std::size_t>(a)];
        double* row = normal.ptr<double>(a);
        for (int b = 0; b <= a; ++b) row[b] += wa * terms[static_cast<std::size_t>(b)];
        for (int c = 0; c < 3; ++c) right.at<double>(a, c) += wa * pixels.residual[i][c];
      }
    }
    cv::completeSymm(normal, true);
    normal += cv::Mat::eye(kTerms, kTerms, CV_64F) *
              (1e-4 * static_cast<double>(pixels.source.size()) / kTerms);
    cv::solve(normal, right, coefficients, cv::DECOMP_CHOLESKY);
    for (std::size_t i = 0; i < pixels.source.size(); ++i) {
      const cv::Vec3f& s = pixels.source[i];
      const Terms terms = cubic_terms(s[0], s[1], s[2]);
      cv::Vec3d value(0, 0, 0);
      for (int a = 0; a < kTerms; ++a) {
        for (int c = 0; c < 3; ++c)
          value[c] += terms[static_cast<std::size_t>(a)] * coefficients.at<double>(a, c);
      }
      error[i] = pixels.residual[i] - cv::Vec3f(value);
    }
    reweigh(pixels, error);
  }
  pixels.residual = error;
  return coefficients;
}

/// The eight nodes around a colour and their weights.
struct Corners {
  std::array<std::size_t, 8> node;
  std::array<float, 8> weight;
};
Corners corners(const cv::Vec3f& colour, int side) {
  std::array<std::size_t, 3> cell{};
  std::array<float, 3> f{};
  for (int c = 0; c < 3; ++c) {
    const float x = std::clamp(colour[c], 0.0f, 1.0f) * static_cast<float>(side - 1);
    const int i = std::min(static_cast<int>(x), side - 2);
    cell[static_cast<std::size_t>(c)] = static_cast<std::size_t>(i);
    f[static_cast<std::size_t>(c)] = x - static_cast<float>(i);
  }
  Corners result{};
  const auto n = static_cast<std::size_t>(side);
  for (std::size_t k = 0; k < 8; ++k) {
    const std::size_t dr = k >> 2, dg = (k >> 1) & 1, db = k & 1;
    result.node[k] = ((cell[0] + dr) * n + cell[1] + dg) * n + cell[2] + db;
    result.weight[k] = (dr ? f[0] : 1 - f[0]) * (dg ? f[1] : 1 - f[1]) * (db ? f[2] : 1 - f[2]);
  }
  return result;
}

cv::Vec3f interpolate(const std::vector<cv::Vec3f>& lattice, const Corners& at) {
  cv::Vec3f value(0, 0, 0);
  for (std::size_t k = 0; k < 8; ++k) value += at.weight[k] * lattice[at.node[k]];
  return value;
}

/// The residuals' weighted means at the nodes, two rounds, pulled to zero by `prior` pixels.
/// Leaves in `pixels` what it doesn't explain.
std::vector<cv::Vec3f> fit_lattice(Pixels& pixels, int side, float prior) {
  const auto nodes = static_cast<std::size_t>(side) * static_cast<std::size_t>(side) *
                     static_cast<std::size_t>(side);
  std::vector<cv::Vec3f> lattice(nodes, cv::Vec3f(0, 0, 0));
  for (int round = 0; round < 2; ++round) {
    std::vector<cv::Vec3f> sum(nodes, cv::Vec3f(0, 0, 0));
    std::vector<float> weight(nodes, 0.0f);
    for (std::size_t i = 0; i < pixels.source.size(); ++i) {
      const Corners at = corners(pixels.source[i], side);
      for (std::size_t k = 0; k < 8; ++k) {
        // Squared: a pixel between nodes says little about either.
        const float w = pixels.weight[i] * at.weight[k] * at.weight[k];
        sum[at.node[k]] += w * pixels.residual[i];
        weight[at.node[k]] += w;
      }
    }
    for (std::size_t n = 0; n < nodes; ++n) {
      sum[n] *= 1.0f / (weight[n] + prior);
      lattice[n] += sum[n];
    }
    for (std::size_t i = 0; i < pixels.source.size(); ++i) {
      pixels.residual[i] -= interpolate(sum, corners(pixels.source[i], side));
    }
  }
  return lattice;
}

}  // namespace

ColourMap::ColourMap(std::span<const ImagePair> pairs, std::size_t most) {
  Pixels pixels;
  std::size_t total = 0;
  for (const ImagePair& pair : pairs) total += pair.source.total();
  const std::size_t stride = (total + most - 1) / most;
  for (const auto& [source, edited, excluded] : pairs) {
    const auto width = static_cast<std::size_t>(source.cols);
    for (std::size_t i = 0; i < source.total(); i += stride) {
      const cv::Point at(static_cast<int>(i % width), static_cast<int>(i / width));
      if (!excluded.empty() && excluded.at<uchar>(at) != 0) continue;
      const cv::Vec3f s = source.at<cv::Vec3b>(at), e = edited.at<cv::Vec3b>(at);
      pixels.source.push_back(s / 255.0f);
      pixels.residual.push_back((e - s) / 255.0f);
    }
  }
  pixels.weight.assign(pixels.source.size(), 1.0f);
  const cv::Mat coefficients = fit_polynomial(pixels);
  constexpr std::array<int, 4> kSides{5, 9, 17, 33};
  std::vector<std::vector<cv::Vec3f>> lattices;
  for (const int side : kSides) lattices.push_back(fit_lattice(pixels, side, 2.0f));

  nodes_.resize(static_cast<std::size_t>(kSide) * kSide * kSide);
  std::size_t n = 0;
  for (int r = 0; r < kSide; ++r) {
    for (int g = 0; g < kSide; ++g) {
      for (int b = 0; b < kSide; ++b, ++n) {
        const cv::Vec3f colour =
            cv::Vec3f(static_cast<float>(r), static_cast<float>(g), static_cast<float>(b)) /
            static_cast<float>(kSide - 1);
        cv::Vec3f value = colour;
        const Terms terms = cubic_terms(colour[0], colour[1], colour[2]);
        for (int a = 0; a < kTerms; ++a) {
          for (int c = 0; c < 3; ++c) {
            value[c] += static_cast<float>(terms[static_cast<std::size_t>(a)] *
                                           coefficients.at<double>(a, c));
          }
        }
        for (std::size_t l = 0; l < kSides.size(); ++l)
          value += interpolate(lattices[l], corners(colour, kSides[l]));
        // A polynomial runs away where no pixel holds it.
        for (int c = 0; c < 3; ++c) value[c] = std::clamp(value[c], -0.05f, 1.05f);
        nodes_[n] = {value[0], value[1], value[2], 0.0f};
      }
    }
  }
}

void ColourMap::apply(const uchar* rgb, std::size_t count, float* planes,
                      std::size_t stride) const {
  constexpr float kScale = (kSide - 1) / 255.0f;
  constexpr int kRed = kSide * kSide;
  for (std::size_t i = 0; i < count; ++i, rgb += 3) {
    const float x = static_cast<float>(rgb[0]) * kScale, y = static_cast<float>(rgb[1]) * kScale,
                z = static_cast<float>(rgb[2]) * kScale;
    const int r = std::min(static_cast<int>(x), kSide - 2),
              g = std::min(static_cast<int>(y), kSide - 2),
              b = std::min(static_cast<int>(z), kSide - 2);
    const float fr = x - static_cast<float>(r), fg = y - static_cast<float>(g),
                fb = z - static_cast<float>(b);
    const cv::Vec4f* n = nodes_.data() + (r * kSide + g) * kSide + b;
    const float w00 = (1 - fr) * (1 - fg), w01 = (1 - fr) * fg, w10 = fr * (1 - fg), w11 = fr * fg;
    float low[4], high[4];
    for (int c = 0; c < 4; ++c) {
      low[c] = w00 * n[0][c] + w01 * n[kSide][c] + w10 * n[kRed][c] + w11 * n[kRed + kSide][c];
      high[c] = w00 * n[1][c] + w01 * n[kSide + 1][c] + w10 * n[kRed + 1][c] +
                w11 * n[kRed + kSide + 1][c];
    }
    for (std::size_t c = 0; c < 3; ++c) planes[c * stride + i] = low[c] + fb * (high[c] - low[c]);
  }
}

}  // namespace ditto::stages
