#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ditto/core/error.h"
#include "stages/curate/cuts.h"
#include "stages/generate/builtin_generator.h"
#include "stages/generate/native_generator.h"

namespace ditto::stages {
namespace {

struct PreparedShot : public Generator::Prepared {
  std::size_t bytes() const override {
    return sizeof(*this) + (shot == nullptr ? 0 : shot->bytes());
  }

  std::vector<int> key_frames;
  std::vector<int> cuts;                            ///< frames that begin another shot
  std::shared_ptr<const Generator::Prepared> shot;  ///< the backend's; none when there are cuts
};

/// A backend behind what holds for all of them: it gets whole shots, and pictures of their size.
class CheckedGenerator : public Generator {
 public:
  CheckedGenerator(std::unique_ptr<Generator> backend, double shot_threshold)
      : backend_(std::move(backend)), shot_threshold_(shot_threshold) {}

  BackendId id() const override { return backend_->id(); }

  std::size_t prepared_bytes(const ClipShape& shape, int keys) const override {
    return backend_->prepared_bytes(shape, keys);
  }
  std::size_t working_bytes(const ClipShape& shape, int keys) const override {
    return backend_->working_bytes(shape, keys);
  }

  std::shared_ptr<const Prepared> prepare(const Clip& clip,
                                          const std::vector<int>& key_frames) const override {
    auto prepared = std::make_shared<PreparedShot>();
    prepared->key_frames = key_frames;
    if (shot_threshold_ > 0) prepared->cuts = curate::cuts_in(clip.video, shot_threshold_);
    if (prepared->cuts.empty()) prepared->shot = backend_->prepare(clip, key_frames);
    return prepared;
  }

  Generation generate(const Clip& clip, const Prepared& prepared,
                      const std::vector<EditedKey>& keys, const std::string& instruction,
                      Stream stream) const override {
    const auto& [key_frames, cuts, shot] = dynamic_cast<const PreparedShot&>(prepared);
    if (!cuts.empty()) {
      Generation refused;
      refused.refusal =
          fmt::format("another shot begins at frame {}: an edit can't be carried over a cut",
                      fmt::join(cuts, ", "));
      refused.details = {{"cuts", cuts}};
      return refused;
    }
    check(clip, keys, key_frames);
    return backend_->generate(clip, *shot, keys, instruction, stream);
  }

 private:
  static void check(const Clip& clip, const std::vector<EditedKey>& keys,
                    const std::vector<int>& key_frames) {
    if (!std::ranges::equal(keys, key_frames, {}, &EditedKey::frame))
      throw Error(ErrorKind::kInput, clip.id + ": other key frames than the clip was prepared for");
    const cv::Size size = clip.video.size();
    for (const EditedKey& key : keys) {
      if (key.picture.type() == CV_8UC3 && key.picture.size() == size) continue;
      throw Error(
          ErrorKind::kInput,
          fmt::format("clip {}: the edited key frame is {}x{}, expected RGB of the clip's "
                      "size {}x{}",
                      clip.id, key.picture.cols, key.picture.rows, size.width, size.height));
    }
  }

  std::unique_ptr<Generator> backend_;
  double shot_threshold_;
};

}  // namespace

std::unique_ptr<Generator> make_generator(const config::Generate& config, int threads) {
  auto backend = config.backend == "native" ? make_native_generator(config)
                                            : make_builtin_generator(config, threads);
  return std::make_unique<CheckedGenerator>(std::move(backend), config.shot_threshold);
}

}  // namespace ditto::stages
