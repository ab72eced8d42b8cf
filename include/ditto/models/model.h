#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "ditto/core/error.h"
#include "ditto/models/config.h"
#include "ditto/models/lora.h"
#include "ditto/nn/lora.h"
#include "ditto/nn/translated.h"
#include "ditto/nn/weights.h"

/// What every model offers, whatever its class: weights under their checkpoint names, and entries
/// that map named tensors and arguments to named tensors, as `ditto model run` calls them. Stages
/// use the networks directly. To add a class: a source file with the network and its make function,
/// and a line in src/models/architectures.cpp.
namespace ditto::models {

using nn::translated;

using Tensors = std::map<std::string, at::Tensor>;

/// What an entry is given and gives: tensors, and scalars, strings and lists as one JSON object.
struct Values {
  Tensors tensors;
  nlohmann::json arguments = nlohmann::json::object();
};

/// An entry's input. All tensors are on the model's device, with the dtypes that the caller gave.
/// Getters throw Error(kInput) naming what is missing or of another kind.
class Inputs {
 public:
  Inputs(std::string entry, Values values);

  bool has(const std::string& name) const { return values_.tensors.contains(name); }
  /// A negative rank means any.
  const at::Tensor& tensor(const std::string& name, std::int64_t rank = -1) const;
  /// Undefined when absent.
  at::Tensor optional(const std::string& name, std::int64_t rank = -1) const;
  const Tensors& tensors() const { return values_.tensors; }
  const ModelConfig& arguments() const { return arguments_; }
  /// "ENTRY: NAME PROBLEM", e.g. a size that doesn't fit.
  [[noreturn]] void fail(const std::string& name, const std::string& problem) const;

 private:
  std::string entry_;
  Values values_;
  ModelConfig arguments_;
};

struct Entry {
  std::string name;  ///< "forward", "encode", ...
  /// All that it knows; a trailing '*' stands for any ending ("images_*").
  std::vector<std::string> tensors;
  std::vector<std::string> arguments;
  /// Computes in inference mode.
  std::function<Values(const Inputs&)> run;
  bool needs_weights = true;  ///< a tokenizer's don't
};

struct Model {
  std::unique_ptr<nn::Weights> weights = std::make_unique<nn::Weights>();
  std::vector<Entry> entries;
  /// How entries read weights that they need later on: a pipeline reads each of its networks when
  /// it comes to it. Set by load_model; there is no patch in it.
  std::shared_ptr<nn::LoadOptions> loading = std::make_shared<nn::LoadOptions>();

  nn::Scope scope(const nn::Placement& placement) const { return {*weights, placement}; }
};

struct Architecture;

/// A model's directory, or a single file, as found on disk.
struct Source {
  std::filesystem::path path;
  ModelConfig config;
  const Architecture* architecture = nullptr;
  /// Of the model's tensors in a file that holds others too; empty where it holds one model.
  std::string prefix = {};
};

/// Checkpoints of a class that use other names than its modules.
struct Layout {
  std::string_view name;  ///< "original Wan", for reports
  /// Looks at all names of a checkpoint.
  bool (*recognise)(const std::vector<std::string>& names);
  /// The module tree's name of a tensor; the name itself where it is the same; empty to leave the
  /// tensor out.
  std::string (*rename)(const std::string& name);
  /// The config of a single file that comes without one, from its names and shapes (before they
  /// are renamed), with `_class_name`. May be null.
  nlohmann::json (*config)(const nn::Checkpoint& checkpoint) = nullptr;
  /// The layout's name of a parameter, the other way round: LoRA files use it. May be null.
  std::string (*original)(const std::string& name) = nullptr;
};

/// One supported class.
struct Architecture {
  std::string_view class_name;
  /// Builds the model with empty weights. On the device "meta" it must not compute anything large.
  Model (*make)(const Source& source, const nn::Placement& placement);
  std::vector<Layout> layouts = {};
  /// Which parameters may be stored in float8: large matrices that results depend on little. Null:
  /// none.
  bool (*float8)(const std::string& parameter) = nullptr;
  /// config.json as published with the module tree's names, where the class's own config goes with
  /// another layout. May be null.
  nlohmann::json (*published_config)(const Source& source) = nullptr;
};

const std::vector<Architecture>& architectures();
/// Null for a class that isn't supported.
const Architecture* find_architecture(std::string_view class_name);

/// The name under which a directory's tokenizer is listed: its files name no class of ours.
inline constexpr std::string_view kTokenizerClass = "Tokenizer";

/// Finds out which class `path` holds: a directory with model_index.json, config.json or
/// scheduler_config.json, or a single file of a known layout. A directory with a tokenizer is one
/// when there is nothing else, or when `entry` is one of a tokenizer's; the same of a picture
/// processor (preprocessor_config.json, processor_config.json) and `preprocess`, for the classes
/// that are listed on their own. Of a file with several models, "FILE#PART" names one: transformer,
/// text_encoder or vae. Throws Error(kInput): nothing there, several models and none named, a class
/// that is not supported (the message lists those that are).
Source find_model(const std::filesystem::path& path, std::string_view entry = {});

/// The checkpoint of a source with its tensors renamed to the module tree's names. `layout`
/// receives the name of the layout when it isn't the class's own.
nn::Checkpoint open_checkpoint(const Source& source, std::string* layout = nullptr);

/// Whether LoRA files given to the entry are merged while the model is loaded: it has weights, and
/// the entry doesn't take them itself (as a pipeline's does).
bool takes_lora(const Model& model, const Entry& entry);
/// The entry's own arguments, and "lora" and "lora_scale" where it takes them.
std::vector<std::string> known_arguments(const Model& model, const Entry& entry);
/// The LoRA files as changes of the class's weights, which may be on the device meta. Warnings go
/// to the log. Throws Error(kInput) as nn::Lora::add does.
nn::Lora open_lora(const Source& source, const nn::Weights& weights,
                   const std::vector<LoraFile>& files);

/// Fills the weights of the source's class, merging LoRA files in float32 before they are cast.
/// `options` must have no patch.
void read_weights(const Source& source, const nn::Weights& weights, nn::LoadOptions options = {},
                  const std::vector<LoraFile>& lora = {});

/// Builds and loads.
Model load_model(const Source& source, const nn::Placement& placement, nn::LoadOptions options = {},
                 const std::vector<LoraFile>& lora = {});

/// Throws Error(kInput) for a tensor or argument that the entry doesn't know; the message lists
/// those that it does.
void check_names(const Entry& entry, const Values& values);
/// Checks the names, moves the tensors to the device and runs the entry. Throws Error(kInput), also
/// for what LibTorch finds wrong.
Values run_entry(const Entry& entry, Values values, at::Device device);

}  // namespace ditto::models
