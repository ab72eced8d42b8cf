#include "ditto/stages/user_instructions.h"

#include <fstream>
#include <sstream>

#include "ditto/core/error.h"
#include "stages/edit/parser.h"

namespace ditto::stages {
namespace {

Instruction instruction_of(const std::string& text, const std::vector<std::string>& own_objects) {
  Instruction instruction;
  instruction.text = text;
  instruction.origin = "user";
  instruction.target = "the whole picture";
  const editing::Parsed parsed = editing::parse_instruction(text, own_objects);
  if (parsed.program) {
    instruction.task = task_of(*parsed.program);
    instruction.target = editing::target_text(*parsed.program);
    // A program that only this config's editor knows would mean nothing elsewhere: its text does.
    const bool own = std::find(own_objects.begin(), own_objects.end(), parsed.program->object) !=
                     own_objects.end();
    if (!own) instruction.program = editing::to_json(*parsed.program);
  }
  return instruction;
}

// What is wrong with a line; empty when nothing is.
std::string fault_of(const nlohmann::json& line) {
  if (!line.is_object()) return "expected an object with \"text\" and \"path\" or \"clip\"";
  for (const auto& [key, value] : line.items()) {
    if (key != "text" && key != "path" && key != "clip") {
      return fmt::format("unknown key \"{}\"; expected text, path, clip", key);
    }
    if (!value.is_string())
      return fmt::format("\"{}\": expected a string, found {}", key, value.dump());
    if (value.get<std::string>().find_first_not_of(" \t\r\n") == std::string::npos)
      return fmt::format("\"{}\" is empty", key);
  }
  if (!line.contains("text")) return "\"text\" is missing";
  if (line.contains("path") == line.contains("clip")) return "expected either \"path\" or \"clip\"";
  return "";
}

std::string basename_of(const std::string& path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

UserInstructions UserInstructions::read(const std::filesystem::path& file,
                                        const std::vector<std::string>& own_objects) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) {
    // An empty file sets the stream's fail bit too, but opens.
    if (!in.is_open() || std::filesystem::is_directory(file)) {
      throw Error(ErrorKind::kUsage,
                  fmt::format("sources.instructions: can't read {}", file.string()));
    }
  }
  return parse(text.str(), file.string(), own_objects);
}

UserInstructions UserInstructions::parse(const std::string& text, const std::string& name,
                                         const std::vector<std::string>& own_objects) {
  UserInstructions out;
  std::string faults;
  std::istringstream in(text);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto fault = [&](const std::string& what) {
      faults += fmt::format("{}{}:{}: {}", faults.empty() ? "" : "\n", name, number, what);
    };
    const nlohmann::json value = nlohmann::json::parse(line, nullptr, false);
    if (value.is_discarded()) {
      fault("not valid JSON; expected one object a line");
      continue;
    }
    if (const std::string what = fault_of(value); !what.empty()) {
      fault(what);
      continue;
    }
    out.entries_.push_back({value.value("path", ""), value.value("clip", ""),
                            instruction_of(value.at("text"), own_objects)});
  }
  if (!faults.empty()) throw Error(ErrorKind::kUsage, faults);
  return out;
}

std::vector<Instruction> UserInstructions::for_clip(const ClipRecord& record) const {
  std::vector<Instruction> out;
  for (const Entry& entry : entries_) {
    const bool by_path = !entry.path.empty() && (entry.path == record.source_path ||
                                                 entry.path == basename_of(record.source_path));
    if (by_path || (!entry.clip.empty() && entry.clip == record.id))
      out.push_back(entry.instruction);
  }
  return out;
}

}  // namespace ditto::stages
