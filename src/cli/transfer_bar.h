#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ditto::cli {

/// Shows on stderr how much of a large file has been read or written, and how fast: a bar that is
/// redrawn in place on a terminal, a plain line now and then elsewhere, nothing with --quiet or
/// when it is over at once.
class TransferBar {
 public:
  TransferBar();
  ~TransferBar();
  TransferBar(const TransferBar&) = delete;
  TransferBar& operator=(const TransferBar&) = delete;

  /// May be called often. A new `what`, or less done than before, begins a new bar.
  void update(std::string_view what, std::uint64_t done, std::uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;
  void finish();
  std::string text(Clock::time_point now) const;

  bool terminal_ = false;
  bool quiet_ = false;
  bool drawn_ = false;
  std::string what_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  Clock::time_point begin_;
  Clock::time_point shown_;
};

}  // namespace ditto::cli
