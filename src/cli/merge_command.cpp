#include "cli/commands.h"
#include "cli/output.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/dataset/report.h"
#include "ditto/dataset/unit.h"
#include "ditto/pipeline/plan.h"

namespace ditto::cli {
namespace {

struct MergeOptions {
  std::vector<std::string> directories;
  std::string output;
};

using WantedUnits = std::vector<std::pair<std::int64_t, std::string>>;

/// What the last run planned for this directory: units of an earlier config don't count, and those
/// that no task has finished yet are told. Empty where no single run planned it (a joined one).
WantedUnits planned(const std::filesystem::path& directory) {
  const auto run = read_file_if_exists(directory / "run.json");
  if (!run || !std::filesystem::exists(directory / "clips.jsonl")) return {};
  const auto json = nlohmann::json::parse(*run, nullptr, false);
  if (json.is_object() && json.contains("joined")) return {};
  const auto units = pipeline::planned_units(directory);
  const auto states = pipeline::unit_states(directory, units);
  const auto missing = std::count(states.begin(), states.end(), pipeline::UnitState::kMissing);
  if (missing > 0) {
    spdlog::warn(
        "{}: {} of {} planned units are not finished; until the run goes on, the dataset "
        "is incomplete",
        printable(directory), missing, units.size());
  }
  WantedUnits wanted;
  for (const pipeline::Unit& unit : units) wanted.emplace_back(unit.index, unit.fingerprint);
  return wanted;
}

void merge(const MergeOptions& options) {
  const std::vector<std::filesystem::path> directories(options.directories.begin(),
                                                       options.directories.end());
  if (options.output.empty() && directories.size() > 1) {
    throw Error(ErrorKind::kUsage, "several directories are joined into a new one: give --output");
  }
  const std::filesystem::path output =
      options.output.empty() ? directories.front() : std::filesystem::path(options.output);
  std::error_code error;
  const bool in_place =
      directories.size() == 1 && std::filesystem::equivalent(directories.front(), output, error);
  const dataset::MergeResult result =
      dataset::merge(directories, output, in_place ? planned(output) : WantedUnits());
  if (result.changed || !std::filesystem::exists(output / "report.html")) {
    dataset::write_report(output);
  }
  print(fmt::format(
      "{}: {} shards, {} samples planned: {} accepted, {} rejected, {} quarantined{}\n",
      printable(output), result.shards, result.planned, result.accepted, result.rejected,
      result.quarantined, result.changed ? "" : "; all was in place already"));
}

}  // namespace

void add_merge_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "merge", "Number the shards of finished units densely; join several output directories");
  auto options = std::make_shared<MergeOptions>();
  command->add_option("DIR", options->directories, "Output directories of runs")->required();
  command
      ->add_option("-o,--output", options->output,
                   "Where to; without it the only directory is merged in place")
      ->type_name("DIR");
  command->footer(
      "Writes shards/, samples.jsonl, units.jsonl and report.html. Interrupted, it is ended by the "
      "same command.\n"
      "Examples:\n"
      "  ditto merge out                              after the tasks of a job array\n"
      "  ditto merge out-a out-b --output joined      several runs as one dataset");
  command->callback([&status, options] {
    merge(*options);
    status = kExitComplete;
  });
}

}  // namespace ditto::cli
