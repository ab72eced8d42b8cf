#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "ditto/pipeline/lineage.h"

namespace ditto::pipeline {

/// OUT/work: results of stages by fingerprint, lossless. A result is complete when its .json
/// exists; files that belong to it (.png, .mkv, .mp4) are written before it. Thread-safe, and safe
/// with several processes, since equal names hold equal content.
class WorkStore {
 public:
  explicit WorkStore(std::filesystem::path out);

  /// The result's JSON, without the "inputs" that go with it.
  std::optional<nlohmann::json> find(const StageKey& key) const;
  std::filesystem::path file(const StageKey& key, const std::string& extension) const;
  void put_file(const StageKey& key, const std::string& extension, const std::string& bytes) const;
  /// Makes the result complete.
  void put(const StageKey& key, nlohmann::json result) const;
  /// The inputs of a result made earlier, maybe by another config; empty when not kept any more.
  std::optional<nlohmann::json> inputs_of(const std::string& stage,
                                          const std::string& fingerprint) const;

 private:
  std::filesystem::path base(const std::string& stage, const std::string& fingerprint) const;

  std::filesystem::path work_;
};

}  // namespace ditto::pipeline
