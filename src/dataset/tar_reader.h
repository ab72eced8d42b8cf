#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// A reader of tar archives of its own, independent of the library that writes them: it trusts
/// nothing, and tells what it finds.
namespace ditto::dataset {

struct TarMember {
  std::string name;
  std::uint64_t offset = 0;  ///< of the content
  std::uint64_t bytes = 0;
  std::string sha256;  ///< of the content; empty when not asked for
};

struct TarProblem {
  std::string member;  ///< empty: the archive itself
  std::string problem;
};

struct TarScan {
  std::vector<TarMember> members;  ///< whole ones only
  std::vector<TarProblem> problems;
  std::string sha256;  ///< of the file; empty when not asked for
  std::uint64_t bytes = 0;
  bool whole = false;  ///< read to its end mark
};

/// Reads the headers from the first to the end mark and checks each field against the promised
/// form: USTAR magic, checksum, regular file, mode 0444, owner 0 without names, time 0, one
/// directory level, zero padding. Reading ends at the first header that can't be followed. Throws
/// Error(kInput) only when the file can't be opened or read. Memory doesn't grow with the members'
/// sizes.
TarScan scan_tar(const std::filesystem::path& path, bool hash);

/// The content of a member, which should be small.
std::string read_member(const std::filesystem::path& path, const TarMember& member);

/// A member's content as a file of its own that exists only in memory (or unlinked on disk when it
/// is large), for libraries that want a path.
class MemberFile {
 public:
  MemberFile(const std::filesystem::path& tar, const TarMember& member);
  ~MemberFile();
  MemberFile(const MemberFile&) = delete;
  MemberFile& operator=(const MemberFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  int descriptor_ = -1;
  std::filesystem::path path_;
};

}  // namespace ditto::dataset
