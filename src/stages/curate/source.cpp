#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/core/rational.h"
#include "ditto/core/stop.h"
#include "ditto/media/media.h"
#include "ditto/stages/curate.h"
#include "stages/curate/analyser.h"

namespace ditto::stages {
namespace {

// Frames between two looks at whether a stop was asked for: well under a second.
constexpr std::int64_t kStopInterval = 32;

double rounded(double value) { return std::round(value * 1e5) / 1e5; }

/// One source on its way to clips: what the steps share.
class Source {
 public:
  Source(const SourceFile& file, const config::Clip& clip, const config::Curate& curate)
      : file_(file), clip_(clip), curate_(curate), fps_(frame_rate_from(clip.fps)) {}

  SourceResult run() {
    try {
      sha256_ = sha256_hex_of_file(file_.file);
      const media::Probe probe = media::probe(file_.file);
      if (fits(probe)) cut_clips();
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::kInput) throw;
      const std::string what = e.what();
      drop(what.find("no video stream") != std::string::npos ? "no_video" : "unreadable", what);
    } catch (const cv::Exception& e) {
      drop("unreadable", std::string("a frame can't be analysed: ") + e.what());
    }
    return std::move(result_);
  }

 private:
  void drop(const char* reason, std::string detail, std::optional<double> score = std::nullopt) {
    Drop dropped{.reason = reason, .detail = std::move(detail), .score = score};
    add(std::move(dropped));
  }

  void add(Drop dropped) {
    dropped.source_path = printable(file_.relative);
    dropped.source_sha256 = sha256_;
    result_.drops.push_back(std::move(dropped));
  }

  /// Chooses the clips' size and checks what can be told without decoding.
  bool fits(const media::Probe& probe) {
    const bool portrait = clip_.orientation == "source" && probe.height > probe.width;
    size_ = portrait ? cv::Size(clip_.height, clip_.width) : cv::Size(clip_.width, clip_.height);
    const double upscale = std::max(static_cast<double>(size_.width) / probe.width,
                                    static_cast<double>(size_.height) / probe.height);
    if (upscale > curate_.max_upscale) {
      drop("too_small",
           fmt::format(
               "{}x{} would be enlarged {:.3g} times to {}x{}, at most {:.3g} times is allowed",
               probe.width, probe.height, upscale, size_.width, size_.height, curate_.max_upscale),
           upscale);
      return false;
    }
    const double least_fps = curate_.min_fps_ratio * fps_.value();
    if (probe.fps.num > 0 && !probe.variable_frame_rate && probe.fps.value() < least_fps) {
      drop("low_frame_rate",
           fmt::format("{:.4g} fps, at least {:.4g} are wanted", probe.fps.value(), least_fps),
           probe.fps.value());
      return false;
    }
    return true;
  }

  void cut_clips() {
    const cv::Size picture = curate::analysis_size(size_);
    curate::SourceAnalyser analyser(picture, clip_, curate_);
    media::DecodeRequest request;
    request.fps = fps_;
    request.width = picture.width;
    request.height = picture.height;
    media::decode(file_.file, request, [&](std::int64_t index, const cv::Mat& rgb, bool repeated) {
      if (index % kStopInterval == 0 && stop_requested()) return false;
      analyser.push(rgb, repeated);
      return true;
    });
    throw_if_stopped();
    analyser.finish();

    curate::WindowCutter& windows = analyser.windows();
    if (windows.frames() < clip_.frames) {
      const double seconds = static_cast<double>(windows.frames()) / fps_.value();
      drop("too_short",
           fmt::format("{} of the {} frames of a clip, at {:.4g} fps", windows.frames(),
                       clip_.frames, fps_.value()),
           rounded(seconds));
      return;
    }
    const std::int64_t passed = windows.passed();
    for (const curate::Window& window : windows.take_windows()) {
      result_.clips.push_back(record_of(window, passed));
    }
    std::vector<Drop> drops = windows.take_drops();
    std::ranges::stable_sort(drops, {}, [](const Drop& dropped) { return dropped.start_frame; });
    for (Drop& dropped : drops) {
      if (dropped.score) dropped.score = rounded(*dropped.score);
      add(std::move(dropped));
    }
  }

  ClipRecord record_of(const curate::Window& window, std::int64_t passed) const {
    ClipRecord record;
    record.id = fmt::format("{}-{:06}", sha256_.substr(0, 16), window.start);
    record.source_path = printable(file_.relative);
    record.source_sha256 = sha256_;
    record.source_file = printable(file_.file);
    if (record.source_file != file_.file.native()) {
      for (const char byte : file_.file.native()) {
        record.source_bytes_path += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      }
    }
    record.start_frame = window.start;
    record.start_seconds =
        static_cast<double>(window.start * fps_.den) / static_cast<double>(fps_.num);
    record.frames = clip_.frames;
    record.fps = fps_;
    record.width = size_.width;
    record.height = size_.height;
    record.motion = rounded(window.motion);
    record.measured = {{"shot", window.shot},
                       {"windows", passed},
                       {"luma", rounded(window.luma)},
                       {"letterbox", rounded(window.letterbox)},
                       {"black", rounded(window.black)},
                       {"frozen", rounded(window.frozen)},
                       {"tracked", rounded(window.tracked)},
                       {"pictures_per_second", rounded(window.fps)},
                       {"embedding", curate::to_text(window.embedding)}};
    return record;
  }

  const SourceFile& file_;
  const config::Clip& clip_;
  const config::Curate& curate_;
  Rational fps_;
  std::string sha256_;
  cv::Size size_;
  SourceResult result_;
};

}  // namespace

SourceResult curate_source(const SourceFile& source, const config::Clip& clip,
                           const config::Curate& curate) {
  throw_if_stopped();
  return Source(source, clip, curate).run();
}

BackendId curate_id() { return {.name = "builtin", .version = 2, .weights_digest = ""}; }

}  // namespace ditto::stages
