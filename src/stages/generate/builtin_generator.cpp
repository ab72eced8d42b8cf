#include <fmt/format.h>

#include <opencv2/imgproc.hpp>
#include <thread>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/stages/generate.h"
#include "stages/generate/dense_flow.h"
#include "stages/generate/edit_model.h"
#include "stages/generate/key_flow.h"
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

class BuiltinGenerator : public Generator {
 public:
  BuiltinGenerator(const config::Generate& config, int threads)
      : config_(config), threads_(std::max(1, threads)) {}

  BackendId id() const override { return {"builtin", 1, ""}; }

  std::size_t prepared_bytes(const ClipShape& shape) const override {
    const cv::Size small = KeyFlow::flow_size({shape.width, shape.height}, config_.flow_width);
    return static_cast<std::size_t>(small.area()) * 5 * static_cast<std::size_t>(shape.frames) +
           (1 << 20);
  }

  std::size_t working_bytes(const ClipShape& shape) const override { return shape.video_bytes(); }

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
    const EditModel model(key, edited, {},
                          {.iterations = config_.iterations, .seed = stream.seed()});
    cv::Mat residual;
    edited.convertTo(residual, CV_32F);
    residual -= model.apply(key);

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
      cv::Mat frame = model.apply(clip.video.frames[i]);
      const cv::Mat positions = enlarged_positions(flow.flow(static_cast<int>(i)), key.size());
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
      frame.convertTo(result.video.frames[i], CV_8U);
      result.confidence[i] = static_cast<float>(flow.mean_confidence(static_cast<int>(i)));
    });
    result.details = {{"map_psnr", model.map_psnr()},
                      {"psnr", model.psnr()},
                      {"position", model.uses_position()}};
    return result;
  }

 private:
  config::Generate config_;
  int threads_;
};

}  // namespace

std::unique_ptr<Generator> make_generator(const config::Generate& config, int threads) {
  return std::make_unique<BuiltinGenerator>(config, threads);
}

}  // namespace ditto::stages
