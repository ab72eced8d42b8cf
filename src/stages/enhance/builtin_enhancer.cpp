#include <fmt/format.h>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/stages/enhance.h"
#include "stages/enhance/blocking.h"
#include "stages/enhance/brightness_curve.h"
#include "stages/enhance/source_motion.h"
#include "stages/enhance/temporal_filter.h"

namespace ditto::stages {
namespace {

class BuiltinEnhancer : public Enhancer {
 public:
  explicit BuiltinEnhancer(const config::Enhance& config) : config_(config) {}

  BackendId id() const override { return {"builtin", 5, ""}; }

  std::size_t prepared_bytes(const ClipShape& shape) const override {
    return SourceMotion::bytes_for(shape);
  }

  std::size_t working_bytes(const ClipShape& shape) const override {
    const auto pixels =
        static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
    const auto small =
        static_cast<std::size_t>(SourceMotion::small_size({shape.width, shape.height}).area());
    const auto window = static_cast<std::size_t>(2 * config_.radius + 1);
    // The result, the steadied frames of the window, the small frames, a frame's neighbours.
    return shape.video_bytes() + pixels * (3 * window + kDeblockingBytesPerPixel) +
           small * (3 * static_cast<std::size_t>(shape.frames) + window * 32 + 120) + (4U << 20);
  }

  std::shared_ptr<const Prepared> prepare(const Clip& source) const override {
    return std::make_shared<SourceMotion>(source.video);
  }

  media::Video enhance(const Clip& source, const Prepared& prepared, const media::Video& frames,
                       const std::string& /*caption*/, Stream /*stream*/) const override {
    const std::size_t count = frames.frames.size();
    if (count != source.video.frames.size() || frames.size() != source.video.size()) {
      throw Error(
          ErrorKind::kInput,
          fmt::format("clip {}: {} frames of {}x{} to enhance, expected the clip's {} of {}x{}",
                      source.id, count, frames.size().width, frames.size().height,
                      source.video.frames.size(), source.video.size().width,
                      source.video.size().height));
    }
    media::Video result{.frames = {}, .fps = frames.fps};
    if (config_.strength <= 0) {
      for (const cv::Mat& frame : frames.frames) result.frames.push_back(frame.clone());
      return result;
    }
    const auto& motion = dynamic_cast<const SourceMotion&>(prepared);
    const auto radius = static_cast<std::size_t>(config_.radius);
    const double removed = std::min(1.0, 2 * config_.strength);
    // At a strength of 0.5 each neighbour counts as much as the frame itself.
    const auto share =
        static_cast<float>(std::min(20.0, config_.strength / std::max(1e-6, 1 - config_.strength)));
    const Blocking blocking = measure_blocking(source.video, frames);
    std::vector<cv::Mat> small;
    for (const cv::Mat& frame : frames.frames) small.push_back(shrink(frame, motion.size()));
    const BrightnessCurve brightness = brightness_curve(motion, small);
    const TemporalFilter filter(source.video, motion, brightness.gain, share);
    std::vector<cv::Mat> steady(count);  // those around the frame in work; without blocks and jumps
    std::size_t made = 0;
    for (std::size_t t = 0; t < count; ++t) {
      throw_if_stopped();
      const std::size_t first = t < radius ? 0 : t - radius, last = std::min(count - 1, t + radius);
      for (; made <= last; ++made) {
        const cv::Vec3f offset = brightness.offset[made] * removed;
        steady[made] = add_offset(
            remove_blocking(source.video.frames[made], frames.frames[made], blocking, removed),
            offset);
        small[made] = blocking.visible() ? shrink(steady[made], motion.size())
                                         : add_offset(small[made], offset);
      }
      if (first > 0) steady[first - 1].release();
      result.frames.push_back(filter.corrected(steady, small, t, first, last));
    }
    return result;
  }

 private:
  config::Enhance config_;
};

class PassThrough : public Enhancer {
 public:
  class Nothing : public Prepared {
   public:
    std::size_t bytes() const override { return 0; }
  };

  BackendId id() const override { return {"none", 1, ""}; }
  std::size_t prepared_bytes(const ClipShape& /*shape*/) const override { return 0; }
  std::size_t working_bytes(const ClipShape& /*shape*/) const override { return 0; }
  std::shared_ptr<const Prepared> prepare(const Clip& /*source*/) const override {
    return std::make_shared<Nothing>();
  }
  media::Video enhance(const Clip& /*source*/, const Prepared& /*prepared*/,
                       const media::Video& frames, const std::string& /*caption*/,
                       Stream /*stream*/) const override {
    return frames;
  }
};

}  // namespace

std::unique_ptr<Enhancer> make_enhancer(const config::Enhance& config) {
  if (config.backend == "none") return std::make_unique<PassThrough>();
  return std::make_unique<BuiltinEnhancer>(config);
}

}  // namespace ditto::stages
