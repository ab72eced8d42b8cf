#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/core/random.h"
#include "ditto/stages/clip.h"
#include "ditto/stages/held_model.h"

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
inline constexpr int kTasks = 6;
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

/// Numbers of instructions, one for each Task.
using TaskCounts = std::array<int, kTasks>;

/// A thing of the user's own that the editor can add (the config's edit.objects).
struct OwnObject {
  std::string name;
  double aspect = 1;  ///< width / height
  friend bool operator==(const OwnObject&, const OwnObject&) = default;
};
std::vector<std::string> names_of(std::span<const OwnObject> objects);

/// What is asked of an instructor for one clip.
struct InstructRequest {
  int count = 1;
  /// What earlier clips left to be made up for: positive where a task is owed, negative where there
  /// was more of it than planned.
  TaskCounts owed = {};
  /// How many clips follow that can make up for what this one leaves over.
  int clips_after = 0;
  /// The user's own for this clip: none of these edits is asked for again.
  std::vector<Instruction> taken = {};
  /// What the editor can add besides what it draws; a backend may ask for it.
  std::vector<OwnObject> objects = {};
};

/// An instruction that a model proposed and that isn't used.
struct InstructionDrop {
  Instruction instruction;
  std::string fault;   ///< language, length, not_an_edit, wrong_task, target_missing, no_op,
                       ///< contradiction, repeated (docs/native.md says what each stands for)
  std::string detail;  ///< checkable by a person
};
nlohmann::ordered_json to_json(const InstructionDrop& drop);

struct Instructions {
  std::vector<Instruction> list = {};
  TaskCounts owed = {};      ///< what is left for later clips to make up for
  std::string caption = {};  ///< what the clip shows, by a backend that describes it; else empty
  std::vector<InstructionDrop> drops = {};
};

class Instructor {
 public:
  virtual ~Instructor() = default;
  virtual BackendId id() const = 0;
  /// Beside the clip, and the networks that it holds.
  virtual std::size_t working_bytes(const ClipShape&) const { return 0; }
  virtual std::vector<HeldModel> held_models(const ClipShape&) const { return {}; }
  /// At most `count` instructions, none asking for the same edit as another. Fewer when the clip
  /// offers no more. Their tasks are those that the config's fractions give to the clip's ordinal,
  /// exact over consecutive ordinals, and those owed; a task that the clip offers no edit for is
  /// given to another and owed on. Deterministic in (clip, request, stream).
  virtual Instructions instruct(const Clip& clip, const InstructRequest& request,
                                Stream stream) const = 0;
};
std::unique_ptr<Instructor> make_instructor(const config::Instruct& config);

}  // namespace ditto::stages
