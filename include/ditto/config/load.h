#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ditto/config/config.h"

namespace ditto::config {

/// What load adds to or puts over the file's values.
struct Overrides {
  std::vector<std::string> set;     ///< "key.path=value", value as JSON or, failing that, as text
  std::vector<std::string> inputs;  ///< --input: replaces sources.input
  std::string output;               ///< --output: replaces output.dir
};

/// Reads a JSON file with // and /* */ comments, applies the overrides and checks everything.
/// Relative paths in the file are relative to the working directory. Throws one Error(kUsage) that
/// lists every problem, a line each: file, key path, what was expected, what was found, and the
/// nearest valid name for an unknown key.
Config load(const std::filesystem::path& path, const Overrides& overrides);
/// The same from text; `name` stands for the file in messages.
Config parse(const std::string& text, const std::string& name, const Overrides& overrides);

/// Every key with its value, in the order of the schema.
nlohmann::ordered_json to_json(const Config& config);
/// The keys of one section that change results; the basis of stage fingerprints.
nlohmann::json result_keys(const Config& config, const std::string& section);
/// Hash over the result keys of all sections.
std::string fingerprint(const Config& config);

nlohmann::ordered_json json_schema();
/// docs/config.md.
std::string markdown();

/// "90s", "45m", "3h", "1:30:00" or plain seconds in seconds; throws Error(kUsage) otherwise.
double parse_duration(const std::string& text);

}  // namespace ditto::config
