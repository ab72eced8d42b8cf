#include <unistd.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "cli/commands.h"
#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/dataset/unit.h"
#include "ditto/pipeline/journal.h"
#include "ditto/pipeline/plan.h"
#include "ditto/pipeline/progress.h"

namespace ditto::cli {
namespace {

nlohmann::ordered_json collect(const std::filesystem::path& out) {
  nlohmann::ordered_json status;
  std::int64_t planned = 0, done = 0, merged = 0;
  std::int64_t accepted = 0, rejected = 0, quarantined = 0;
  if (std::filesystem::exists(out / "run.json") && std::filesystem::exists(out / "clips.jsonl")) {
    const auto units = pipeline::planned_units(out);
    const auto states = pipeline::unit_states(out, units);
    std::map<std::int64_t, dataset::MergedUnit> merged_units;
    for (auto& unit : dataset::read_merged_units(out)) merged_units[unit.unit] = std::move(unit);
    planned = static_cast<std::int64_t>(units.size());
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (states[i] == pipeline::UnitState::kMissing) continue;
      ++done;
      if (states[i] == pipeline::UnitState::kMerged) {
        ++merged;
        accepted += merged_units[units[i].index].accepted;
        rejected += merged_units[units[i].index].rejected;
        quarantined += merged_units[units[i].index].quarantined;
      } else if (const auto staged = dataset::read_unit(out, units[i].index)) {
        accepted += staged->accepted;
        rejected += staged->rejected;
        quarantined += staged->quarantined;
      }
    }
  }
  status["units"] = {{"planned", planned}, {"done", done}, {"merged", merged}};
  status["samples"] = {
      {"accepted", accepted}, {"rejected", rejected}, {"quarantined", quarantined}};
  status["complete"] = planned > 0 && merged == planned;
  status["tasks"] = nlohmann::ordered_json::array();
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  for (const auto& task : pipeline::read_journals(out)) {
    nlohmann::ordered_json entry = {
        {"task", task.name},
        {"running", task.running},
        {"seconds_since_heartbeat", task.last_heartbeat > 0 ? now - task.last_heartbeat : 0},
        {"units_planned", task.units_planned},
        {"units_done", task.units_done},
        {"samples_done", task.samples_done},
        {"doing", task.doing},
        {"exit_status", nullptr},
        {"stages", nlohmann::ordered_json::array()},
        {"recent_errors", task.recent_errors}};
    if (task.exit_status && !task.running) entry["exit_status"] = *task.exit_status;
    for (const auto& cost : task.costs) {
      entry["stages"].push_back({{"stage", cost.stage},
                                 {"attempts", cost.attempts},
                                 {"failed", cost.failed},
                                 {"seconds", cost.seconds},
                                 {"cpu_seconds", cost.cpu_seconds}});
    }
    status["tasks"].push_back(entry);
  }
  return status;
}

std::string to_text(const nlohmann::ordered_json& status) {
  std::string text = fmt::format(
      "units    {} of {} done, {} merged{}\nsamples  {} accepted, {} rejected, {} quarantined\n",
      status["units"]["done"].get<std::int64_t>(), status["units"]["planned"].get<std::int64_t>(),
      status["units"]["merged"].get<std::int64_t>(),
      status["complete"].get<bool>() ? " (complete)" : "",
      status["samples"]["accepted"].get<std::int64_t>(),
      status["samples"]["rejected"].get<std::int64_t>(),
      status["samples"]["quarantined"].get<std::int64_t>());
  for (const auto& task : status["tasks"]) {
    const std::string state = task["running"].get<bool>() ? "running"
                              : task["exit_status"].is_null()
                                  ? "was killed"
                                  : fmt::format("ended with {}", task["exit_status"].get<int>());
    text += fmt::format("\n{}  {}\n", task["task"].get<std::string>(), state);
    if (task["running"].get<bool>())
      text += fmt::format("  {}\n", task["doing"].get<std::string>());
    for (const auto& cost : task["stages"]) {
      const auto attempts = cost["attempts"].get<std::int64_t>();
      text += fmt::format("  {:<9} {:>6} attempts {:>4} failed {:>8.2f} s each\n",
                          cost["stage"].get<std::string>(), attempts,
                          cost["failed"].get<std::int64_t>(),
                          cost["seconds"].get<double>() / static_cast<double>(attempts));
    }
    for (const auto& error : task["recent_errors"])
      text += fmt::format("  error: {}\n", error.get<std::string>());
  }
  return text;
}

}  // namespace

void add_status_command(CLI::App& app, int& status) {
  static std::string directory;
  static bool json = false, watch = false;
  CLI::App* command = app.add_subcommand(
      "status", "How far a build is: units, outcomes, tasks, stage times, errors");
  command->add_option("DIR", directory, "Output directory")->required();
  command->add_flag("--json", json, "Print JSON");
  command->add_flag("--watch", watch, "Print again every 2 s until complete or interrupted");
  command->footer("Example:\n  ditto status out --watch");
  command->callback([&status] {
    if (!std::filesystem::is_directory(directory)) {
      throw Error(ErrorKind::kUsage, directory + " is no directory");
    }
    for (;;) {
      const auto now = collect(directory);
      if (watch && !json && ::isatty(STDOUT_FILENO) != 0) std::cout << "\033[H\033[2J";
      std::cout << (json ? now.dump(watch ? -1 : 2) + "\n" : to_text(now)) << std::flush;
      if (!watch || now["complete"].get<bool>()) break;
      for (int i = 0; i < 20 && !stop_requested(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      if (stop_requested()) break;
    }
    status = kExitComplete;
  });
}

}  // namespace ditto::cli
