#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/core/random.h"
#include "ditto/stages/clip.h"

namespace ditto::stages {

/// A frame of the clip and what it shall look like.
struct EditedKey {
  int frame = 0;    ///< index in the clip
  cv::Mat picture;  ///< RGB of the clip's size
};

struct Generation {
  media::Video video;  ///< as many frames as the clip has, its size and rate
  /// Per frame, 0..1, 1 on a given key: how sure it is that the frame shows the edit.
  /// Empty where the backend has none.
  std::vector<float> confidence;
  nlohmann::json details;  ///< for the lineage; "confidence" is in it, rounded
  std::string refusal;     ///< why no video was made of this clip; empty on success
};

class Generator {
 public:
  /// What is computed once per clip and serves all its instructions, such as flow. Read only after
  /// it was made; may be used by several threads at once.
  class Prepared {
   public:
    virtual ~Prepared() = default;
    virtual std::size_t bytes() const = 0;
  };

  virtual ~Generator() = default;
  virtual BackendId id() const = 0;
  /// Upper bounds in bytes, beside the clip's own frames: of a Prepared for that many keys, and of
  /// one generate() call including its result.
  virtual std::size_t prepared_bytes(const ClipShape& shape, int keys) const = 0;
  virtual std::size_t working_bytes(const ClipShape& shape, int keys) const = 0;

  /// `key_frames`: of the keys that generate() will be given, in that order; at least one, each
  /// inside the clip and none twice.
  virtual std::shared_ptr<const Prepared> prepare(const Clip& clip,
                                                  const std::vector<int>& key_frames) const = 0;
  /// For the clip's own key frame.
  std::shared_ptr<const Prepared> prepare(const Clip& clip) const {
    return prepare(clip, {clip.key_frame});
  }
  /// Appearance comes from the edited key frames alone, which are edits of one kind: what one of
  /// them doesn't show is taken from another. `instruction` is the edit's text, for generators that
  /// read. A clip of more than one shot is refused, whatever the backend. Results don't depend on
  /// the number of threads. Throws Error(kInput) when a key's picture has another size than the
  /// clip, or the keys aren't those that the clip was prepared for.
  virtual Generation generate(const Clip& clip, const Prepared& prepared,
                              const std::vector<EditedKey>& keys, const std::string& instruction,
                              Stream stream) const = 0;
};
/// `threads`: threads that one call may use; never changes the result.
std::unique_ptr<Generator> make_generator(const config::Generate& config, int threads);

}  // namespace ditto::stages
