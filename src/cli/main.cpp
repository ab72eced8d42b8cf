#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>
#include <sstream>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/start_up.h"
#include "cli/usage.h"
#include "ditto/core/error.h"
#include "ditto/core/log.h"
#include "ditto/core/stop.h"

namespace ditto::cli {
namespace {

struct GlobalOptions {
  bool quiet = false;
  bool verbose = false;
};

void add_global_options(CLI::App& app, GlobalOptions& options) {
  app.set_help_flag("-h,--help", "Show help");
  app.set_version_flag("--version", "ditto " DITTO_VERSION, "Show the version");
  auto* quiet = app.add_flag("-q,--quiet", options.quiet, "Only warnings and errors");
  app.add_flag("-v,--verbose", options.verbose, "Also details")->excludes(quiet);
  app.parse_complete_callback([&options] {
    set_up_log(options.quiet     ? Verbosity::kQuiet
               : options.verbose ? Verbosity::kVerbose
                                 : Verbosity::kNormal);
  });
}

void add_commands(CLI::App& app, int& status) {
  add_run_command(app, status);
  add_stage_command(app, status);
  add_plan_command(app, status);
  add_status_command(app, status);
  add_explain_command(app, status);
  add_merge_command(app, status);
  add_verify_command(app, status);
  add_report_command(app, status);
  add_model_command(app, status);
  add_config_command(app, status);
  add_doctor_command(app, status);
  add_help_command(app, status);
}

int exit_status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return kExitUsage;
    case ErrorKind::kInterrupted:
      return kExitInterrupted;
    case ErrorKind::kFatal:
    case ErrorKind::kInput:
    case ErrorKind::kTransient:
      return kExitFatal;
  }
  return kExitFatal;
}

/// A message of several lines keeps its mark on each.
void log_error(const std::string& message) {
  std::istringstream lines(message);
  for (std::string line; std::getline(lines, line);) spdlog::error("{}", line);
}

int parse_and_run(CLI::App& app, int argc, char** argv, const int& status) {
  try {
    if (argc == 2 && std::string_view(argv[1]) == "help") throw CLI::CallForHelp();
    app.parse(argc, argv);
    if (!app.get_subcommands().empty()) return status;
    std::fputs(app.help().c_str(), stderr);
    return kExitUsage;
  } catch (const CLI::Success& asked) {  // --help, --version
    std::ostringstream text;
    app.exit(asked, text, text);
    print(text.str());
    return kExitComplete;
  } catch (const CLI::ParseError& error) {
    log_error(usage_message(app, error));
    return kExitUsage;
  } catch (const Error& error) {
    log_error(error.what());
    return exit_status_of(error.kind());
  } catch (const std::bad_alloc&) {
    log_error(
        "out of memory; fewer run.workers, smaller clips or a smaller run.memory_megabytes need "
        "less");
    return kExitFatal;
  } catch (const std::exception& error) {
    log_error(error.what());
    return kExitFatal;
  }
}

int run(int argc, char** argv) {
  set_up_log(Verbosity::kNormal);
  install_stop_signals();
  CLI::App app(
      "Turns a folder of videos into a dataset of (source clip, instruction, edited clip) triples.",
      "ditto");
  app.fallthrough();
  app.get_formatter()->column_width(36);
  app.footer("Example:\n  ditto run configs/builtin.json --input videos --output out");
  GlobalOptions options;
  int status = kExitComplete;
  add_global_options(app, options);
  add_commands(app, status);
  return finish_output(parse_and_run(app, argc, argv, status));
}

}  // namespace
}  // namespace ditto::cli

int main(int argc, char** argv) {
  ditto::cli::keep_standard_descriptors();
  ditto::cli::pin_opencv_before_anything(argc, argv);
  return ditto::cli::run(argc, argv);
}
