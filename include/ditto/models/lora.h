#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace ditto::models {

/// A LoRA to merge into a network, and how strongly. nn/lora.h says what files are read.
struct LoraFile {
  std::filesystem::path path;
  double scale = 1;
};

/// Takes "lora" (a path, or a list of paths) and "lora_scale" (a number for all, or a list of one
/// for each; 1 by default) out of an entry's arguments, or others that begin with `name`. Throws
/// Error(kInput).
std::vector<LoraFile> take_lora(nlohmann::json& arguments, const std::string& name = "lora");

}  // namespace ditto::models
