#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ditto/core/error.h"

namespace ditto::cli {
namespace {

/// The reader of a pipe has gone, or the descriptor was closed.
bool nobody_reads() {
  pollfd descriptor = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&descriptor, 1, 0) > 0 && (descriptor.revents & (POLLERR | POLLNVAL)) != 0;
}

}  // namespace

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

int finish_output(int status) {
  errno = 0;
  // std::cout writes through stdout too.
  const bool flushed = std::fflush(stdout) == 0;
  const int reason = errno;
  if ((flushed && std::ferror(stdout) == 0) || nobody_reads()) return status;
  spdlog::error("can't write to standard output{}",
                reason == 0 ? "" : std::string(": ") + std::strerror(reason));
  return kExitFatal;
}

}  // namespace ditto::cli
