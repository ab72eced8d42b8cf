#pragma once

#include <memory>
#include <string>

#include "ditto/config/config.h"
#include "ditto/core/random.h"
#include "ditto/stages/clip.h"

namespace ditto::stages {

class Enhancer {
 public:
  /// What is computed once per clip and serves all its edits. Read only after it was made; may be
  /// used by several threads at once.
  class Prepared {
   public:
    virtual ~Prepared() = default;
    virtual std::size_t bytes() const = 0;
  };

  virtual ~Enhancer() = default;
  virtual BackendId id() const = 0;
  /// Upper bounds in bytes: of a Prepared, and of what one enhance() call takes beside source and
  /// frames, including its result.
  virtual std::size_t prepared_bytes(const ClipShape& shape) const = 0;
  virtual std::size_t working_bytes(const ClipShape& shape) const = 0;

  virtual std::shared_ptr<const Prepared> prepare(const Clip& source) const = 0;
  /// `frames` is the edited video: as many frames as the source has, of its size; Error(kInput)
  /// otherwise. `prepared` is the source's.
  virtual media::Video enhance(const Clip& source, const Prepared& prepared,
                               const media::Video& frames, const std::string& caption,
                               Stream stream) const = 0;
};
std::unique_ptr<Enhancer> make_enhancer(const config::Enhance& config);

}  // namespace ditto::stages
