#pragma once

#include <string_view>

/// Data goes to stdout through here, messages to stderr through the log.
namespace ditto::cli {

void print(std::string_view text);

/// Flushes stdout. A reader that has gone away (`ditto ... | head`) is no fault; a full disk is:
/// then kExitFatal instead of `status`, with a message.
int finish_output(int status);

}  // namespace ditto::cli
