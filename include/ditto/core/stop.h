#pragma once

#include <chrono>
#include <string>

/// Requests to stop cleanly: signals and the deadline. Long loops ask `stop_requested()` between
/// items; nothing new is started after it, what is done is flushed, and the run exits with 75.
namespace ditto {

/// SIGTERM, SIGINT and SIGUSR1 ask for a stop; a second SIGINT ends the process with 130 at once.
void install_stop_signals();
void request_stop(const std::string& reason);
void set_stop_deadline(std::chrono::steady_clock::time_point deadline);
bool stop_requested();
/// Why, for the message: "SIGTERM", "the deadline of run.deadline has passed".
std::string stop_reason();
/// Throws Error(kInterrupted) when a stop was asked for.
void throw_if_stopped();
/// Forgets every request; for tests.
void reset_stop();

}  // namespace ditto
