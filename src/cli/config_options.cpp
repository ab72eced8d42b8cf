#include "cli/config_options.h"

namespace ditto::cli {
namespace {

// One value for each mention: a list would swallow the positional argument after it.
void add_set(CLI::App& command, config::Overrides& overrides) {
  command.add_option("--set", overrides.set, "Override a key, as clip.fps=24; may be repeated")
      ->type_name("KEY.PATH=VALUE")
      ->allow_extra_args(false);
}

}  // namespace

void ConfigOptions::add_to(CLI::App& command, bool required) {
  command.add_option("CONFIG", path, "The config file, for example configs/builtin.json")
      ->type_name("FILE")
      ->required(required);
  command
      .add_option("--input", overrides.inputs,
                  "Folder or file with source videos; may be repeated (sources.input)")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command.add_option("--output", overrides.output, "Output directory (output.dir)")
      ->type_name("DIR");
  add_set(command, overrides);
}

void ConfigOptions::add_as_option_to(CLI::App& command) {
  command.add_option("--config", path, "The config file; without it the defaults hold")
      ->type_name("CONFIG");
  add_set(command, overrides);
}

config::Config ConfigOptions::load() const {
  return path.empty() ? config::parse("{}", "defaults", overrides) : config::load(path, overrides);
}

}  // namespace ditto::cli
