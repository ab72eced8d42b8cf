#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "ditto/config/load.h"

namespace ditto::cli {

/// The options that commands taking a CONFIG share.
struct ConfigOptions {
  std::string path;
  config::Overrides overrides;

  void add_to(CLI::App& command) {
    command.add_option("CONFIG", path, "The config file, for example configs/builtin.json")->required();
    command.add_option("--input", overrides.inputs, "Folder or file with source videos; may be repeated (sources.input)")
        ->allow_extra_args(false);
    command.add_option("--output", overrides.output, "Output directory (output.dir)");
    command.add_option("--set", overrides.set, "Override a key: key.path=value; may be repeated")
        ->allow_extra_args(false);
  }
  config::Config load() const { return config::load(path, overrides); }
};

}  // namespace ditto::cli
