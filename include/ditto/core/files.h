#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// Files that are complete under their final name: a temporary name in the same directory, fsync,
/// rename, fsync of the directory. Every write of ditto to an output directory goes through here,
/// so that tests can inject faults (a full disk, a crash between two steps).
namespace ditto {

/// A hook called before each step with its name ("create", "write", "sync", "rename", "sync_dir",
/// "link", "remove") and path; it may throw Error to simulate a fault. Empty by default. For tests.
using FileFault = std::function<void(std::string_view step, const std::filesystem::path& path)>;
void set_file_fault(FileFault fault);

/// A file being written. Destroyed without commit(), it leaves nothing behind.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path final_path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Throws Error(kFatal) naming the path and the system's reason ("No space left on device").
  void write(const void* data, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// At a place of its own; write() goes on where it was.
  void write_at(std::uint64_t offset, const void* data, std::size_t size);
  /// Where the bytes go until commit(); a library that wants a path may write there itself.
  const std::filesystem::path& temporary_path() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

/// A directory that appears under its name as a whole. Destroyed without commit(), it leaves
/// nothing behind; what a killed process left is removed by the next that makes the same one.
class AtomicDirectory {
 public:
  /// Throws Error(kUsage) when something is there already, unless it is an empty directory.
  explicit AtomicDirectory(std::filesystem::path final_path);
  ~AtomicDirectory();
  AtomicDirectory(const AtomicDirectory&) = delete;
  AtomicDirectory& operator=(const AtomicDirectory&) = delete;

  /// Where its files are to be written until commit(), each by AtomicFile.
  const std::filesystem::path& temporary_path() const { return temporary_; }
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;
  int lock_ = -1;
};

void write_file(const std::filesystem::path& path, std::string_view bytes);
/// Gives the complete file `from` a second name, replacing what is at `to`: a hard link, or a copy
/// where the file systems can't link the two. Steps: "link", "rename", "sync_dir" (or
/// AtomicFile's).
void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to);
/// Removes a file if it is there, and syncs its directory. Steps: "remove", "sync_dir".
void remove_file(const std::filesystem::path& path);
/// Throws Error(kInput) naming the file.
std::string read_file(const std::filesystem::path& path);
std::optional<std::string> read_file_if_exists(const std::filesystem::path& path);
/// Removes temporary files that killed processes left directly inside `directory`. Those whose
/// writer lives, on any node, are kept: it holds a lock on them.
void remove_stale_temporaries(const std::filesystem::path& directory);
void sync_directory(const std::filesystem::path& directory);
/// A text form of a path for JSON and messages: valid UTF-8 as it is, other bytes and control
/// characters as \xNN, the backslash doubled where anything was escaped.
std::string printable(const std::filesystem::path& path);

/// An advisory lock on a file (flock): released when destroyed or when the process dies.
class FileLock {
 public:
  /// Empty when another holder has it.
  static std::optional<FileLock> try_acquire(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace ditto
