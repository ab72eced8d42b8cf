#pragma once

#include <map>
#include <string>
#include <vector>

namespace ditto::stages {

/// The texts of configs/prompts as they were when the program was built, by "STAGE/NAME".
const std::map<std::string, std::string>& embedded_prompts();

/// Without the white space around it, which files end with and models begin with.
std::string stripped(const std::string& text);

/// What a stage's model is told: texts with {names} in them, each in a file NAME.txt.
class Prompts {
 public:
  /// A text's name, and the {names} that it may have.
  using Known = std::map<std::string, std::vector<std::string>>;

  /// From the folder; those of configs/prompts/STAGE where it is empty. White space around a text
  /// doesn't count. Throws Error(kUsage) naming `key` and the file: it can't be read, is empty, or
  /// has a {name} that the stage doesn't know.
  Prompts(const std::string& stage, const std::string& key, const std::string& folder,
          const Known& known);

  /// The text with each {name} replaced; what takes its place is not looked through again.
  std::string text(const std::string& name,
                   const std::map<std::string, std::string>& values = {}) const;
  /// Of all texts.
  std::string digest() const;

 private:
  std::map<std::string, std::string> texts_;
};

}  // namespace ditto::stages
