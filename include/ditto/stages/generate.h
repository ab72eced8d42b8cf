#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/core/random.h"
#include "ditto/stages/clip.h"

namespace ditto::stages {

struct Generation {
  media::Video video;             ///< as many frames as the clip has, its size and rate
  std::vector<float> confidence;  ///< per frame, 0..1; empty where the backend has none
  nlohmann::json details;
};

class Generator {
 public:
  /// What is computed once per clip and serves all its instructions (flow, features). Read only
  /// after it was made; may be used by several threads at once.
  class Prepared {
   public:
    virtual ~Prepared() = default;
    virtual std::size_t bytes() const = 0;
  };

  virtual ~Generator() = default;
  virtual BackendId id() const = 0;
  /// Upper bounds in bytes, beside the clip's own frames: of a Prepared, and of one generate() call
  /// including its result.
  virtual std::size_t prepared_bytes(const ClipShape& shape) const = 0;
  virtual std::size_t working_bytes(const ClipShape& shape) const = 0;

  virtual std::shared_ptr<const Prepared> prepare(const Clip& clip) const = 0;
  /// Appearance comes from the edited key frame alone; `instruction` is its text, for generators
  /// that read. Results don't depend on the number of threads.
  virtual Generation generate(const Clip& clip, const Prepared& prepared,
                              const cv::Mat& edited_key_frame, const std::string& instruction,
                              Stream stream) const = 0;
};
/// `threads`: threads that one call may use; never changes the result.
std::unique_ptr<Generator> make_generator(const config::Generate& config, int threads);

}  // namespace ditto::stages
