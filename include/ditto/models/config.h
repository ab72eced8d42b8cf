#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ditto::models {

/// A model's config.json (or model_index.json, scheduler_config.json). Every getter throws
/// Error(kInput) naming the file and the key when the key is absent and there is no default, or its
/// value is of another kind or out of range. A null counts as absent.
class ModelConfig {
 public:
  ModelConfig(nlohmann::json values, std::string file);
  static ModelConfig read(const std::filesystem::path& path);

  /// `_class_name`, else the first of `architectures`.
  std::string class_name() const;
  bool has(const std::string& key) const;

  /// Sizes and counts: 1 to 2^24 unless told otherwise.
  std::int64_t integer(const std::string& key, std::optional<std::int64_t> otherwise = {},
                       std::int64_t least = 1, std::int64_t most = std::int64_t{1} << 24) const;
  /// A number of layers or blocks: 1 to 1000.
  std::int64_t layers(const std::string& key, std::optional<std::int64_t> otherwise = {}) const {
    return integer(key, otherwise, 1, 1000);
  }
  std::vector<std::int64_t> integers(const std::string& key,
                                     std::optional<std::vector<std::int64_t>> otherwise = {},
                                     std::int64_t least = 0,
                                     std::int64_t most = std::int64_t{1} << 24) const;
  double number(const std::string& key, std::optional<double> otherwise = {}) const;
  std::vector<double> numbers(const std::string& key,
                              std::optional<std::vector<double>> otherwise = {}) const;
  bool flag(const std::string& key, std::optional<bool> otherwise = {}) const;
  std::vector<bool> flags(const std::string& key,
                          std::optional<std::vector<bool>> otherwise = {}) const;
  std::string text(const std::string& key, std::optional<std::string> otherwise = {}) const;
  /// A part that is a config of its own ("vision_config").
  ModelConfig part(const std::string& key) const;

  const nlohmann::json& values() const { return values_; }
  const std::string& file() const { return file_; }
  /// For what only the model knows: "FILE: KEY PROBLEM".
  [[noreturn]] void fail(const std::string& key, const std::string& problem) const;

 private:
  /// Null when absent; throws when absent and `required`.
  const nlohmann::json* find(const std::string& key, bool required) const;

  nlohmann::json values_;
  std::string file_;
};

}  // namespace ditto::models
