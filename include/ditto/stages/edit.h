#pragma once

#include <memory>
#include <string>

#include "ditto/config/config.h"
#include "ditto/core/random.h"
#include "ditto/stages/instruct.h"

namespace ditto::stages {

struct EditResult {
  cv::Mat image;           ///< edited key frame, RGB, the key frame's size; empty when refused
  cv::Mat mask;            ///< CV_8UC1, 255 where a local edit was meant; empty for global edits
  std::string refusal;     ///< why the instruction can't be carried out; empty on success
  nlohmann::json details;  ///< the program with the parameters that were used, for the lineage
};

class Editor {
 public:
  virtual ~Editor() = default;
  virtual BackendId id() const = 0;
  /// Carries out the instruction on the key frame. `clip`, where there is one, is what the key
  /// frame is of: what moves, and what was behind a thing that is removed, is looked up in its
  /// other frames. An instruction outside the repertoire is refused, not an error.
  virtual EditResult edit(const cv::Mat& key_frame, const Clip* clip,
                          const Instruction& instruction, Stream stream) const = 0;
};
std::unique_ptr<Editor> make_editor(const config::Edit& config);

}  // namespace ditto::stages
