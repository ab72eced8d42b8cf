#include "ditto/nn/checkpoint.h"

#include <algorithm>

#include "ditto/core/error.h"
#include "ditto/core/json.h"
#include "ditto/nn/dtype.h"

namespace ditto::nn {
namespace {

namespace fs = std::filesystem;

/// In the order in which they are looked for.
constexpr const char* kKnownNames[] = {
    "model.safetensors",
    "model.safetensors.index.json",
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.safetensors.index.json",
};

[[noreturn]] void fail(const fs::path& path, const std::string& problem) {
  throw Error(ErrorKind::kInput, printable(path) + ": " + problem);
}

std::vector<fs::path> files_ending(const fs::path& directory, std::string_view ending) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(ending) && !name.starts_with(".")) found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// The file that stands for the directory's weights, or the files that hold them together; none
/// when there are no weights.
std::vector<fs::path> main_files(const fs::path& directory) {
  std::error_code ignored;
  for (const char* name : kKnownNames) {
    if (fs::exists(directory / name, ignored)) return {directory / name};
  }
  std::vector<fs::path> indices = files_ending(directory, ".safetensors.index.json");
  if (indices.size() > 1) {
    fail(directory, "has several indices and none of them is " + std::string(kKnownNames[1]) +
                        " or " + kKnownNames[3] + "; name the one that is meant");
  }
  return indices.empty() ? files_ending(directory, ".safetensors") : indices;
}

}  // namespace

bool Checkpoint::exists(const fs::path& directory) { return !main_files(directory).empty(); }

Checkpoint::Checkpoint(const fs::path& path) : path_(path) {
  std::error_code ignored;
  std::vector<fs::path> files = {path};
  if (fs::is_directory(path, ignored)) {
    files = main_files(path);
    if (files.empty()) {
      const bool pickled = !files_ending(path, ".bin").empty() ||
                           !files_ending(path, ".pth").empty() ||
                           !files_ending(path, ".pt").empty();
      fail(path, pickled ? "has no .safetensors file; pickled weights (.bin, .pt, .pth) can't be "
                           "read, save them as safetensors first"
                         : "has no .safetensors file");
    }
  }
  if (files.front().filename().string().ends_with(".json")) {
    read_index(files.front());
  } else {
    for (const fs::path& file : files) add_file(file);
  }
}

void Checkpoint::add_file(const fs::path& path) {
  files_.emplace_back(path);
  for (const auto& [name, info] : files_.back().header().tensors) {
    if (places_.try_emplace(name, Place{files_.size() - 1, name}).second) continue;
    fail(path_, "has several files with a tensor \"" + shown(name) + "\", and none of them is " +
                    kKnownNames[0] + " or " + kKnownNames[2] + "; name the one that is meant");
  }
}

void Checkpoint::read_index(const fs::path& path) {
  const nlohmann::json index = read_json(path);
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (!index.is_object() || map == index.end() || !map->is_object()) {
    fail(path, "has no object \"weight_map\"");
  }
  if (map->empty()) fail(path, "names no tensors");
  std::map<std::string, std::vector<std::string>> shards;
  for (const auto& [name, file] : map->items()) {
    const std::string shard = file.is_string() ? file.get<std::string>() : std::string();
    if (shard.empty() || shard.starts_with(".") || fs::path(shard).filename().string() != shard) {
      fail(path, "tensor \"" + shown(name) + "\" is in no file of this directory");
    }
    shards[shard].push_back(name);
  }
  std::string missing;
  for (const auto& [shard, names] : shards) {
    std::error_code ignored;
    if (!fs::exists(path.parent_path() / shard, ignored)) missing += " " + shown(shard);
  }
  if (!missing.empty()) fail(path, "these shards are missing:" + missing);
  for (const auto& [shard, names] : shards) {
    files_.emplace_back(path.parent_path() / shard);
    for (const std::string& name : names) {
      if (!files_.back().header().tensors.contains(name)) {
        fail(path,
             "tensor \"" + shown(name) + "\" should be in " + shown(shard) + ", but isn't there");
      }
      places_[name] = {files_.size() - 1, name};
    }
  }
  // What a shard holds beyond the index is there all the same.
  for (std::size_t i = 0; i < files_.size(); ++i) {
    for (const auto& [name, info] : files_[i].header().tensors) {
      const std::size_t other = places_.try_emplace(name, Place{i, name}).first->second.file;
      if (other == i) continue;
      fail(path, "tensor \"" + shown(name) + "\" is in " +
                     shown(files_[other].path().filename().string()) + " and in " +
                     shown(files_[i].path().filename().string()));
    }
  }
}

const Checkpoint::Place& Checkpoint::place(const std::string& name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) fail(path_, "has no tensor \"" + shown(name) + "\"");
  return found->second;
}

std::vector<std::string> Checkpoint::names() const {
  std::vector<std::string> all;
  for (const auto& [name, where] : places_) all.push_back(name);
  return all;
}

const TensorInfo& Checkpoint::info(const std::string& name) const {
  const Place& where = place(name);
  return files_[where.file].header().tensors.at(where.stored);
}

const SafetensorsFile& Checkpoint::file_of(const std::string& name) const {
  return files_[place(name).file];
}

const std::string& Checkpoint::stored(const std::string& name) const { return place(name).stored; }

void Checkpoint::rename(const std::function<std::string(const std::string&)>& new_name) {
  std::map<std::string, Place> renamed;
  for (auto& [name, where] : places_) {
    const std::string to = new_name(name);
    if (to.empty()) continue;
    const auto [other, added] = renamed.try_emplace(to, where);
    if (!added) {
      fail(files_[where.file].path(), "tensors \"" + shown(other->second.stored) + "\" and \"" +
                                          shown(where.stored) + "\" both stand for \"" + shown(to) +
                                          "\"");
    }
  }
  places_ = std::move(renamed);
}

std::uint64_t Checkpoint::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, where] : places_) sum += info(name).bytes;
  return sum;
}

}  // namespace ditto::nn
