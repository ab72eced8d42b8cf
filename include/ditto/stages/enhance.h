#pragma once

#include <memory>
#include <string>

#include "ditto/config/config.h"
#include "ditto/core/random.h"
#include "ditto/stages/clip.h"

namespace ditto::stages {

class Enhancer {
 public:
  virtual ~Enhancer() = default;
  virtual BackendId id() const = 0;
  /// Bytes beside source and frames, including the result.
  virtual std::size_t working_bytes(const ClipShape& shape) const = 0;
  virtual media::Video enhance(const Clip& source, const media::Video& frames,
                               const std::string& caption, Stream stream) const = 0;
};
std::unique_ptr<Enhancer> make_enhancer(const config::Enhance& config);

}  // namespace ditto::stages
