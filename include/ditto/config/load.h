#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "ditto/config/config.h"

namespace ditto::config {

/// What is put over the file's values.
struct Overrides {
  /// "key.path=value". The value is read as JSON or, failing that, as text; for a key that holds
  /// text it is text unless it is a quoted JSON string. One text stands for a list of one.
  std::vector<std::string> set;
  std::vector<std::string> inputs;  ///< --input: replaces sources.input
  std::string output;               ///< --output: replaces output.dir
};

/// Reads a JSON file with // and /* */ comments, applies the overrides and checks everything.
///
/// A top-level key "extends": "base.json" (relative to the file that says it) names a config whose
/// values hold where the file says nothing; lists are replaced as a whole. "$schema" is let pass
/// for editors. Other relative paths are relative to the working directory.
///
/// Throws one Error(kUsage) that lists every problem, a line each:
///   FILE: KEY.PATH: expected ..., found ...; did you mean ...?
///   FILE:LINE:COLUMN: ...                                        for what isn't JSON
/// where FILE is "--set" for an override.
Config load(const std::filesystem::path& path, const Overrides& overrides);
/// The same from text; `name` stands for the file in messages and for its place in "extends".
Config parse(const std::string& text, const std::string& name, const Overrides& overrides);

/// Every key with its value, in the order of the schema; parse() of it gives the config back.
nlohmann::ordered_json to_json(const Config& config);
/// The keys of one section that change results; the basis of stage fingerprints. Throws
/// std::invalid_argument for a name that is no section.
nlohmann::json result_keys(const Config& config, const std::string& section);
/// Hash over the result keys of all sections.
std::string fingerprint(const Config& config);

/// JSON Schema, draft 2020-12.
nlohmann::ordered_json json_schema();
/// docs/config.md.
std::string markdown();

/// "90s", "45m", "3h", "1:30:00" or plain seconds in seconds, more than 0; throws Error(kUsage)
/// otherwise.
double parse_duration(const std::string& text);

}  // namespace ditto::config
