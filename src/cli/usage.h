#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace ditto::cli {

/// A parse error as one message with the nearest valid command or option, and where to find help.
std::string usage_message(const CLI::App& app, const CLI::ParseError& error);

}  // namespace ditto::cli
