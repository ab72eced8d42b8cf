#include "ditto/nn/convert.h"

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/core/json.h"
#include "ditto/models/model.h"
#include "ditto/models/tool.h"
#include "ditto/nn/dtype.h"

namespace ditto::models {
namespace {

namespace fs = std::filesystem;

/// The metadata key under which a file says where it comes from.
constexpr const char* kProvenance = "ditto";
constexpr const char* kPipelineFile = "model_index.json";

/// Empty: as stored.
std::optional<at::ScalarType> target_dtype(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto dtype = nn::dtype_from_torch(name);
  if (dtype == at::kFloat || dtype == at::kBFloat16 || dtype == at::kHalf ||
      dtype == at::kFloat8_e4m3fn) {
    return dtype;
  }
  throw Error(ErrorKind::kUsage, "--dtype is \"" + nn::shown(name) +
                                     "\"; it must be float32, bfloat16, float16 or float8_e4m3fn "
                                     "(or f32, bf16, f16, fp8_e4m3)");
}

/// Stored values that are multiples of a scale become bfloat16, unless float8 is asked for.
at::ScalarType unquantised(at::ScalarType stored) {
  const bool floating = c10::isFloatingType(stored) && c10::elementSize(stored) > 1;
  return floating ? stored : at::kBFloat16;
}

nlohmann::json provenance(const ConvertRequest& request, const nn::Checkpoint& checkpoint,
                          const std::string& layout) {
  nlohmann::json source = nlohmann::json::array();
  nlohmann::json earlier;
  for (const nn::SafetensorsFile& file : checkpoint.files()) {
    source.push_back(
        {{"file", printable(file.path().filename())}, {"tensor_bytes", file.data_bytes()}});
    const auto found = file.header().metadata.find(kProvenance);
    if (found != file.header().metadata.end()) {
      earlier = nlohmann::json::parse(found->second, nullptr, false);
    }
  }
  nlohmann::json lora = nlohmann::json::array();
  for (const LoraFile& one : request.lora) {
    const fs::path file = nn::Lora::file_in(one.path);
    lora.push_back({{"file", printable(file.filename())},
                    {"sha256", sha256_hex_of_file(file)},
                    {"scale", one.scale}});
  }
  nlohmann::json json = {{"program", request.program},
                         {"source", std::move(source)},
                         {"dtype", request.dtype.empty() ? "as stored" : request.dtype},
                         {"lora", std::move(lora)}};
  if (!layout.empty()) json["layout"] = layout;
  if (!earlier.is_null() && !earlier.is_discarded()) json["earlier"] = std::move(earlier);
  return json;
}

/// The config.json of the converted checkpoint.
nlohmann::json config_of(const Source& source, bool float8) {
  nlohmann::json config = source.architecture->published_config == nullptr
                              ? source.config.values()
                              : source.architecture->published_config(source);
  config.erase("quantization_config");
  // Programs that don't know the scales would compute with the bare values: this stops them.
  if (float8) {
    config["quantization_config"] = {{"quant_method", "float8_rows"},
                                     {"weights", "float8_e4m3fn"},
                                     {"scales", "NAME_scale, float32, one for each row"}};
  }
  return config;
}

}  // namespace

ConvertReport convert_model(const ConvertRequest& request, const Progress& progress) {
  const std::optional<at::ScalarType> target = target_dtype(request.dtype);
  const bool float8 = target == at::kFloat8_e4m3fn;
  std::error_code ignored;
  if (fs::exists(request.weights / kPipelineFile, ignored)) {
    throw Error(ErrorKind::kUsage, printable(request.weights) +
                                       " is a pipeline; name the component to convert, e.g. " +
                                       printable(request.weights / "transformer"));
  }
  return translated(printable(request.weights), [&] {
    const Source source = find_model(request.weights);
    const Architecture& architecture = *source.architecture;
    const Model model = architecture.make(
        source, {float8 ? at::kBFloat16 : target.value_or(at::kFloat), at::kMeta});
    const std::string class_name(architecture.class_name);
    if (model.weights->all().empty()) {
      throw Error(ErrorKind::kUsage,
                  printable(request.weights) + ": " + class_name + " has no weights to convert");
    }
    if (float8 && architecture.float8 == nullptr) {
      throw Error(ErrorKind::kUsage, class_name + " has no weights that float8 is good for");
    }
    std::string layout;
    const nn::Checkpoint checkpoint = open_checkpoint(source, &layout);
    const nn::Lora lora = open_lora(source, *model.weights, request.lora);
    const nn::WeightPatch patch = lora.patch();

    nn::ConvertOptions options;
    options.patch = request.lora.empty() ? nullptr : &patch;
    options.dtype = [&](const nn::Weight& weight, at::ScalarType stored) {
      const at::ScalarType own = weight.tensor.scalar_type();
      if (weight.role != nn::Role::kParameter && !c10::isFloatingType(own)) return own;
      if (float8 && architecture.float8(weight.name)) return at::kFloat8_e4m3fn;
      return target ? own : unquantised(stored);
    };
    options.shard_bytes = request.shard_bytes;
    options.metadata = {{"format", "pt"},
                        {kProvenance, provenance(request, checkpoint, layout).dump()}};
    if (progress) {
      options.progress = [&progress](std::uint64_t done, std::uint64_t total) {
        progress("converting", done, total);
      };
    }
    const nlohmann::json config = config_of(source, float8);
    // transformers names its files differently from diffusers.
    options.stem = config.contains("architectures") ? "model" : "diffusion_pytorch_model";

    AtomicDirectory directory(request.output);
    const nn::Converted written =
        nn::write_converted(*model.weights, checkpoint, directory.temporary_path(), options);
    write_file(directory.temporary_path() / "config.json", config.dump(2) + "\n");
    // What was written must be what will be read.
    const Source result = find_model(directory.temporary_path());
    nn::require_match(*result.architecture->make(result, {at::kFloat, at::kMeta}).weights,
                      open_checkpoint(result));
    directory.commit();
    return ConvertReport{written.files, written.bytes, lora.changed().size()};
  });
}

}  // namespace ditto::models
