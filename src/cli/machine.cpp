#include "cli/machine.h"

#include <sched.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace ditto::cli {
namespace {

namespace fs = std::filesystem;

/// The value of a "NAME: VALUE" line.
std::optional<std::string> field_of(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with(name)) continue;
    const std::size_t start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;  // no such file, or "max"
}

/// The control group (version 2) of this process; empty where there is none.
std::optional<fs::path> control_group() {
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("0::/")) return fs::path("/sys/fs/cgroup") / line.substr(4);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> group_memory() {
  std::optional<std::uint64_t> least;
  auto group = control_group();
  // Every group above limits too.
  while (group && group->native().starts_with("/sys/fs/cgroup")) {
    const auto limit = number_in(*group / "memory.max");
    const auto used = number_in(*group / "memory.current");
    if (limit && used) {
      const std::uint64_t rest = *limit > *used ? *limit - *used : 0;
      least = std::min(least.value_or(rest), rest);
    }
    if (*group == group->parent_path()) break;
    group = group->parent_path();
  }
  return least;
}

}  // namespace

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::optional<std::uint64_t> available_memory() {
  std::optional<std::uint64_t> available;
  if (const auto text = field_of("/proc/meminfo", "MemAvailable")) {
    std::istringstream in(*text);
    std::uint64_t kilobytes = 0;
    if (in >> kilobytes) available = kilobytes * 1024;
  }
  if (const auto group = group_memory()) available = std::min(available.value_or(*group), *group);
  return available;
}

std::optional<std::uint64_t> free_disk(const fs::path& path) {
  std::error_code error;
  const fs::space_info space = fs::space(path, error);
  if (error) return std::nullopt;
  return space.available;
}

std::string cpu_model() { return field_of("/proc/cpuinfo", "model name").value_or("unknown"); }

std::string readable_bytes(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (value < 1e6) return fmt::format("{:.0f} kB", value / 1e3);
  if (value < 1e9) return fmt::format("{:.0f} MB", value / 1e6);
  return fmt::format("{:.1f} GB", value / 1e9);
}

}  // namespace ditto::cli
