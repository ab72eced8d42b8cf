#include "ditto/core/stop.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

#include "ditto/core/error.h"

namespace ditto {
namespace {

std::atomic<int> g_signal{0};
std::atomic<bool> g_requested{false};
std::atomic<std::int64_t> g_deadline_ns{0};
std::mutex g_reason_mutex;
std::string g_reason;

void on_signal(int number) {
  const int before = g_signal.exchange(number);
  if (number == SIGINT && before == SIGINT) ::_exit(kExitKilled);
}

bool deadline_passed() {
  const std::int64_t deadline = g_deadline_ns.load();
  return deadline != 0 && std::chrono::steady_clock::now().time_since_epoch().count() >= deadline;
}

}  // namespace

void install_stop_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1}) ::sigaction(number, &action, nullptr);
  // A reader of our stdout that goes away is an error on write, not a death.
  ::signal(SIGPIPE, SIG_IGN);
}

void request_stop(const std::string& reason) {
  {
    std::lock_guard lock(g_reason_mutex);
    g_reason = reason;
  }
  g_requested = true;
}

void set_stop_deadline(std::chrono::steady_clock::time_point deadline) {
  g_deadline_ns = deadline.time_since_epoch().count();
}

bool stop_requested() { return g_requested || g_signal != 0 || deadline_passed(); }

std::string stop_reason() {
  switch (g_signal.load()) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGUSR1:
      return "SIGUSR1";
    default:
      break;
  }
  std::lock_guard lock(g_reason_mutex);
  if (!g_reason.empty()) return g_reason;
  return deadline_passed() ? "the time of run.deadline is over" : "";
}

void throw_if_stopped() {
  if (stop_requested()) throw Error(ErrorKind::kInterrupted, "stopped by " + stop_reason());
}

void reset_stop() {
  g_signal = 0;
  g_requested = false;
  g_deadline_ns = 0;
  std::lock_guard lock(g_reason_mutex);
  g_reason.clear();
}

}  // namespace ditto
