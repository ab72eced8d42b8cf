#include "stages/generate/builtin_generator.h"

#include <thread>

#include "ditto/core/stop.h"
#include "ditto/media/flow.h"
#include "ditto/nn/runtime.h"
#include "stages/generate/key_edit.h"
#include "stages/generate/pixel_features.h"

namespace ditto::stages {
namespace {

class PreparedClip : public Generator::Prepared {
 public:
  std::size_t bytes() const override {
    std::size_t bytes = sizeof(*this);
    for (const KeyFlow& flow : flows) bytes += flow.bytes();
    return bytes;
  }

  std::vector<KeyFlow> flows;  ///< to each key
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

/// Where pixel networks are computed, as nn::PixelNetworkOptions has it.
std::string device_of(const config::Generate& config) {
  const std::string device = nn::chosen_device(config.device);
  return device == "cpu" ? "" : device;
}

/// The network that a preset fits.
nn::PixelNetworkOptions network_of(const config::Generate& config) {
  nn::PixelNetworkOptions network{.hidden = 96, .iterations = 1600, .batch = 2048};
  if (config.preset == "draft") network = {.hidden = 32, .iterations = 400, .batch = 1024};
  if (config.preset == "best") network = {.hidden = 96, .iterations = 2000, .batch = 4096};
  if (config.iterations > 0) network.iterations = config.iterations;
  return network;
}

class BuiltinGenerator : public Generator {
 public:
  BuiltinGenerator(const config::Generate& config, int threads)
      : config_(config), threads_(std::max(1, threads)), device_(device_of(config)) {}

  BackendId id() const override { return {"builtin", 8, ""}; }

  std::size_t prepared_bytes(const ClipShape& shape, int keys) const override {
    const cv::Size small = KeyFlow::flow_size({shape.width, shape.height}, config_.flow_width);
    return static_cast<std::size_t>(small.area()) * 5 * static_cast<std::size_t>(shape.frames) *
               static_cast<std::size_t>(keys) +
           (1 << 20);
  }

  std::size_t working_bytes(const ClipShape& shape, int keys) const override {
    const auto pixels =
        static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
    const auto count = static_cast<std::size_t>(keys);
    // Fitting comes before there are frames: features and a few float images of one key, the
    // samples, and what is kept of each key. Then each thread has one frame's features, its float
    // images and bands of planes.
    const std::size_t kept = pixels * 44 * count;
    const std::size_t fitting =
        pixels * (PixelFeatures::kBytesPerPixel + 60) + EditModel::kFittingBytes;
    const std::size_t bands =
        static_cast<std::size_t>(shape.width) * EditModel::kBandBytesPerColumn +
        (device_.empty() ? 0 : EditModel::kDeviceBandBytes);
    const std::size_t frames =
        shape.video_bytes() + static_cast<std::size_t>(threads_) *
                                  (pixels * (PixelFeatures::kBytesPerPixel + 24) + bands);
    return kept + std::max(fitting, frames) + (4U << 20);
  }

  std::shared_ptr<const Prepared> prepare(const Clip& clip,
                                          const std::vector<int>& key_frames) const override {
    auto prepared = std::make_shared<PreparedClip>();
    const auto quality =
        config_.preset == "draft" ? media::FlowQuality::kFast : media::FlowQuality::kMedium;
    for (const int key : key_frames)
      prepared->flows.emplace_back(clip.video, key, config_.flow_width, quality, threads_);
    return prepared;
  }

  Generation generate(const Clip& clip, const Prepared& prepared,
                      const std::vector<EditedKey>& keys, const std::string& /*instruction*/,
                      Stream stream) const override {
    const auto& flows = dynamic_cast<const PreparedClip&>(prepared).flows;
    Generation result;
    KeyEdits::Options options{.model = {.network = network_of(config_)},
                              .align = config_.align_key,
                              .overlay = overlay_from(config_.overlay)};
    options.model.network.seed = stream.seed();
    options.model.network.threads = threads_;
    options.model.network.device = device_;
    const KeyEdits edits(clip, keys, flows, options);

    result.video.fps = clip.video.fps;
    result.video.frames.resize(clip.video.frames.size());
    result.confidence.resize(clip.video.frames.size());
    for_each_frame(clip.video.frames.size(), threads_, [&](std::size_t i) {
      throw_if_stopped();
      for (std::size_t k = 0; k < keys.size(); ++k) {
        if (static_cast<int>(i) != keys[k].frame || edits.alignments()[k].applied) continue;
        result.video.frames[i] = keys[k].picture.clone();
        result.confidence[i] = 1.0f;
        return;
      }
      const KeyEdits::Frame frame = edits.frame(clip.video.frames[i], static_cast<int>(i));
      frame.picture.convertTo(result.video.frames[i], CV_8U);
      result.confidence[i] = static_cast<float>(frame.confidence);
    });
    const EditModel& model = edits.model();
    result.details = {{"colour_map_psnr", model.map_psnr()},
                      {"key_psnr", model.psnr()},
                      {"network", model.has_network()},
                      {"screen_position", model.screen().position},
                      {"screen_waves", model.screen().waves.size()},
                      {"object_layers", edits.scene_layers()},
                      {"screen_layers", edits.screen_layers()},
                      {"known_without_flow", edits.explained()},
                      {"keys", nlohmann::json::array()},
                      {"confidence", nlohmann::json::array()}};
    // Its last bits aren't the CPU's.
    if (!device_.empty()) result.details["device"] = "cuda";
    for (const float confidence : result.confidence)
      result.details["confidence"].push_back(std::round(1000.0 * static_cast<double>(confidence)) /
                                             1000);
    for (std::size_t k = 0; k < keys.size(); ++k) {
      const KeyAlignment& alignment = edits.alignments()[k];
      result.details["keys"].push_back({{"frame", keys[k].frame},
                                        {"displacement", alignment.displacement},
                                        {"agreement", alignment.agreement},
                                        {"alignment_gain", alignment.gain},
                                        {"aligned", alignment.applied}});
    }
    return result;
  }

 private:
  config::Generate config_;
  int threads_;
  std::string device_;
};

}  // namespace

std::unique_ptr<Generator> make_builtin_generator(const config::Generate& config, int threads) {
  return std::make_unique<BuiltinGenerator>(config, threads);
}

}  // namespace ditto::stages
