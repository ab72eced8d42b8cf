#include "ditto/core/error.h"
#include "ditto/stages/instruct.h"

namespace ditto::stages {
namespace {

constexpr std::array<std::string_view, 6> kTaskNames = {"global_style",  "global_environment",
                                                        "local_replace", "local_add",
                                                        "local_remove",  "local_attribute"};

}  // namespace

std::vector<std::string> names_of(std::span<const OwnObject> objects) {
  std::vector<std::string> names;
  for (const OwnObject& object : objects) names.push_back(object.name);
  return names;
}

std::string_view name_of(Task task) { return kTaskNames.at(static_cast<std::size_t>(task)); }

Task task_from(std::string_view name) {
  for (std::size_t i = 0; i < kTaskNames.size(); ++i) {
    if (kTaskNames[i] == name) return static_cast<Task>(i);
  }
  throw Error(ErrorKind::kInput, fmt::format("task: expected one of {}, found \"{}\"",
                                             fmt::join(kTaskNames, ", "), name));
}

nlohmann::ordered_json to_json(const Instruction& instruction) {
  return {{"text", instruction.text},
          {"task", name_of(instruction.task)},
          {"target", instruction.target},
          {"program", instruction.program},
          {"origin", instruction.origin}};
}

nlohmann::ordered_json to_json(const InstructionDrop& drop) {
  return {{"text", drop.instruction.text},
          {"task", name_of(drop.instruction.task)},
          {"target", drop.instruction.target},
          {"fault", drop.fault},
          {"detail", drop.detail}};
}

Instruction instruction_from_json(const nlohmann::json& value) {
  try {
    Instruction instruction;
    instruction.text = value.at("text");
    instruction.task = task_from(value.at("task").get<std::string>());
    instruction.target = value.at("target");
    instruction.program = value.at("program");
    instruction.origin = value.at("origin");
    return instruction;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, std::string("instruction: ") + e.what());
  }
}

}  // namespace ditto::stages
