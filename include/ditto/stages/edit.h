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
  /// What can be added besides what the editor draws (the config's edit.objects).
  virtual std::vector<OwnObject> own_objects() const { return {}; }
  /// Carries out the instruction on the key frame. `clip`, where there is one, is what the key
  /// frame is of: what moves, and what was behind a thing that is removed, is looked up in its
  /// other frames. An instruction outside the repertoire is refused, not an error.
  virtual EditResult edit(const cv::Mat& key_frame, const Clip* clip,
                          const Instruction& instruction, Stream stream) const = 0;
};
std::unique_ptr<Editor> make_editor(const config::Edit& config);

/// One program of the builtin editor's repertoire, for listings.
struct EditProgram {
  std::string name;
  Task task = Task::kGlobalStyle;
  std::string family;                   ///< of looks: a clip gets one of a family at most
  std::vector<std::string> parameters;  ///< "colour: red, orange, ..."
  std::vector<std::string> samples;     ///< instructions that ask for it, at least three
};
/// The repertoire in a fixed order: looks of the whole picture, then edits of parts.
std::vector<EditProgram> edit_programs();

}  // namespace ditto::stages
