#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ditto/models/lora.h"

/// What `ditto model` does, without LibTorch's headers. All functions throw Error(kInput) naming
/// the file, key or tensor that is wrong, and Error(kUsage) for options that make no sense.
namespace ditto::models {

/// Bytes done and in all of what is named ("loading", "reading"); called often.
using Progress =
    std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)>;

struct ModelReport {
  struct Tensor {
    std::string name;
    std::string dtype;  ///< as in a safetensors header
    std::vector<std::int64_t> shape;
    std::uint64_t bytes = 0;
  };
  struct Entry {
    std::string name;
    std::vector<std::string> tensors;
    std::vector<std::string> arguments;
  };
  struct Misfit {
    std::string name;
    std::string expected;
    std::string found;
  };
  struct NotFinite {
    std::string name;
    std::uint64_t values = 0;
  };

  std::string path;
  std::string component;  ///< its name in the pipeline, when it is a part of one
  std::string class_name;
  std::string layout;  ///< empty when the names are the class's own
  std::vector<Entry> entries;
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
  std::vector<Tensor> tensors;  ///< check: as stored; info: as the class makes them
  std::size_t files = 0;

  std::vector<std::string> missing;
  std::vector<std::string> unexpected;
  std::vector<Misfit> misshaped;
  std::vector<NotFinite> not_finite;

  std::vector<ModelReport> components;   ///< of a pipeline, those with weights
  std::vector<std::string> unsupported;  ///< components with weights whose class isn't supported

  bool whole() const;
};

/// The file of "FILE#PART", one of several models in a file; any other path itself.
std::filesystem::path without_part(const std::filesystem::path& weights);

/// Compares names, shapes and dtypes with what the class needs, and, when asked to, looks for
/// values that are not finite. Of a pipeline: each of its components.
ModelReport check_model(const std::filesystem::path& path, bool read_values,
                        const Progress& progress);

/// The classes that can be checked and run, by name.
std::vector<std::string> supported_classes();

/// What the config says, without the weights: entries, and all tensors in PyTorch's `dtype`.
ModelReport describe_model(const std::filesystem::path& path, const std::string& dtype);

struct RunRequest {
  std::filesystem::path weights;
  std::string entry;  ///< empty: the first of the class's entries
  std::filesystem::path inputs;
  std::filesystem::path outputs;
  std::string device = "cpu";     ///< or "cuda", "cuda:N"
  std::string dtype = "float32";  ///< of the parameters
  int passes = 1;                 ///< how often the entry is run; the last result is written
};

/// Reads the inputs, loads the model, runs the entry, writes the outputs. Whatever goes wrong,
/// there is no file `outputs` afterwards. Returns the seconds that each pass took.
std::vector<double> run_model(const RunRequest& request, const Progress& progress);

struct ConvertRequest {
  std::filesystem::path weights;
  std::filesystem::path output;  ///< a directory that isn't there yet
  /// PyTorch's name, or a short one; empty: as stored, float8 and int8 as bfloat16. With
  /// float8_e4m3fn the weights that take it well (Architecture::float8) get a scale for each row,
  /// the others become what they are in a network in bfloat16.
  std::string dtype;
  std::vector<LoraFile> lora;  ///< merged in float32 before the cast
  std::uint64_t shard_bytes = 10'000'000'000;
  std::string program;  ///< for the provenance in the files' metadata
};

struct ConvertReport {
  std::vector<std::string> files;
  std::uint64_t bytes = 0;       ///< of tensors
  std::size_t lora_weights = 0;  ///< parameters that the LoRA files changed
};

/// Writes a checkpoint with the class's own names and config.json; the directory appears when it is
/// complete. Also throws Error(kFatal) for a full disk.
ConvertReport convert_model(const ConvertRequest& request, const Progress& progress);

}  // namespace ditto::models
