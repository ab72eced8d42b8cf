#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ditto {

/// Parses a JSON document from outside. Throws Error(kInput) naming `file` and the place: no valid
/// JSON, a key that an object holds twice, more than 64 levels.
nlohmann::json parse_json(std::string_view text, const std::string& file);
/// The same of a file of at most 100 MB.
nlohmann::json read_json(const std::filesystem::path& path);

}  // namespace ditto
