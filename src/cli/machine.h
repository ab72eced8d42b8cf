#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

/// What this machine offers to this process.
namespace ditto::cli {

/// Cores that the scheduler lets the process use.
int usable_cores();
/// Bytes that can still be taken: the system's and the control group's limit, whichever is less.
/// Empty when the system doesn't tell.
std::optional<std::uint64_t> available_memory();
/// Bytes that an ordinary user may still write beside `path`; empty when unknown.
std::optional<std::uint64_t> free_disk(const std::filesystem::path& path);
std::string cpu_model();
/// "1.5 GB"
std::string readable_bytes(std::uint64_t bytes);

}  // namespace ditto::cli
