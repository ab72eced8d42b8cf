#include "cli/transfer_bar.h"

#include <unistd.h>

#include <cstdio>

#include "cli/machine.h"
#include "ditto/core/log.h"

namespace ditto::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRedrawn{100};
constexpr milliseconds kPlainLine{10'000};
/// What takes less than this is not worth a line.
constexpr milliseconds kWorthTelling{1'000};
constexpr int kWidth = 24;

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

TransferBar::TransferBar()
    : terminal_(::isatty(STDERR_FILENO) != 0), quiet_(verbosity() == Verbosity::kQuiet) {}

TransferBar::~TransferBar() { finish(); }

std::string TransferBar::text(Clock::time_point now) const {
  const double seconds = std::max(seconds_between(begin_, now), 1e-3);
  const double share = total_ == 0 ? 1.0 : static_cast<double>(done_) / static_cast<double>(total_);
  const auto speed = static_cast<std::uint64_t>(static_cast<double>(done_) / seconds);
  return fmt::format("{} of {}, {:.0f} %, {}/s", readable_bytes(done_), readable_bytes(total_),
                     share * 100, readable_bytes(speed));
}

void TransferBar::update(std::string_view what, std::uint64_t done, std::uint64_t total) {
  if (quiet_) return;
  const auto now = Clock::now();
  if (what != what_ || done < done_) {
    finish();
    what_ = what;
    begin_ = shown_ = now;
  }
  done_ = done;
  total_ = total;
  if (done == total) return finish();  // what comes after isn't part of it
  if (now - shown_ < (terminal_ ? kRedrawn : kPlainLine)) return;
  shown_ = now;
  if (terminal_) {
    const int full = total == 0 ? kWidth : static_cast<int>(kWidth * done / total);
    std::fputs(fmt::format("\r\033[2K{} [{}{}] {}", what_, std::string(full, '#'),
                           std::string(kWidth - full, '.'), text(now))
                   .c_str(),
               stderr);
    std::fflush(stderr);
    drawn_ = true;
  } else {
    spdlog::info("{}: {}", what_, text(now));
  }
}

void TransferBar::finish() {
  if (drawn_) std::fputs("\r\033[2K", stderr);
  drawn_ = false;
  const auto now = Clock::now();
  if (!what_.empty() && now - begin_ >= kWorthTelling && done_ == total_) {
    spdlog::info("{}: {} in {:.1f} s", what_, text(now), seconds_between(begin_, now));
  }
  what_.clear();
  done_ = 0;
}

}  // namespace ditto::cli
