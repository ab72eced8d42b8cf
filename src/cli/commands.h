#pragma once

#include <CLI/CLI.hpp>

/// Each subcommand is one file of this folder: a function that adds it to the program, with its
/// options, an example in its footer, and a callback that sets `status` to the exit status.
/// Callbacks throw ditto::Error; main turns it into a message and an exit status.
namespace ditto::cli {

void add_help_command(CLI::App& app, int& status);
void add_config_command(CLI::App& app, int& status);
void add_doctor_command(CLI::App& app, int& status);
void add_stage_command(CLI::App& app, int& status);
void add_run_command(CLI::App& app, int& status);  // run and curate
void add_plan_command(CLI::App& app, int& status);
void add_status_command(CLI::App& app, int& status);
void add_explain_command(CLI::App& app, int& status);
void add_merge_command(CLI::App& app, int& status);
void add_verify_command(CLI::App& app, int& status);
void add_report_command(CLI::App& app, int& status);
void add_model_command(CLI::App& app, int& status);

}  // namespace ditto::cli
