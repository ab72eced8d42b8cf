#include <iostream>

#include "cli/commands.h"
#include "ditto/config/load.h"
#include "ditto/core/error.h"
#include "ditto/pipeline/explain.h"
#include "ditto/pipeline/plan.h"

namespace ditto::cli {

void add_explain_command(CLI::App& app, int& status) {
  static std::string directory, key, config_path;
  static config::Overrides overrides;
  CLI::App* command =
      app.add_subcommand("explain", "Why a sample is or isn't redone, stage by stage");
  command->add_option("DIR", directory, "Output directory")->required();
  command->add_option("KEY", key, "Sample key, as in samples.jsonl")->required();
  command->add_option("--config", config_path,
                      "Compare with this config instead of the last run's");
  command->add_option("--set", overrides.set, "Override a key: key.path=value; may be repeated")
      ->allow_extra_args(false);
  command->footer(
      "Example:\n  ditto explain out 0a1b2c3d4e5f6071-000000_1 --set judge.min_quality=7");
  command->callback([&status] {
    std::optional<config::Config> config;
    if (!config_path.empty()) {
      config = config::load(config_path, overrides);
    } else if (!overrides.set.empty()) {
      const auto last = config::to_json(pipeline::read_run_json(directory).config);
      config = config::parse(last.dump(), "run.json", overrides);
    }
    std::cout << pipeline::explain(directory, key, config);
    status = kExitComplete;
  });
}

}  // namespace ditto::cli
