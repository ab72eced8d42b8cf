#include "ditto/models/model.h"

#include <optional>

#include "ditto/core/files.h"
#include "ditto/core/nearest.h"
#include "ditto/nn/dtype.h"
#include "ditto/text/tokenizer.h"
#include "models/parts.h"

namespace ditto::models {
namespace {

namespace fs = std::filesystem;

/// In the order in which they are looked for.
constexpr const char* kConfigNames[] = {"model_index.json", "config.json", "scheduler_config.json"};

constexpr const char* kProcessorNames[] = {"processor_config.json", "preprocessor_config.json"};

/// Describes the weights beside it.
constexpr const char* kConfigOfFiles = "config.json";

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

bool is_known(const std::string& name, const std::vector<std::string>& known) {
  for (const std::string& pattern : known) {
    const bool open = pattern.ends_with("*");
    if (open ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern) {
      return true;
    }
  }
  return false;
}

void refuse_unknown(const std::string& entry, const char* kind, const std::string& name,
                    const std::vector<std::string>& known) {
  if (is_known(name, known)) return;
  const std::string meant = nearest(name, known);
  throw Error(ErrorKind::kInput, entry + " has no " + kind + " \"" + nn::shown(name) + "\"" +
                                     (meant.empty() ? "" : "; did you mean \"" + meant + "\"?") +
                                     " It knows: " + joined(known));
}

const Architecture& architecture_of(const std::string& class_name, const std::string& file) {
  if (const Architecture* known = find_architecture(class_name)) return *known;
  std::vector<std::string> names;
  for (const Architecture& one : architectures()) names.emplace_back(one.class_name);
  throw Error(ErrorKind::kInput, file + ": class \"" + nn::shown(class_name) +
                                     "\" is not supported; those that are: " + joined(names));
}

/// Leaves all but the tensors with the prefix out, and takes it off these.
void keep_part(const std::string& prefix, nn::Checkpoint& checkpoint) {
  if (prefix.empty()) return;
  checkpoint.rename([&](const std::string& name) {
    return name.starts_with(prefix) ? name.substr(prefix.size()) : std::string();
  });
}

/// The prefix of the part that is meant; empty for a file with one model.
std::string prefix_of(const nn::Checkpoint& checkpoint, const fs::path& path,
                      const std::string& part) {
  const std::vector<FilePart> parts = parts_of(checkpoint.names());
  std::string known;
  for (const FilePart& one : parts) {
    if (one.name == part) return std::string(one.prefix);
    known += (known.empty() ? "#" : ", #") + std::string(one.name);
  }
  const std::string file = printable(path);
  if (parts.empty() && part.empty()) return {};
  if (parts.empty()) throw Error(ErrorKind::kInput, file + " holds one model, and no parts");
  if (!part.empty()) {
    throw Error(ErrorKind::kInput,
                file + " has no part \"" + nn::shown(part) + "\"; it has " + known);
  }
  throw Error(ErrorKind::kInput,
              file + " holds several models; add which one is meant to its name: " + known);
}

/// A file whose tensors have the names of a known layout, or one with a config.json beside it.
Source find_single_file(const fs::path& path, const std::string& part = {}) {
  const fs::path config_file = path.parent_path() / kConfigOfFiles;
  std::error_code ignored;
  const bool file = fs::is_regular_file(path, ignored);
  const bool has_config = file && fs::exists(config_file, ignored);
  const auto with_config = [&] {
    ModelConfig config = ModelConfig::read(config_file);
    const Architecture& architecture = architecture_of(config.class_name(), config.file());
    return Source{path, std::move(config), &architecture};
  };
  // Files with these names belong to the config; other files need not.
  const std::string file_name = path.filename().string();
  if (has_config &&
      (file_name.starts_with("model") || file_name.starts_with("diffusion_pytorch_model"))) {
    return with_config();
  }
  nn::Checkpoint checkpoint(path);
  const std::string prefix = prefix_of(checkpoint, path, part);
  keep_part(prefix, checkpoint);
  const std::vector<std::string> names = checkpoint.names();
  for (const Architecture& one : architectures()) {
    for (const Layout& layout : one.layouts) {
      if (layout.config == nullptr || !layout.recognise(names)) continue;
      ModelConfig config(layout.config(checkpoint), printable(path));
      const Architecture& architecture = architecture_of(config.class_name(), printable(path));
      return {path, std::move(config), &architecture, prefix};
    }
  }
  if (has_config && prefix.empty()) return with_config();
  throw Error(ErrorKind::kInput, printable(path) +
                                     ": there is no config.json beside it, and its tensors' names "
                                     "are not those of a known model");
}

Source tokenizer_of(const fs::path& path) {
  const std::string where = printable(path);
  return {path, ModelConfig(nlohmann::json::object(), where),
          &architecture_of(std::string(kTokenizerClass), where)};
}

/// The picture processor that the directory describes, if it is of a supported class: a model
/// without weights.
std::optional<Source> processor_of(const fs::path& path) {
  std::error_code error;
  for (const char* name : kProcessorNames) {
    if (!fs::exists(path / name, error)) continue;
    ModelConfig config = ModelConfig::read(path / name);
    if (config.has("image_processor")) config = config.part("image_processor");
    std::string type = config.text("image_processor_type", "");
    // The same computation under the name that it had in transformers 4.
    if (type.ends_with("Fast")) type.resize(type.size() - 4);
    if (const Architecture* known = find_architecture(type)) {
      return Source{path, std::move(config), known};
    }
  }
  return std::nullopt;
}

}  // namespace

Inputs::Inputs(std::string entry, Values values)
    : entry_(std::move(entry)),
      values_(std::move(values)),
      arguments_(values_.arguments, entry_ + ": arguments") {}

void Inputs::fail(const std::string& name, const std::string& problem) const {
  throw Error(ErrorKind::kInput, entry_ + ": " + name + " " + problem);
}

const at::Tensor& Inputs::tensor(const std::string& name, std::int64_t rank) const {
  const auto found = values_.tensors.find(name);
  if (found == values_.tensors.end()) fail(name, "is missing");
  if (rank >= 0 && found->second.dim() != rank) {
    fail(name, "has shape " + nn::shape_text(found->second.sizes()) + "; it must have " +
                   std::to_string(rank) + " dimensions");
  }
  return found->second;
}

at::Tensor Inputs::optional(const std::string& name, std::int64_t rank) const {
  return has(name) ? tensor(name, rank) : at::Tensor();
}

Source find_model(const fs::path& given, std::string_view entry) {
  std::error_code error;
  const auto [path, part] = split_part(given);
  if (!fs::exists(path, error)) {
    throw Error(ErrorKind::kInput, printable(path) + " doesn't exist");
  }
  const bool directory = fs::is_directory(path, error);
  if (!directory) return find_single_file(path, part);
  if (!part.empty()) {
    throw Error(ErrorKind::kInput,
                printable(path) + " is a directory and has no parts; name a file");
  }
  const bool tokenizer = text::Tokenizer::found_in(path);
  if (tokenizer && (entry == "tokenize" || entry == "detokenize")) return tokenizer_of(path);
  if (entry == "preprocess") {
    if (auto processor = processor_of(path)) return *std::move(processor);
  }
  for (const char* name : kConfigNames) {
    if (!fs::exists(path / name, error)) continue;
    ModelConfig config = ModelConfig::read(path / name);
    const Architecture& architecture = architecture_of(config.class_name(), config.file());
    return {path, std::move(config), &architecture};
  }
  if (nn::Checkpoint::exists(path)) return find_single_file(path);
  if (tokenizer) return tokenizer_of(path);
  if (auto processor = processor_of(path)) return *std::move(processor);
  throw Error(ErrorKind::kInput,
              printable(path) +
                  " holds no model: there is no config.json, model_index.json or "
                  "scheduler_config.json");
}

nn::Checkpoint open_checkpoint(const Source& source, std::string* layout_name) {
  nn::Checkpoint checkpoint(source.path);
  keep_part(source.prefix, checkpoint);
  const std::vector<std::string> names = checkpoint.names();
  for (const Layout& layout : source.architecture->layouts) {
    if (!layout.recognise(names)) continue;
    checkpoint.rename(layout.rename);
    if (layout_name != nullptr) *layout_name = layout.name;
    break;
  }
  nn::use_our_scale_names(checkpoint);
  return checkpoint;
}

void read_weights(const Source& source, const nn::Weights& weights, nn::LoadOptions options,
                  const std::vector<LoraFile>& lora_files) {
  const nn::Lora lora = open_lora(source, weights, lora_files);
  const nn::WeightPatch patch = lora.patch();
  if (!lora_files.empty()) options.patch = &patch;
  nn::load_weights(weights, open_checkpoint(source), options);
}

Model load_model(const Source& source, const nn::Placement& placement, nn::LoadOptions options,
                 const std::vector<LoraFile>& lora) {
  return translated(printable(source.path), [&] {
    const c10::InferenceMode inference;
    Model model = source.architecture->make(source, placement);
    if (!model.weights->all().empty()) read_weights(source, *model.weights, options, lora);
    *model.loading = std::move(options);
    return model;
  });
}

void check_names(const Entry& entry, const Values& values) {
  for (const auto& [name, tensor] : values.tensors) {
    refuse_unknown(entry.name, "input", name, entry.tensors);
  }
  for (const auto& [name, value] : values.arguments.items()) {
    refuse_unknown(entry.name, "argument", name, entry.arguments);
  }
}

Values run_entry(const Entry& entry, Values values, at::Device device) {
  check_names(entry, values);
  return translated(entry.name, [&] {
    const c10::InferenceMode inference;
    for (auto& [name, tensor] : values.tensors) tensor = tensor.to(device);
    return entry.run(Inputs(entry.name, std::move(values)));
  });
}

}  // namespace ditto::models
