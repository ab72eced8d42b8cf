#include <cstdlib>
#include <filesystem>

#include "cli/commands.h"
#include "cli/machine.h"
#include "cli/model_report.h"
#include "cli/output.h"
#include "cli/transfer_bar.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/models/tool.h"
#include "ditto/nn/runtime.h"

namespace ditto::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kWeightsHelp =
    "A Hugging Face directory (config.json or model_index.json beside .safetensors files), or a "
    "single .safetensors file with a model's original names";

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

models::Progress progress_of(TransferBar& bar) {
  return [&bar](std::string_view what, std::uint64_t done, std::uint64_t total) {
    bar.update(what, done, total);
  };
}

// --- check ---------------------------------------------------------------------------------------

struct CheckOptions {
  std::string weights;
  bool quick = false;
  bool tensors = false;
  bool json = false;
};

int check(const CheckOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::exists(models::without_part(options.weights), ignored)) {
    throw Error(ErrorKind::kUsage, printable(options.weights) + " doesn't exist");
  }
  models::ModelReport report;
  try {
    TransferBar bar;
    report = models::check_model(options.weights, !options.quick, progress_of(bar));
  } catch (const Error& error) {
    // A file that can't be understood is a finding like any other.
    if (error.kind() != ErrorKind::kInput) throw;
    if (options.json) print(dump({{"ok", false}, {"error", error.what()}}));
    spdlog::error("{}", error.what());
    return kExitFaultsFound;
  }
  print(options.json ? dump(check_json(report, options.tensors))
                     : check_text(report, options.tensors));
  if (report.whole()) {
    spdlog::info("{}: no faults", report.path);
    return kExitComplete;
  }
  spdlog::error("{}: {}", report.path, fault_counts(report));
  return kExitFaultsFound;
}

void add_check(CLI::App& parent, int& status) {
  CLI::App* command = parent.add_subcommand(
      "check", "Compare a checkpoint with what its class needs, and look for NaN and infinity");
  auto options = std::make_shared<CheckOptions>();
  command->add_option("--weights", options->weights, kWeightsHelp)->required();
  command->add_flag("--quick", options->quick, "Only names, shapes and dtypes: don't read values");
  command->add_flag("--tensors", options->tensors, "List every tensor");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Prints class, parameters, dtypes, bytes, and what is missing, unexpected, misshaped or not\n"
      "finite; exit status 4 when anything is, or when a file is broken.\n"
      "Examples:\n"
      "  ditto model check --weights Wan2.1-VACE-14B-diffusers\n"
      "  ditto model check --weights umt5-xxl --quick --json | jq .missing");
  command->callback([&status, options] { status = check(*options); });
}

// --- info ----------------------------------------------------------------------------------------

struct InfoOptions {
  std::string weights;
  std::string dtype = "float32";
  bool tensors = false;
  bool json = false;
};

std::string info(const InfoOptions& options) {
  if (options.weights.empty()) {
    const std::vector<std::string> classes = models::supported_classes();
    if (options.json) return dump({{"classes", classes}});
    return fmt::format("{}\n", fmt::join(classes, "\n"));
  }
  const models::ModelReport report = models::describe_model(options.weights, options.dtype);
  return options.json ? dump(info_json(report, options.tensors))
                      : info_text(report, options.tensors);
}

void add_info(CLI::App& parent, int& status) {
  CLI::App* command = parent.add_subcommand(
      "info", "What a config describes: entries with their inputs, parameters, memory");
  auto options = std::make_shared<InfoOptions>();
  command->add_option("--weights", options->weights,
                      "A directory with config.json; its weights need not be there. Without it, "
                      "list the supported classes");
  command->add_option(
      "--dtype", options->dtype,
      "Of the parameters: float32, bfloat16, float16 or float64 (default: float32)");
  command->add_flag("--tensors", options->tensors, "List every tensor");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer(
      "Examples:\n"
      "  ditto model info\n"
      "  ditto model info --weights Wan2.1-VACE-14B-diffusers/transformer --dtype bfloat16");
  command->callback([&status, options] {
    print(info(*options));
    status = kExitComplete;
  });
}

// --- run -----------------------------------------------------------------------------------------

struct RunOptions {
  models::RunRequest request;
  std::string weights;
  std::string inputs;
  std::string outputs;
  int threads = 0;
};

/// As PyTorch decides it: OMP_NUM_THREADS, else the cores at hand.
int default_threads() {
  const char* const text = std::getenv("OMP_NUM_THREADS");
  const int number = text == nullptr ? 0 : std::atoi(text);
  return number > 0 ? number : usable_cores();
}

int run(RunOptions& options) {
  nn::keep_freed_memory();
  nn::set_up_torch(options.threads > 0 ? options.threads : default_threads());
  options.request.weights = options.weights;
  options.request.inputs = options.inputs;
  options.request.outputs = options.outputs;
  TransferBar bar;
  const std::vector<double> seconds = models::run_model(options.request, progress_of(bar));
  if (options.request.passes > 1) {
    spdlog::info("seconds per pass: {:.3f}", fmt::join(seconds, " "));
  }
  return kExitComplete;
}

void add_run(CLI::App& parent, int& status) {
  CLI::App* command = parent.add_subcommand(
      "run", "Run an entry of a model on tensors of a file, as its reference implementation would");
  auto options = std::make_shared<RunOptions>();
  command->add_option("--weights", options->weights, kWeightsHelp)->required();
  command->add_option("--entry", options->request.entry,
                      "forward, encode, decode ...: see ditto model info (default: the first)");
  command
      ->add_option("--inputs", options->inputs,
                   "A .safetensors file: tensors named as the reference's arguments; scalars, "
                   "strings and lists as a JSON object in the metadata under \"arguments\"")
      ->required();
  command
      ->add_option("--outputs", options->outputs,
                   "The .safetensors file to write; there is none after a failure")
      ->required();
  command->add_option("--device", options->request.device, "cpu, cuda or cuda:N (default: cpu)");
  command->add_option(
      "--dtype", options->request.dtype,
      "Of the parameters: float32, bfloat16, float16 or float64 (default: float32)");
  command
      ->add_option("--threads", options->threads,
                   "On the CPU (default: OMP_NUM_THREADS, or all cores)")
      ->check(CLI::Range(1, 1024));
  command
      ->add_option("--passes", options->request.passes,
                   "Run it that often, the weights being loaded once, and tell how long each took")
      ->check(CLI::Range(1, 1000));
  command->footer(
      "Unknown tensors and arguments are errors that list the known ones.\n"
      "Examples:\n"
      "  ditto model run --weights umt5-xxl --inputs ids.safetensors --outputs text.safetensors\n"
      "  ditto model run --weights vae --entry decode --dtype bfloat16 --device cuda \\\n"
      "      --inputs z.safetensors --outputs frames.safetensors");
  command->callback([&status, options] { status = run(*options); });
}

// --- convert -------------------------------------------------------------------------------------

struct ConvertOptions {
  models::ConvertRequest request;
  std::string weights;
  std::string output;
  std::vector<std::string> lora;
  std::vector<double> scales;
};

int convert(ConvertOptions& options) {
  if (!options.scales.empty() && options.scales.size() != 1 &&
      options.scales.size() != options.lora.size()) {
    throw Error(ErrorKind::kUsage, "--lora-scale must be given once, or once for each --lora");
  }
  if (!options.scales.empty() && options.lora.empty()) {
    throw Error(ErrorKind::kUsage, "--lora-scale is given without --lora");
  }
  nn::set_up_torch(default_threads());
  options.request.weights = options.weights;
  options.request.output = options.output;
  options.request.program = "ditto " DITTO_VERSION;
  for (std::size_t i = 0; i < options.lora.size(); ++i) {
    const bool one_each = options.scales.size() > 1;
    const double scale = options.scales.empty() ? 1.0 : options.scales[one_each ? i : 0];
    options.request.lora.push_back({options.lora[i], scale});
  }
  models::ConvertReport report;
  {
    TransferBar bar;
    report = models::convert_model(options.request, progress_of(bar));
  }
  print(fmt::format("wrote       {}\nfiles       {}\nbytes       {} ({})\n", options.output,
                    fmt::join(report.files, ", "), report.bytes, readable_bytes(report.bytes)));
  if (!options.lora.empty()) {
    print(fmt::format("merged      {} LoRA file{} into {} weights\n", options.lora.size(),
                      options.lora.size() == 1 ? "" : "s", report.lora_weights));
  }
  return kExitComplete;
}

void add_convert(CLI::App& parent, int& status) {
  CLI::App* command = parent.add_subcommand(
      "convert",
      "Write a checkpoint with LoRA files merged and weights cast, under the names of "
      "diffusers or transformers");
  auto options = std::make_shared<ConvertOptions>();
  command->add_option("--weights", options->weights, kWeightsHelp)->required();
  command
      ->add_option("--output", options->output,
                   "The directory to write, which must not be there yet; it appears when all of it "
                   "is written")
      ->required();
  command->add_option("--dtype", options->request.dtype,
                      "bf16, f16, f32 or fp8_e4m3 (default: as stored, quantised weights as "
                      "bf16). fp8_e4m3 stores the large matrices with a scale for each row, the "
                      "rest as bf16");
  command->add_option("--lora", options->lora,
                      "A LoRA file to merge, in float32 and before the cast; may be repeated");
  command->add_option("--lora-scale", options->scales,
                      "How strongly: one number for all, or one for each (default: 1)");
  command
      ->add_option("--shard-size", options->request.shard_bytes,
                   "The most that one file holds, e.g. 5GB (default: 10GB)")
      ->transform(CLI::AsSizeValue(true));
  command->footer(
      "Memory stays small whatever the size of the model. What was merged, and from which files, "
      "is\n"
      "in the metadata of the files written.\n"
      "Examples:\n"
      "  ditto model convert --weights Wan2.1-VACE-14B-diffusers/transformer --dtype bf16 \\\n"
      "      --lora lightx2v_rank64.safetensors --output vace-14b-4steps\n"
      "  ditto model convert --weights Wan2.2-T2V-A14B/low_noise_model --dtype fp8_e4m3 \\\n"
      "      --output low-noise-fp8");
  command->callback([&status, options] { status = convert(*options); });
}

}  // namespace

void add_model_command(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("model", "Check, describe, run and convert published checkpoints");
  command->require_subcommand(1);
  command->footer("Example:\n  ditto model check --weights Wan2.1-VACE-14B-diffusers");
  add_check(*command, status);
  add_info(*command, status);
  add_run(*command, status);
  add_convert(*command, status);
}

}  // namespace ditto::cli
