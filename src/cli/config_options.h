#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "ditto/config/load.h"

namespace ditto::cli {

/// The options by which a subcommand gets its config. They must outlive the app.
struct ConfigOptions {
  std::string path;  ///< empty: the defaults
  config::Overrides overrides;

  /// CONFIG, --input, --output and --set.
  void add_to(CLI::App& command, bool required = true);
  /// --config and --set, for subcommands that work without a config file.
  void add_as_option_to(CLI::App& command);
  /// Throws as config::load does.
  config::Config load() const;
};

}  // namespace ditto::cli
