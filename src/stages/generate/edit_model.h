#pragma once

#include <memory>
#include <opencv2/core.hpp>
#include <span>

#include "ditto/core/random.h"
#include "ditto/nn/pixel_network.h"
#include "stages/generate/colour_map.h"
#include "stages/generate/pixel_features.h"

namespace ditto::stages {

/// What an edit does, learned from images before and after it, as a function of a pixel and its
/// neighbourhood: a colour map, and a pixel network for what colours alone don't tell.
class EditModel {
  /// Pixels that go to a device at once, where they take about 1 KB each.
  static constexpr int kDevicePixels = 1 << 17;

 public:
  struct Options {
    nn::PixelNetworkOptions network;  ///< no iterations: the colour map alone
    /// Whether features that know left from right and up from down are seen. With them the network
    /// can also move an image by a pixel or two.
    bool directed = true;
    std::size_t samples = 200000;  ///< pixels that are learned from at most, about
  };
  /// Upper bound of what fitting needs beside images of the key's size: samples and their order.
  static constexpr std::size_t kFittingBytes = 52U << 20;
  /// Of apply(), for its bands of planes, per column of the image, or in all for a network that is
  /// on a device, which takes larger ones.
  static constexpr std::size_t kBandBytesPerColumn = 2048;
  static constexpr std::size_t kDeviceBandBytes = 256UL * kDevicePixels;

  /// Pairs of one size, at least one. `screen` are more inputs of the network.
  EditModel(std::span<const ImagePair> pairs, const Options& options,
            const ScreenInputs& screen = {});

  /// Inputs of the screen with which another model explains the pairs that this one was fitted to
  /// a lot better: the position, periodic patterns, or none.
  ScreenInputs find_screen_inputs(std::span<const ImagePair> pairs, const Options& options) const;

  /// The edit of another frame of the same size, CV_32FC3 in 0..255, not clamped.
  cv::Mat apply(const cv::Mat& source) const;

  bool has_network() const { return network_ != nullptr; }
  const ScreenInputs& screen() const { return screen_; }
  /// Fit on the pairs in dB: of the colour map alone, and of the whole.
  double map_psnr() const { return map_psnr_; }
  double psnr() const;
  /// The whole's mean squared error on the pairs, of each channel.
  const cv::Vec3d& mean_square() const { return mean_square_; }

 private:
  cv::Vec3d error(std::span<const ImagePair> pairs) const;

  ColourMap map_;
  std::unique_ptr<nn::PixelNetwork> network_;
  bool directed_ = true;
  ScreenInputs screen_;
  double map_psnr_ = 0;
  cv::Vec3d mean_square_;
};

/// CV_32FC3: edited minus prediction, zero where the pair is not to be learned from.
cv::Mat residual_of(const ImagePair& pair, const cv::Mat& prediction);

}  // namespace ditto::stages
