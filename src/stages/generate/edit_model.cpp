#include "stages/generate/edit_model.h"

#include <opencv2/imgproc.hpp>

#include "stages/generate/pixel_features.h"

namespace ditto::stages {
namespace {

constexpr int kBandRows = 8;
// A colour map that fits this well needs no network: the rest is below what encoding leaves.
constexpr double kGoodEnough = 46.0;  // dB
// The screen position is let in as an input only where it explains a lot: forced on elsewhere it
// ties the look to the key frame's layout.
constexpr double kPositionGain = 2.5;  // dB

double decibel(double mse) { return 10 * std::log10(255.0 * 255.0 / std::max(mse, 1e-6)); }

/// Features of a band of rows; planes that an undirected model may not see are zero.
void read_band(const PixelFeatures& features, int row, int rows, bool position, bool directed,
               std::size_t stride, float* planes) {
  features.band(row, rows, position, planes);
  if (directed) return;
  for (const auto& [first, count] : PixelFeatures::kDirected) {
    std::fill_n(planes + first * stride, count * stride, 0.0f);
  }
}

/// Pixels of the pairs for training, every pixel or a regular share of them.
nn::PixelSamples gather(std::span<const ImagePair> pairs, const ColourMap& map, bool position,
                        const EditModel::Options& options) {
  Stream stream(options.network.seed, "pixels", "generate");
  nn::PixelSamples samples;
  samples.inputs = position ? PixelFeatures::kCountWithPosition : PixelFeatures::kCount;
  const auto inputs = static_cast<std::size_t>(samples.inputs);
  std::size_t total = 0;
  for (const ImagePair& pair : pairs) total += pair.source.total();
  const double share =
      std::min(1.0, static_cast<double>(options.samples) / static_cast<double>(total));
  const auto most = static_cast<std::size_t>(share * static_cast<double>(total) * 1.02) + 1000;
  samples.features.reserve(most * inputs);
  samples.base.reserve(most * 3);
  samples.target.reserve(most * 3);
  for (const auto& [source, edited, excluded] : pairs) {
    const PixelFeatures features(source, map);
    const auto width = static_cast<std::size_t>(source.cols);
    std::vector<float> planes(inputs * kBandRows * width);
    for (int row = 0; row < source.rows; row += kBandRows) {
      const int rows = std::min(kBandRows, source.rows - row);
      const std::size_t stride = static_cast<std::size_t>(rows) * width;
      read_band(features, row, rows, position, options.directed, stride, planes.data());
      for (std::size_t i = 0; i < stride; ++i) {
        if (share < 1 && stream.uniform() >= share) continue;
        const cv::Point at(static_cast<int>(i % width), row + static_cast<int>(i / width));
        if (!excluded.empty() && excluded.at<uchar>(at) != 0) continue;
        for (std::size_t k = 0; k < inputs; ++k) samples.features.push_back(planes[k * stride + i]);
        const cv::Vec3b& target = edited.at<cv::Vec3b>(at);
        for (std::size_t c = 0; c < 3; ++c) {
          samples.base.push_back(planes[(PixelFeatures::kBase + c) * stride + i]);
          samples.target.push_back(static_cast<float>(target[static_cast<int>(c)]) / 255.0f);
        }
        ++samples.count;
      }
    }
  }
  return samples;
}

/// What a wide blur of the residual would take away bounds what the position can explain.
double error_without_wide_residual(const ImagePair& pair, const cv::Mat& prediction) {
  cv::Mat residual, target, wide;
  pair.edited.convertTo(target, CV_32F);
  cv::subtract(target, prediction, residual);
  if (!pair.excluded.empty()) residual.setTo(cv::Scalar::all(0), pair.excluded);
  const int window = std::max(residual.cols, residual.rows) / 8 | 1;
  cv::resize(residual, wide, {}, 0.25, 0.25, cv::INTER_AREA);
  cv::blur(wide, wide, {window / 4 | 1, window / 4 | 1});
  cv::resize(wide, wide, residual.size());
  return mean_squared_error(prediction + wide, pair.edited, pair.excluded);
}

}  // namespace

double mean_squared_error(const cv::Mat& prediction, const cv::Mat& target,
                          const cv::Mat& excluded) {
  double sum = 0;
  std::size_t count = 0;
  for (int y = 0; y < target.rows; ++y) {
    const auto* p = prediction.ptr<cv::Vec3f>(y);
    const auto* t = target.ptr<cv::Vec3b>(y);
    const uchar* e = excluded.empty() ? nullptr : excluded.ptr<uchar>(y);
    for (int x = 0; x < target.cols; ++x) {
      if (e != nullptr && e[x] != 0) continue;
      for (int c = 0; c < 3; ++c) {
        const double d = std::clamp(p[x][c], 0.0f, 255.0f) - static_cast<float>(t[x][c]);
        sum += d * d;
      }
      count += 3;
    }
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

EditModel::EditModel(std::span<const ImagePair> pairs, const Options& options)
    : map_(pairs), directed_(options.directed) {
  map_psnr_ = psnr_ = decibel(error(pairs));
  if (psnr_ >= kGoodEnough) return;
  fit(pairs, options, false);
  double sum = 0, without_wide = 0;
  for (const ImagePair& pair : pairs) {
    const cv::Mat prediction = apply(pair.source);
    sum += mean_squared_error(prediction, pair.edited, pair.excluded);
    without_wide += error_without_wide_residual(pair, prediction);
  }
  psnr_ = decibel(sum / static_cast<double>(pairs.size()));
  if (!options.position ||
      decibel(without_wide / static_cast<double>(pairs.size())) < psnr_ + kPositionGain) {
    return;
  }
  std::unique_ptr<nn::PixelNetwork> without = std::move(network_);
  fit(pairs, options, true);
  const double with_position = decibel(error(pairs));
  if (with_position >= psnr_ + kPositionGain) {
    psnr_ = with_position;
  } else {
    network_ = std::move(without);
    position_ = false;
  }
}

double EditModel::error(std::span<const ImagePair> pairs) const {
  double sum = 0;
  for (const ImagePair& pair : pairs) {
    sum += mean_squared_error(apply(pair.source), pair.edited, pair.excluded);
  }
  return sum / static_cast<double>(pairs.size());
}

void EditModel::fit(std::span<const ImagePair> pairs, const Options& options, bool position) {
  position_ = position;
  nn::PixelSamples samples = gather(pairs, map_, position, options);
  if (samples.count < 64) {
    network_.reset();
    return;
  }
  network_ = std::make_unique<nn::PixelNetwork>(samples, options.network);
  network_->fit(std::move(samples), options.network);
}

cv::Mat EditModel::apply(const cv::Mat& source) const {
  cv::Mat out(source.size(), CV_32FC3);
  const auto width = static_cast<std::size_t>(source.cols);
  if (network_ == nullptr) {
    std::vector<float> planes(3 * width);
    for (int y = 0; y < source.rows; ++y) {
      map_.apply(source.ptr<uchar>(y), width, planes.data(), width);
      auto* o = out.ptr<cv::Vec3f>(y);
      for (std::size_t x = 0; x < width; ++x) {
        o[x] = cv::Vec3f(planes[x], planes[width + x], planes[2 * width + x]) * 255.0f;
      }
    }
    return out;
  }
  const PixelFeatures features(source, map_);
  const auto inputs = static_cast<std::size_t>(network_->inputs());
  std::vector<float> planes(inputs * kBandRows * width), colour(3 * kBandRows * width);
  for (int row = 0; row < source.rows; row += kBandRows) {
    const int rows = std::min(kBandRows, source.rows - row);
    const std::size_t stride = static_cast<std::size_t>(rows) * width;
    read_band(features, row, rows, position_, directed_, stride, planes.data());
    std::copy_n(planes.data() + PixelFeatures::kBase * stride, 3 * stride, colour.data());
    network_->apply(planes.data(), colour.data(), stride, stride);
    auto* o = out.ptr<cv::Vec3f>(row);
    for (std::size_t i = 0; i < stride; ++i) {
      o[i] = cv::Vec3f(colour[i], colour[stride + i], colour[2 * stride + i]) * 255.0f;
    }
  }
  return out;
}

}  // namespace ditto::stages
