#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ditto::config {

/// One file's values, checked as JSON but not against the schema.
struct Document {
  std::string name;  ///< in messages
  nlohmann::ordered_json values;
};

/// The file and what it extends, the base first. Problems are added to `problems`, a line each; a
/// file that isn't JSON gives no document.
std::vector<Document> read_documents(const std::filesystem::path& path,
                                     std::vector<std::string>& problems);
std::vector<Document> parse_documents(const std::string& text, const std::string& name,
                                      std::vector<std::string>& problems);

}  // namespace ditto::config
