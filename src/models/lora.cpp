#include "ditto/models/lora.h"

#include "ditto/core/log.h"
#include "ditto/models/model.h"

namespace ditto::models {
namespace {

constexpr const char* kLora = "lora";
constexpr const char* kScale = "lora_scale";

[[noreturn]] void fail(const std::string& name, const std::string& problem) {
  throw Error(ErrorKind::kInput, "argument " + name + " " + problem);
}

}  // namespace

std::vector<LoraFile> take_lora(nlohmann::json& arguments, const std::string& name) {
  const std::string scale_name = name + "_scale";
  std::vector<LoraFile> files;
  const nlohmann::json paths = arguments.value(name, nlohmann::json());
  const nlohmann::json scales = arguments.value(scale_name, nlohmann::json());
  arguments.erase(name);
  arguments.erase(scale_name);
  if (paths.is_string()) {
    files.push_back({paths.get<std::string>()});
  } else if (paths.is_array()) {
    for (const auto& path : paths) {
      if (!path.is_string()) fail(name, "must be a path or a list of paths");
      files.push_back({path.get<std::string>()});
    }
  } else if (!paths.is_null()) {
    fail(name, "must be a path or a list of paths");
  }
  if (scales.is_null()) return files;
  if (files.empty()) fail(scale_name, "is given without " + name);
  if (scales.is_array() && scales.size() != files.size()) {
    fail(scale_name, "must hold as many numbers as " + name + " has paths");
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    const nlohmann::json& scale = scales.is_array() ? scales[i] : scales;
    if (!scale.is_number()) fail(scale_name, "must be a number or a list of numbers");
    files[i].scale = scale.get<double>();
  }
  return files;
}

bool takes_lora(const Model& model, const Entry& entry) {
  const auto& own = entry.arguments;
  return !model.weights->all().empty() && entry.needs_weights &&
         std::find(own.begin(), own.end(), kLora) == own.end();
}

std::vector<std::string> known_arguments(const Model& model, const Entry& entry) {
  std::vector<std::string> known = entry.arguments;
  if (takes_lora(model, entry)) known.insert(known.end(), {kLora, kScale});
  return known;
}

nn::Lora open_lora(const Source& source, const nn::Weights& weights,
                   const std::vector<LoraFile>& files) {
  std::vector<nn::Lora::Alias> aliases;
  for (const Layout& layout : source.architecture->layouts) {
    if (layout.original != nullptr) aliases.emplace_back(layout.original);
  }
  nn::Lora lora(weights, aliases);
  for (const LoraFile& file : files) lora.add(file.path, file.scale);
  for (const std::string& warning : lora.warnings()) log_warning(warning);
  return lora;
}

}  // namespace ditto::models
