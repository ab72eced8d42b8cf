#pragma once

#include <filesystem>
#include <string>

/// Messages go to stderr (spdlog's default logger); data goes to stdout. Use spdlog::info(...) etc.
/// directly after `set_up_log`.
namespace ditto {

enum class Verbosity { kQuiet, kNormal, kVerbose };

/// Colours only on a terminal and without NO_COLOR.
void set_up_log(Verbosity verbosity);
/// As set last; kNormal before.
Verbosity verbosity();
/// A warning, from sources that can't include spdlog (LibTorch brings another fmt).
void log_warning(const std::string& message);
/// From now on also writes DIRECTORY/NAME.log (text) and NAME.jsonl (one JSON object a line: time,
/// level, thread, message).
void add_log_files(const std::filesystem::path& directory, const std::string& name);

}  // namespace ditto
