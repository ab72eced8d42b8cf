#include <fmt/format.h>

#include <opencv2/imgproc.hpp>
#include <thread>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/stages/generate.h"
#include "stages/generate/edit_model.h"
#include "stages/generate/flow_positions.h"
#include "stages/generate/key_flow.h"
#include "stages/generate/native_generator.h"
#include "stages/generate/object_layers.h"
#include "stages/generate/pixel_features.h"

namespace ditto::stages {
namespace {

class PreparedFlow : public Generator::Prepared {
 public:
  PreparedFlow(const Clip& clip, int flow_width, int threads) : flow(clip, flow_width, threads) {}
  std::size_t bytes() const override { return flow.bytes(); }

  KeyFlow flow;
};

/// Runs work(i) for every i below `count` on `threads` threads; the first failure is thrown.
void for_each_frame(std::size_t count, int threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::atomic<bool> failed{false};
  const auto run = [&] {
    try {
      for (std::size_t i = next++; i < count && !failed; i = next++) work(i);
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(run);
  run();
  for (std::thread& other : others) other.join();
  if (failure) std::rethrow_exception(failure);
}

/// The network that a preset fits.
nn::PixelNetworkOptions network_of(const config::Generate& config) {
  nn::PixelNetworkOptions network{.hidden = 64, .iterations = 1000, .batch = 1024};
  if (config.preset == "draft") network = {.hidden = 48, .iterations = 400, .batch = 1024};
  if (config.preset == "best") network = {.hidden = 96, .iterations = 2000, .batch = 4096};
  if (config.iterations > 0) network.iterations = config.iterations;
  return network;
}

/// edited - prediction, CV_32FC3.
cv::Mat difference(const cv::Mat& edited, const cv::Mat& prediction) {
  cv::Mat result;
  cv::subtract(edited, prediction, result, cv::noArray(), CV_32F);
  return result;
}

class BuiltinGenerator : public Generator {
 public:
  BuiltinGenerator(const config::Generate& config, int threads)
      : config_(config), threads_(std::max(1, threads)) {}

  BackendId id() const override { return {"builtin", 2, ""}; }

  std::size_t prepared_bytes(const ClipShape& shape) const override {
    const cv::Size small = KeyFlow::flow_size({shape.width, shape.height}, config_.flow_width);
    return static_cast<std::size_t>(small.area()) * 5 * static_cast<std::size_t>(shape.frames) +
           (1 << 20);
  }

  std::size_t working_bytes(const ClipShape& shape) const override {
    const auto pixels =
        static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
    // Fitting comes before there are frames: features and a few float images of the key, and the
    // samples. Then each thread has one frame's features, its float image and bands of planes.
    const std::size_t fitting =
        pixels * (PixelFeatures::kBytesPerPixel + 60) + EditModel::kFittingBytes;
    const std::size_t frames =
        shape.video_bytes() + pixels * 13 +
        static_cast<std::size_t>(threads_) *
            (pixels * (PixelFeatures::kBytesPerPixel + 12) +
             static_cast<std::size_t>(shape.width) * EditModel::kBandBytesPerColumn);
    return std::max(fitting, frames) + (4U << 20);
  }

  std::shared_ptr<const Prepared> prepare(const Clip& clip) const override {
    return std::make_shared<PreparedFlow>(clip, config_.flow_width, threads_);
  }

  Generation generate(const Clip& clip, const Prepared& prepared, const cv::Mat& edited,
                      const std::string& /*instruction*/, Stream stream) const override {
    const KeyFlow& flow = dynamic_cast<const PreparedFlow&>(prepared).flow;
    const cv::Mat& key = clip.key();
    if (edited.type() != CV_8UC3 || edited.size() != key.size()) {
      throw Error(
          ErrorKind::kInput,
          fmt::format(
              "clip {}: the edited key frame is {}x{}, expected RGB of the clip's size {}x{}",
              clip.id, edited.cols, edited.rows, key.cols, key.rows));
    }
    EditModel::Options options{.network = network_of(config_)};
    options.network.seed = stream.seed();
    options.network.threads = threads_;
    auto model = std::make_unique<EditModel>(key, edited, cv::Mat(), options);
    cv::Mat residual = difference(edited, model->apply(key));
    ObjectLayers layers(key, edited, residual);
    if (!layers.empty()) {
      // Learned from the rest alone, or the drawn pixels would leave their trace everywhere.
      model = std::make_unique<EditModel>(key, edited, layers.mask(), options);
      residual = difference(edited, model->apply(key));
      residual.setTo(cv::Scalar::all(0), layers.mask());
      layers.track(flow, clip.key_frame, static_cast<int>(clip.video.frames.size()),
                   Stream(stream.seed(), "layers", "generate"));
    }
    // The share of the edit that needs no flow to be known.
    const double change = std::pow(cv::norm(edited, key, cv::NORM_L2), 2);
    const double left = std::pow(cv::norm(residual, cv::NORM_L2), 2);
    const double known = change > 0 ? std::clamp(1 - left / change, 0.0, 1.0) : 1.0;

    Generation result;
    result.video.fps = clip.video.fps;
    result.video.frames.resize(clip.video.frames.size());
    result.confidence.resize(clip.video.frames.size());
    for_each_frame(clip.video.frames.size(), threads_, [&](std::size_t i) {
      throw_if_stopped();
      if (static_cast<int>(i) == clip.key_frame) {
        result.video.frames[i] = edited.clone();
        result.confidence[i] = 1.0f;
        return;
      }
      cv::Mat frame = model->apply(clip.video.frames[i]);
      const cv::Mat positions = flow_positions(flow.flow(static_cast<int>(i)), key.size());
      cv::Mat carried, weight;
      cv::remap(residual, carried, positions, cv::noArray(), cv::INTER_LINEAR,
                cv::BORDER_REPLICATE);
      cv::resize(flow.confidence(static_cast<int>(i)), weight, key.size(), 0, 0, cv::INTER_LINEAR);
      for (int y = 0; y < frame.rows; ++y) {
        auto* f = frame.ptr<cv::Vec3f>(y);
        const auto* r = carried.ptr<cv::Vec3f>(y);
        const auto* w = weight.ptr<uchar>(y);
        for (int x = 0; x < frame.cols; ++x) f[x] += r[x] * (static_cast<float>(w[x]) / 255.0f);
      }
      layers.paint(frame, static_cast<int>(i));
      frame.convertTo(result.video.frames[i], CV_8U);
      result.confidence[i] =
          static_cast<float>(known + (1 - known) * flow.mean_confidence(static_cast<int>(i)));
    });
    result.details = {
        {"colour_map_psnr", model->map_psnr()}, {"key_psnr", model->psnr()},
        {"network", model->has_network()},      {"screen_position", model->uses_position()},
        {"object_layers", layers.size()},       {"known_without_flow", known}};
    return result;
  }

 private:
  config::Generate config_;
  int threads_;
};

}  // namespace

std::unique_ptr<Generator> make_generator(const config::Generate& config, int threads) {
  if (config.backend == "native") return make_native_generator(config);
  return std::make_unique<BuiltinGenerator>(config, threads);
}

}  // namespace ditto::stages
