#include "ditto/pipeline/work_store.h"

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::pipeline {

namespace fs = std::filesystem;

WorkStore::WorkStore(fs::path out) : work_(std::move(out) / "work") {}

fs::path WorkStore::base(const std::string& stage, const std::string& fingerprint) const {
  // Two hex digits of fan-out keep directories of a million samples at a few thousand entries.
  return work_ / stage / fingerprint.substr(0, 2) / fingerprint.substr(0, 32);
}

std::optional<nlohmann::json> WorkStore::find(const StageKey& key) const {
  const auto text = read_file_if_exists(base(key.stage, key.fingerprint).concat(".json"));
  if (!text) return std::nullopt;
  nlohmann::json stored = nlohmann::json::parse(*text, nullptr, false);
  if (stored.is_discarded() || stored.value("fingerprint", "") != key.fingerprint)
    return std::nullopt;
  return stored["result"];
}

fs::path WorkStore::file(const StageKey& key, const std::string& extension) const {
  return base(key.stage, key.fingerprint).concat("." + extension);
}

void WorkStore::put_file(const StageKey& key, const std::string& extension,
                         const std::string& bytes) const {
  write_file(file(key, extension), bytes);
}

void WorkStore::put(const StageKey& key, nlohmann::json result) const {
  const nlohmann::json stored = {
      {"fingerprint", key.fingerprint}, {"inputs", key.inputs}, {"result", std::move(result)}};
  write_file(base(key.stage, key.fingerprint).concat(".json"), stored.dump(1) + "\n");
}

std::optional<nlohmann::json> WorkStore::inputs_of(const std::string& stage,
                                                   const std::string& fingerprint) const {
  const auto text = read_file_if_exists(base(stage, fingerprint).concat(".json"));
  if (!text) return std::nullopt;
  nlohmann::json stored = nlohmann::json::parse(*text, nullptr, false);
  if (stored.is_discarded() || !stored.contains("inputs")) return std::nullopt;
  return stored["inputs"];
}

}  // namespace ditto::pipeline
