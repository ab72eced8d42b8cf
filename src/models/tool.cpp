#include "ditto/models/tool.h"

#include <chrono>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/json.h"
#include "ditto/core/stop.h"
#include "ditto/models/model.h"
#include "ditto/nn/device.h"
#include "ditto/nn/dtype.h"
#include "models/parts.h"

namespace ditto::models {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPipelineFile = "model_index.json";
/// In place of a class.
constexpr const char* kSeveral = "several models in one file";

void describe_entries(const Model& model, ModelReport& report) {
  for (const Entry& entry : model.entries) {
    report.entries.push_back({entry.name, entry.tensors, known_arguments(model, entry)});
  }
}

at::ScalarType computing_dtype(const std::string& name) {
  const auto dtype = nn::dtype_from_torch(name);
  if (!dtype || !c10::isFloatingType(*dtype) || c10::elementSize(*dtype) == 1) {
    throw Error(ErrorKind::kUsage, "--dtype is \"" + nn::shown(name) +
                                       "\"; it must be float32, bfloat16, float16 or float64");
  }
  return *dtype;
}

void find_not_finite(const nn::Checkpoint& checkpoint, const Progress& progress,
                     ModelReport& report) {
  const std::uint64_t total = checkpoint.bytes();
  std::uint64_t done = 0;
  for (const std::string& name : checkpoint.names()) {
    throw_if_stopped();
    const nn::SafetensorsFile& file = checkpoint.file_of(name);
    const std::string& stored = checkpoint.stored(name);
    const std::uint64_t count = nn::count_not_finite(file, stored);
    if (count > 0) report.not_finite.push_back({name, count});
    file.release(stored);
    done += checkpoint.info(name).bytes;
    if (progress) progress("reading", done, total);
  }
}

ModelReport check_single(const Source& source, bool read_values, const Progress& progress) {
  ModelReport report;
  report.path = printable(source.path);
  report.class_name = source.architecture->class_name;
  const Model model = source.architecture->make(source, {at::kFloat, at::kMeta});
  describe_entries(model, report);
  report.parameters = model.weights->parameters();
  if (model.weights->all().empty()) return report;
  const nn::Checkpoint checkpoint = open_checkpoint(source, &report.layout);
  nn::Match match = nn::match(*model.weights, checkpoint);
  report.missing = std::move(match.missing);
  report.unexpected = std::move(match.unexpected);
  for (auto& one : match.misshaped) {
    report.misshaped.push_back({one.name, one.expected, one.found});
  }
  for (const std::string& name : checkpoint.names()) {
    const nn::TensorInfo& info = checkpoint.info(name);
    report.tensors.push_back({name, nn::header_name(info.dtype), info.shape, info.bytes});
  }
  report.bytes = checkpoint.bytes();
  report.files = checkpoint.files().size();
  if (read_values) find_not_finite(checkpoint, progress, report);
  return report;
}

void add_component(const std::string& name, ModelReport component, ModelReport& report) {
  component.component = name;
  report.parameters += component.parameters;
  report.bytes += component.bytes;
  report.files += component.files;
  report.components.push_back(std::move(component));
}

/// Adds the parts of a pipeline that have weights, each as `report_of` tells about it: folders that
/// its index names. Schedulers and tokenizers have nothing to tell.
void add_components(const fs::path& path, const ModelConfig& index, ModelReport& report,
                    const std::function<ModelReport(const Source&)>& report_of) {
  for (const auto& [name, what] : index.values().items()) {
    if (!what.is_array() || what.size() != 2 || !what[1].is_string()) continue;
    if (fs::path(name).filename() != name || name.starts_with("."))
      index.fail(name, "is no folder's name");
    const fs::path config = path / name / "config.json";
    std::error_code ignored;
    if (!nn::Checkpoint::exists(path / name) && !fs::exists(config, ignored)) continue;
    const std::string class_name = ModelConfig::read(config).class_name();
    if (find_architecture(class_name) == nullptr) {
      report.unsupported.push_back(name + ": " + class_name);
      continue;
    }
    add_component(name, report_of(find_model(path / name)), report);
  }
}

ModelReport check_pipeline(const fs::path& path, bool read_values, const Progress& progress) {
  const ModelConfig index = ModelConfig::read(path / kPipelineFile);
  ModelReport report;
  report.path = printable(path);
  report.class_name = index.class_name();
  add_components(path, index, report,
                 [&](const Source& source) { return check_single(source, read_values, progress); });
  return report;
}

/// Of a file that holds several; none of any other.
std::vector<FilePart> parts_in(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return {};
  return parts_of(nn::Checkpoint(path).names());
}

/// A file with several models, each as `report_of` tells about it.
ModelReport report_of_parts(const fs::path& path, const std::vector<FilePart>& parts,
                            const std::function<ModelReport(const Source&)>& report_of) {
  ModelReport report;
  report.path = printable(path);
  report.class_name = kSeveral;
  for (const FilePart& part : parts) {
    fs::path one = path;
    one += "#" + std::string(part.name);
    add_component(std::string(part.name), report_of(find_model(one)), report);
  }
  report.files = 1;
  report.unexpected = names_beside(parts, nn::Checkpoint(path).names());
  return report;
}

ModelReport describe_single(const Source& source, const nn::Placement& placement) {
  const Model model = source.architecture->make(source, placement);
  ModelReport report;
  report.path = printable(source.path);
  report.class_name = source.architecture->class_name;
  describe_entries(model, report);
  report.parameters = model.weights->parameters();
  report.bytes = model.weights->bytes();
  for (const nn::Weight& weight : model.weights->all()) {
    report.tensors.push_back({weight.name, nn::header_name(weight.tensor.scalar_type()),
                              weight.tensor.sizes().vec(), weight.tensor.nbytes()});
  }
  return report;
}

Values read_inputs(const fs::path& path) {
  const nn::SafetensorsFile file(path);
  Values values;
  for (const auto& [name, info] : file.header().tensors) values.tensors[name] = file.tensor(name);
  const auto arguments = file.header().metadata.find("arguments");
  if (arguments != file.header().metadata.end()) {
    values.arguments = parse_json(arguments->second, printable(path) + ": arguments");
    if (!values.arguments.is_object()) {
      throw Error(ErrorKind::kInput, printable(path) + ": arguments must be a JSON object");
    }
  }
  return values;
}

const Entry& entry_of(const Model& model, const std::string& name, const Source& source) {
  std::string known;
  for (const Entry& entry : model.entries) {
    if (name.empty() || entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw Error(ErrorKind::kUsage, std::string(source.architecture->class_name) + " has no entry \"" +
                                     nn::shown(name) + "\"; it has: " + known);
}

void write_outputs(const fs::path& path, const Values& values) {
  std::map<std::string, std::string> metadata;
  if (!values.arguments.empty()) metadata["arguments"] = values.arguments.dump();
  nn::write_safetensors(path, values.tensors, metadata);
}

}  // namespace

bool ModelReport::whole() const {
  bool all = missing.empty() && unexpected.empty() && misshaped.empty() && not_finite.empty() &&
             unsupported.empty();
  for (const ModelReport& part : components) all = all && part.whole();
  return all;
}

fs::path without_part(const fs::path& weights) { return split_part(weights).first; }

ModelReport check_model(const fs::path& path, bool read_values, const Progress& progress) {
  std::error_code ignored;
  return translated(printable(path), [&] {
    if (fs::exists(path / kPipelineFile, ignored)) {
      return check_pipeline(path, read_values, progress);
    }
    if (const auto parts = parts_in(path); !parts.empty()) {
      return report_of_parts(path, parts, [&](const Source& source) {
        return check_single(source, read_values, progress);
      });
    }
    return check_single(find_model(path), read_values, progress);
  });
}

std::vector<std::string> supported_classes() {
  std::vector<std::string> names;
  for (const Architecture& one : architectures()) names.emplace_back(one.class_name);
  std::sort(names.begin(), names.end());
  return names;
}

ModelReport describe_model(const fs::path& path, const std::string& dtype) {
  const nn::Placement placement{computing_dtype(dtype), at::kMeta};
  std::error_code ignored;
  return translated(printable(path), [&] {
    if (const auto parts = parts_in(path); !parts.empty()) {
      return report_of_parts(
          path, parts, [&](const Source& source) { return describe_single(source, placement); });
    }
    if (!fs::exists(path / kPipelineFile, ignored)) {
      return describe_single(find_model(path), placement);
    }
    const ModelConfig index = ModelConfig::read(path / kPipelineFile);
    ModelReport report;
    report.path = printable(path);
    report.class_name = index.class_name();
    // One of a class that can't be run has components that can.
    if (find_architecture(report.class_name) != nullptr) {
      const Source source = find_model(path);
      describe_entries(source.architecture->make(source, placement), report);
    }
    add_components(path, index, report,
                   [&](const Source& source) { return describe_single(source, placement); });
    return report;
  });
}

std::vector<double> run_model(const RunRequest& request, const Progress& progress) {
  const nn::Placement placement{computing_dtype(request.dtype), nn::use_device(request.device)};
  std::error_code ignored;
  if (fs::equivalent(request.inputs, request.outputs, ignored)) {
    throw Error(ErrorKind::kUsage, "--inputs and --outputs are the same file");
  }
  const Source source = find_model(request.weights, request.entry);
  // Results of an earlier run must not pass for this one's.
  if (fs::is_regular_file(request.outputs, ignored)) remove_file(request.outputs);
  {
    const AtomicFile can_be_written(request.outputs);
  }
  Values values = read_inputs(request.inputs);
  // Without memory for its weights first, so that mistakes in the request come out at once.
  const Model outline = translated(printable(request.weights), [&] {
    return source.architecture->make(source, {placement.dtype, at::kMeta});
  });
  Entry entry = entry_of(outline, request.entry, source);
  const bool with_lora = takes_lora(outline, entry);
  entry.arguments = known_arguments(outline, entry);
  check_names(entry, values);
  std::vector<LoraFile> lora;
  if (with_lora) lora = take_lora(values.arguments);
  nn::LoadOptions options;
  if (progress) {
    options.progress = [&progress](std::uint64_t done, std::uint64_t total) {
      progress("loading", done, total);
    };
  }
  const Model model = load_model(source, placement, options, lora);
  std::vector<double> seconds;
  Values results;
  for (int pass = 0; pass < request.passes; ++pass) {
    throw_if_stopped();
    results = {};
    const auto begin = std::chrono::steady_clock::now();
    results = run_entry(entry_of(model, entry.name, source), values, placement.device);
    // A device is done when its results are here.
    for (auto& [name, tensor] : results.tensors) tensor = tensor.to(at::kCPU);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  write_outputs(request.outputs, results);
  return seconds;
}

}  // namespace ditto::models
