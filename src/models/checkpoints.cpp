#include "ditto/models/checkpoints.h"

#include <cstdlib>
#include <fstream>
#include <set>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/models/model.h"
#include "ditto/nn/dtype.h"

namespace ditto::models {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

fs::path hub_cache() {
  if (const std::string cache = variable("HF_HUB_CACHE"); !cache.empty()) return cache;
  if (const std::string home = variable("HF_HOME"); !home.empty()) return fs::path(home) / "hub";
  return fs::path(variable("HOME")) / ".cache" / "huggingface" / "hub";
}

/// "OWNER/NAME": two parts, neither of them hidden.
bool is_hub_name(const std::string& name) {
  const std::size_t slash = name.find('/');
  return slash != std::string::npos && slash > 0 && slash + 1 < name.size() &&
         name.find('/', slash + 1) == std::string::npos && name[0] != '.' && name[slash + 1] != '.';
}

/// A branch or tag is a small file that holds a commit.
std::string commit_of(const fs::path& folder, const std::string& revision) {
  std::ifstream file(folder / "refs" / revision);
  std::string commit;
  return file >> commit ? commit : revision;
}

/// A few bytes of a tensor, evenly spaced from its first to its last.
void add_samples(std::span<const std::byte> bytes, Sha256& hash) {
  constexpr std::size_t kPieces = 4;
  constexpr std::size_t kPiece = 64;
  if (bytes.size() <= kPieces * kPiece) {
    hash.update(bytes.data(), bytes.size());
    return;
  }
  for (std::size_t i = 0; i < kPieces; ++i) {
    hash.update(bytes.data() + (bytes.size() - kPiece) * i / (kPieces - 1), kPiece);
  }
}

void add_tensors(const fs::path& path, Sha256& hash) {
  const nn::Checkpoint checkpoint(path);
  for (const std::string& name : checkpoint.names()) {
    const nn::TensorInfo& info = checkpoint.info(name);
    hash.update(name + " " + nn::header_name(info.dtype) + nn::shape_text(info.shape) + "\n");
    add_samples(checkpoint.file_of(name).bytes(checkpoint.stored(name)), hash);
  }
}

/// Configs and tokenizers: files with these endings, but for lists of shards.
void add_small_files(const fs::path& folder, Sha256& hash) {
  static const std::set<std::string> kEndings = {".json", ".model", ".txt"};
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || !kEndings.contains(entry.path().extension().string())) continue;
    if (!name.ends_with(".index.json")) files.insert(entry.path());
  }
  for (const fs::path& file : files) {
    hash.update(file.filename().string() + " " + sha256_hex_of_file(file) + "\n");
  }
}

void add_model(const fs::path& path, Sha256& hash) {
  std::error_code ignored;
  const bool directory = fs::is_directory(path, ignored);
  if (directory) add_small_files(path, hash);
  if (!directory || nn::Checkpoint::exists(path)) add_tensors(path, hash);
}

}  // namespace

fs::path find_checkpoint(const std::string& name) {
  std::error_code ignored;
  if (fs::exists(name, ignored)) return name;
  const std::size_t at = name.find('@');
  const std::string repository = name.substr(0, at);
  if (!is_hub_name(repository)) {
    throw Error(ErrorKind::kInput, printable(name) + " doesn't exist");
  }
  const std::string revision = at == std::string::npos ? "main" : name.substr(at + 1);
  std::string folder_name = "models--" + repository;
  folder_name.replace(folder_name.find('/'), 1, "--");
  const fs::path folder = hub_cache() / folder_name;
  const fs::path snapshot = folder / "snapshots" / commit_of(folder, revision);
  if (!revision.empty() && fs::is_directory(snapshot, ignored)) return snapshot;
  throw Error(ErrorKind::kInput, printable(name) + " is no path, and the hub's cache has no " +
                                     printable(snapshot) + " (hf download " +
                                     printable(repository) + ")");
}

std::string weights_digest(const fs::path& path) {
  return translated(printable(path), [&] {
    Sha256 hash;
    std::error_code ignored;
    const fs::path index_file = path / "model_index.json";
    if (!fs::exists(index_file, ignored)) {
      add_model(path, hash);
      return hash.hex();
    }
    const ModelConfig index = ModelConfig::read(index_file);
    hash.update(fingerprint(index.values()));
    for (const auto& [name, part] : index.values().items()) {
      if (!part.is_array() || !fs::is_directory(path / name, ignored)) continue;
      hash.update(name + "\n");
      add_model(path / name, hash);
    }
    return hash.hex();
  });
}

}  // namespace ditto::models
