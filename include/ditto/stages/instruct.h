#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/core/random.h"
#include "ditto/stages/clip.h"

namespace ditto::stages {

/// The six tasks, in this spelling everywhere.
enum class Task {
  kGlobalStyle,
  kGlobalEnvironment,
  kLocalReplace,
  kLocalAdd,
  kLocalRemove,
  kLocalAttribute
};
std::string_view name_of(Task task);    ///< "global_style", ...
Task task_from(std::string_view name);  ///< throws Error(kInput)
inline bool is_global(Task task) { return task <= Task::kGlobalEnvironment; }

struct Instruction {
  std::string text;  ///< what a person would type
  Task task = Task::kGlobalStyle;
  std::string target;  ///< what it is about: "the whole picture", "the red object on the left"
  /// The edit as a program of the builtin editor, when known; null for free text.
  nlohmann::json program;
  std::string origin = "agent";  ///< "agent" or "user"
};
nlohmann::ordered_json to_json(const Instruction& instruction);
Instruction instruction_from_json(const nlohmann::json& value);

class Instructor {
 public:
  virtual ~Instructor() = default;
  virtual BackendId id() const = 0;
  /// At most `count` instructions, none asking for the same edit as another. Fewer when the clip
  /// offers no more. Which are global follows the configured fraction exactly over consecutive
  /// ordinals (clip.ordinal). Deterministic in (clip, count, stream).
  virtual std::vector<Instruction> instruct(const Clip& clip, int count, Stream stream) const = 0;
};
std::unique_ptr<Instructor> make_instructor(const config::Instruct& config);

}  // namespace ditto::stages
