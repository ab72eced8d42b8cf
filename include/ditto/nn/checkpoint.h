#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ditto/nn/safetensors.h"

namespace ditto::nn {

/// The tensors of a checkpoint, whole or in shards, each mapped from its file.
class Checkpoint {
 public:
  /// `path` is a .safetensors file, an index (*.safetensors.index.json), or a directory with
  /// model.safetensors or diffusion_pytorch_model.safetensors, whole or with an index, or with
  /// other .safetensors files, which together hold each tensor once. Throws Error(kInput): nothing
  /// there, or one tensor in several files, a shard that is missing or broken, an index that names
  /// a tensor which its shard lacks.
  explicit Checkpoint(const std::filesystem::path& path);
  /// True where the directory has weights at all (a scheduler's or tokenizer's has none).
  static bool exists(const std::filesystem::path& directory);

  /// All names, sorted.
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return places_.contains(name); }
  const TensorInfo& info(const std::string& name) const;
  /// Over the mapping, as the file has it.
  at::Tensor tensor(const std::string& name) const { return file_of(name).tensor(stored(name)); }
  /// The file that holds it, and its name there.
  const SafetensorsFile& file_of(const std::string& name) const;
  const std::string& stored(const std::string& name) const;

  /// Renames every tensor, for checkpoints of another layout. An empty new name leaves the tensor
  /// out. Throws Error(kInput) when two get one name.
  void rename(const std::function<std::string(const std::string&)>& new_name);

  const std::vector<SafetensorsFile>& files() const { return files_; }
  std::uint64_t bytes() const;

 private:
  struct Place {
    std::size_t file = 0;
    std::string stored;
  };
  void add_file(const std::filesystem::path& path);
  void read_index(const std::filesystem::path& path);
  const Place& place(const std::string& name) const;

  std::filesystem::path path_;
  std::vector<SafetensorsFile> files_;
  std::map<std::string, Place> places_;
};

}  // namespace ditto::nn
