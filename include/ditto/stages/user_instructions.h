#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ditto/stages/clip.h"
#include "ditto/stages/instruct.h"

namespace ditto::stages {

/// The user's own instructions (sources.instructions): a JSON-lines file, each line an object with
/// "text" and either "path" (the source's path relative to its input folder, or its file name
/// alone) or "clip" (a clip id). Blank lines are allowed.
class UserInstructions {
 public:
  UserInstructions() = default;
  /// Throws one Error(kUsage) that lists every problem, a line each, as FILE:LINE: what was
  /// expected.
  /// `own_objects`: what the editor can add besides what it draws (Editor::own_objects).
  static UserInstructions read(const std::filesystem::path& file,
                               const std::vector<std::string>& own_objects = {});
  static UserInstructions parse(const std::string& text, const std::string& name,
                                const std::vector<std::string>& own_objects = {});

  /// Those for the clip, in the file's order, origin "user". Task, target and program are those
  /// that the builtin editor reads from the text; where it can't, global_style and no program.
  std::vector<Instruction> for_clip(const ClipRecord& record) const;
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    std::string path;  ///< empty when by clip
    std::string clip;
    Instruction instruction;
  };
  std::vector<Entry> entries_;
};

}  // namespace ditto::stages
