#include "stages/generate/edit_model.h"

#include <opencv2/imgproc.hpp>

#include "stages/generate/screen_waves.h"

namespace ditto::stages {
namespace {

constexpr int kBandRows = 8;  // stay in the cache
// A colour map that fits this well needs no network: the rest is below what encoding leaves.
constexpr double kGoodEnough = 46.0;  // dB
// Where on the screen a pixel is is let in as an input only where it explains a lot: forced on
// elsewhere it ties the look to the key frame's layout.
constexpr double kScreenGain = 2.5;  // dB
// It is tried where a rough measure of what it explains, which finds about a fifth of the gain of
// fogs and vignettes, promises this much: they have 2 or more, cartoons and paintings below 0.4.
constexpr double kScreenHope = 1.0;  // dB

constexpr std::size_t kFewestSamples = 64;  // that a network is fitted to

double decibel(double mse) { return 10 * std::log10(255.0 * 255.0 / std::max(mse, 1e-6)); }

/// Features of a band of rows; planes that an undirected model may not see are zero.
void read_band(const PixelFeatures& features, int row, int rows, const ScreenInputs& screen,
               bool directed, std::size_t stride, float* planes) {
  features.band(row, rows, screen, planes);
  if (directed) return;
  for (const auto& [first, count] : PixelFeatures::kDirected) {
    std::fill_n(planes + first * stride, count * stride, 0.0f);
  }
}

/// Pixels of the pairs for training, every pixel or a regular share of them.
nn::PixelSamples gather(std::span<const ImagePair> pairs, const ColourMap& map,
                        const ScreenInputs& screen, const EditModel::Options& options) {
  Stream stream(options.network.seed, "pixels", "generate");
  nn::PixelSamples samples;
  samples.inputs = PixelFeatures::kCount + screen.count();
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
      read_band(features, row, rows, screen, options.directed, stride, planes.data());
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

/// What is left of a residual without its best fit, in a wide window around each pixel, of the
/// source and its fine detail: about what it would be if the position were known. (In a mean alone
/// much of that cancels out: fog that weighs by the place darkens bright things and lightens dark
/// ones next to them, and what is blurred by the place is changed to both sides.)
double mean_square_without_place(const cv::Mat& source, const cv::Mat& residual) {
  constexpr double kFlat = 2e-4;  // variance, of values in 0..1, of what says nothing
  const int window = std::max(residual.cols, residual.rows) / 16 | 1;
  const auto wide = [&](const cv::Mat& image) {
    cv::Mat mean;
    cv::blur(image, mean, {window, window}, {-1, -1}, cv::BORDER_REFLECT_101);
    return mean;
  };
  const auto covariance = [&](const cv::Mat& a, const cv::Mat& b) {
    return cv::Mat(wide(a.mul(b)) - wide(a).mul(wide(b)));
  };
  cv::Mat value, left, soft;
  cv::resize(source, value, {}, 0.5, 0.5, cv::INTER_AREA);
  value.convertTo(value, CV_32F, 1.0 / 255);
  cv::resize(residual, left, value.size(), 0, 0, cv::INTER_AREA);
  cv::GaussianBlur(value, soft, {}, 2);
  const cv::Mat detail = value - soft;
  const cv::Mat vv = covariance(value, value) + cv::Scalar::all(kFlat),
                dd = covariance(detail, detail) + cv::Scalar::all(kFlat),
                vd = covariance(value, detail), vl = covariance(value, left),
                dl = covariance(detail, left);
  const cv::Mat determinant = vv.mul(dd) - vd.mul(vd);
  const cv::Mat of_value = (dd.mul(vl) - vd.mul(dl)) / determinant,
                of_detail = (vv.mul(dl) - vd.mul(vl)) / determinant;
  cv::Mat explained =
      wide(left) + of_value.mul(value - wide(value)) + of_detail.mul(detail - wide(detail));
  cv::resize(explained, explained, residual.size());
  return std::pow(cv::norm(residual, explained, cv::NORM_L2), 2) /
         (3 * static_cast<double>(residual.total()));
}

/// Of each channel of a CV_32FC3 prediction, over the pixels that are to be learned from.
cv::Vec3d mean_squared_error(const cv::Mat& prediction, const ImagePair& pair) {
  cv::Vec3d sum;
  std::size_t count = 0;
  for (int y = 0; y < prediction.rows; ++y) {
    const auto* p = prediction.ptr<cv::Vec3f>(y);
    const auto* t = pair.edited.ptr<cv::Vec3b>(y);
    const uchar* e = pair.excluded.empty() ? nullptr : pair.excluded.ptr<uchar>(y);
    for (int x = 0; x < prediction.cols; ++x) {
      if (e != nullptr && e[x] != 0) continue;
      for (int c = 0; c < 3; ++c) {
        const double d = std::clamp(p[x][c], 0.0f, 255.0f) - static_cast<float>(t[x][c]);
        sum[c] += d * d;
      }
      ++count;
    }
  }
  return count == 0 ? cv::Vec3d() : sum / static_cast<double>(count);
}

}  // namespace

cv::Mat residual_of(const ImagePair& pair, const cv::Mat& prediction) {
  cv::Mat residual;
  cv::subtract(pair.edited, prediction, residual, cv::noArray(), CV_32F);
  if (!pair.excluded.empty()) residual.setTo(cv::Scalar::all(0), pair.excluded);
  return residual;
}

EditModel::EditModel(std::span<const ImagePair> pairs, const Options& options,
                     const ScreenInputs& screen)
    : map_(pairs, options.samples), directed_(options.directed), screen_(screen) {
  mean_square_ = error(pairs);
  map_psnr_ = psnr();
  if (map_psnr_ >= kGoodEnough || options.network.iterations == 0) return;
  nn::PixelSamples samples = gather(pairs, map_, screen_, options);
  if (samples.count < kFewestSamples) return;
  network_ = std::make_unique<nn::PixelNetwork>(samples, options.network);
  network_->fit(std::move(samples), options.network);
  mean_square_ = error(pairs);
}

double EditModel::psnr() const {
  return decibel((mean_square_[0] + mean_square_[1] + mean_square_[2]) / 3);
}

ScreenInputs EditModel::find_screen_inputs(std::span<const ImagePair> pairs,
                                           const Options& options) const {
  if (network_ == nullptr) return {};
  double without_place = 0;
  std::vector<cv::Mat> residuals;
  for (const ImagePair& pair : pairs) {
    residuals.push_back(residual_of(pair, apply(pair.source)));
    without_place += mean_square_without_place(pair.source, residuals.back());
  }
  const double hoped = decibel(without_place / static_cast<double>(pairs.size()));
  ScreenInputs screen{.waves = screen_waves(residuals)};
  screen.position = !screen.waves.empty() || hoped >= psnr() + kScreenHope;
  if (!screen.position) return {};
  return EditModel(pairs, options, screen).psnr() >= psnr() + kScreenGain ? screen : ScreenInputs{};
}

cv::Vec3d EditModel::error(std::span<const ImagePair> pairs) const {
  cv::Vec3d sum;
  for (const ImagePair& pair : pairs) sum += mean_squared_error(apply(pair.source), pair);
  return sum / static_cast<double>(pairs.size());
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
  const int band =
      network_->on_device() ? std::max(kBandRows, kDevicePixels / source.cols) : kBandRows;
  const auto most = static_cast<std::size_t>(std::min(band, source.rows)) * width;
  std::vector<float> planes(inputs * most), colour(3 * most);
  for (int row = 0; row < source.rows; row += band) {
    const int rows = std::min(band, source.rows - row);
    const std::size_t stride = static_cast<std::size_t>(rows) * width;
    read_band(features, row, rows, screen_, directed_, stride, planes.data());
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
