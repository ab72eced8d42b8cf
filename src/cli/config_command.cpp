#include "cli/commands.h"
#include "cli/config_options.h"
#include "cli/output.h"
#include "ditto/core/error.h"

namespace ditto::cli {
namespace {

void add_check(CLI::App& parent, int& status) {
  CLI::App* command = parent.add_subcommand("check", "Report every problem of a config at once");
  auto options = std::make_shared<ConfigOptions>();
  options->add_to(*command);
  command->footer("Example:\n  ditto config check configs/builtin.json --set clip.fps=24");
  command->callback([&status, options] {
    const config::Config config = options->load();
    spdlog::info("{} is valid; fingerprint {}", options->path, config::fingerprint(config));
    status = kExitComplete;
  });
}

void add_show(CLI::App& parent, int& status) {
  CLI::App* command = parent.add_subcommand("show", "Print every key with its value, as JSON");
  auto options = std::make_shared<ConfigOptions>();
  options->add_to(*command, /*required=*/false);
  command->footer(
      "Without CONFIG the defaults are shown.\nExample:\n  ditto config show configs/builtin.json "
      "--set clip.fps=24");
  command->callback([&status, options] {
    print(config::to_json(options->load()).dump(2) + "\n");
    status = kExitComplete;
  });
}

void add_schema(CLI::App& parent, int& status) {
  CLI::App* command =
      parent.add_subcommand("schema", "Print the JSON Schema of configs, or their documentation");
  auto as_markdown = std::make_shared<bool>(false);
  command->add_flag("--markdown", *as_markdown, "Print docs/config.md instead");
  command->footer(
      "Examples:\n  ditto config schema > config.schema.json\n  ditto config schema --markdown > "
      "docs/config.md");
  command->callback([&status, as_markdown] {
    print(*as_markdown ? config::markdown() : config::json_schema().dump(2) + "\n");
    status = kExitComplete;
  });
}

}  // namespace

void add_config_command(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand("config", "Check, show and document configs");
  command->require_subcommand(1);
  command->footer("Example:\n  ditto config check configs/builtin.json");
  add_check(*command, status);
  add_show(*command, status);
  add_schema(*command, status);
}

}  // namespace ditto::cli
