#include <cstdlib>
#include <iostream>

#include "cli/commands.h"
#include "cli/config_options.h"
#include "cli/start_up.h"
#include "ditto/core/error.h"
#include "ditto/core/log.h"
#include "ditto/pipeline/curation.h"
#include "ditto/pipeline/progress.h"
#include "ditto/pipeline/runner.h"

namespace ditto::cli {
namespace {

struct RunArguments {
  ConfigOptions config;
  std::string task;
  std::int64_t limit = 0;
  bool dry_run = false;
  bool retry_quarantined = false;
};

int number(const std::string& text, const std::string& whole) {
  try {
    std::size_t used = 0;
    const int value = std::stoi(text, &used);
    if (used == text.size() && value >= 0) return value;
  } catch (const std::exception&) {  // told below
  }
  throw Error(ErrorKind::kUsage, fmt::format("--task {}: expected i/N with 0 <= i < N", whole));
}

/// --task i/N, or a Slurm job array's variables.
void choose_share(const std::string& task, pipeline::RunOptions& options) {
  std::string text = task;
  if (text.empty()) {
    const char* id = std::getenv("SLURM_ARRAY_TASK_ID");
    const char* count = std::getenv("SLURM_ARRAY_TASK_COUNT");
    if (id == nullptr || count == nullptr) return;
    // Arrays may begin at 1 or elsewhere; SLURM_ARRAY_TASK_MIN tells.
    const char* first = std::getenv("SLURM_ARRAY_TASK_MIN");
    const int index = number(id, id) - (first != nullptr ? number(first, first) : 0);
    text = fmt::format("{}/{}", index, count);
    spdlog::info("task {} from the Slurm job array", text);
  }
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) {
    throw Error(ErrorKind::kUsage, fmt::format("--task {}: expected i/N with 0 <= i < N", text));
  }
  options.share = {number(text.substr(0, slash), text), number(text.substr(slash + 1), text)};
  options.shared = true;
  if (options.share.count < 1 || options.share.index >= options.share.count) {
    throw Error(ErrorKind::kUsage, fmt::format("--task {}: expected i/N with 0 <= i < N", text));
  }
}

void add_arguments(CLI::App& command, RunArguments& arguments) {
  arguments.config.add_to(command);
  command.add_option(
      "--task", arguments.task,
      "i/N: do the i-th of N shares; merge joins them (Slurm arrays set it by themselves)");
  command.add_option("--limit", arguments.limit, "Only the first N clips of the manifest")
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--dry-run", arguments.dry_run, "Say what would be done, and do nothing");
}

pipeline::RunOptions options_from(const RunArguments& arguments) {
  pipeline::RunOptions options;
  options.limit = arguments.limit;
  options.retry_quarantined = arguments.retry_quarantined;
  options.quiet = verbosity() == Verbosity::kQuiet;
  options.version = DITTO_VERSION;
  choose_share(arguments.task, options);
  return options;
}

int run(const RunArguments& arguments) {
  const config::Config config = arguments.config.load();
  start_computing(config);
  const pipeline::RunOptions options = options_from(arguments);
  if (arguments.dry_run) {
    std::cout << pipeline::dry_run(config, options);
    return kExitComplete;
  }
  const auto start = std::chrono::steady_clock::now();
  const pipeline::RunResult result = pipeline::run(config, options);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  spdlog::info("{}: {} accepted, {} rejected, {} quarantined; {} samples computed in {}",
               result.units_done_now == 0 ? "nothing to do" : "done", result.accepted,
               result.rejected, result.quarantined, result.samples_computed,
               pipeline::human_duration(seconds));
  if (options.shared) {
    spdlog::info("when all tasks are complete: ditto merge {}", config.output.dir);
  } else if (result.accepted + result.rejected + result.quarantined > 0) {
    spdlog::info("shards in {}/shards, report in {}/report.html", config.output.dir,
                 config.output.dir);
  } else {
    spdlog::warn("no clip came out of the sources; {}/clips.dropped.jsonl says why",
                 config.output.dir);
  }
  return result.quarantined > 0 ? kExitQuarantined : kExitComplete;
}

int curate(const RunArguments& arguments) {
  const config::Config config = arguments.config.load();
  start_computing(config);
  const pipeline::RunOptions options = options_from(arguments);
  if (config.sources.input.empty() || config.output.dir.empty()) {
    throw Error(
        ErrorKind::kUsage,
        "curate needs sources.input and output.dir, in the config or with --input and --output");
  }
  if (arguments.dry_run) {
    std::cout << pipeline::dry_run(config, options);
    return kExitComplete;
  }
  const auto counts = pipeline::curate(std::filesystem::absolute(config.output.dir), config,
                                       options.share, pipeline::worker_count(config));
  spdlog::info("{} files, {} clips, {} drops{}: {}/clips.jsonl", counts.files, counts.clips,
               counts.drops, counts.manifest_reused ? " (nothing has changed)" : "",
               config.output.dir);
  return kExitComplete;
}

}  // namespace

void add_run_command(CLI::App& app, int& status) {
  static RunArguments run_arguments;
  CLI::App* command = app.add_subcommand(
      "run", "Build a dataset: videos in, shards out; the same command resumes it");
  add_arguments(*command, run_arguments);
  command->add_flag("--retry-quarantined", run_arguments.retry_quarantined,
                    "Try samples again that were quarantined in finished units");
  command->footer(
      "Example:\n  ditto run configs/builtin.json --input videos --output out\n"
      "  ditto run configs/builtin.json --input videos --output out --task 0/4   (one of four "
      "processes)");
  command->callback([&status] { status = run(run_arguments); });

  static RunArguments curate_arguments;
  command = app.add_subcommand("curate", "Only make the manifest: which clips of which sources");
  add_arguments(*command, curate_arguments);
  command->footer("Example:\n  ditto curate configs/builtin.json --input videos --output out");
  command->callback([&status] { status = curate(curate_arguments); });
}

}  // namespace ditto::cli
