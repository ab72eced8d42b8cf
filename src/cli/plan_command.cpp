#include <iostream>

#include "cli/commands.h"
#include "cli/config_options.h"
#include "cli/start_up.h"
#include "ditto/core/error.h"
#include "ditto/pipeline/estimate.h"

namespace ditto::cli {

void add_plan_command(CLI::App& app, int& status) {
  static ConfigOptions config;
  static std::int64_t limit = 0;
  static bool json = false;
  CLI::App* command = app.add_subcommand(
      "plan", "What a build will cost: clips, samples, disk, time (measured on one clip)");
  config.add_to(*command);
  command->add_option("--limit", limit, "Only the first N clips")->check(CLI::NonNegativeNumber);
  command->add_flag("--json", json, "Print JSON");
  command->footer("Example:\n  ditto plan configs/builtin.json --input videos --output out");
  command->callback([&status] {
    const config::Config resolved = config.load();
    start_computing(resolved);
    if (resolved.sources.input.empty()) {
      throw Error(ErrorKind::kUsage, "plan needs sources.input, in the config or with --input");
    }
    const pipeline::Estimate estimate = pipeline::estimate(resolved, limit);
    std::cout << (json ? pipeline::to_json(estimate).dump(2) + "\n" : pipeline::to_text(estimate));
    status = kExitComplete;
  });
}

}  // namespace ditto::cli
