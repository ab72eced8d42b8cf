#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "ditto/dataset/unit.h"

namespace ditto::dataset {

/// Bytes of an archive with `content` bytes of members: the end mark and the padding to a record of
/// 10,240 bytes included, as tar programs write it.
std::uint64_t tar_bytes(std::uint64_t content);
/// Bytes that a member of `size` bytes takes with its header.
std::uint64_t tar_member_bytes(std::uint64_t size);

/// Streams a reproducible USTAR archive to an atomic file: regular files of mode 0444, time 0,
/// owner 0 without names. The same members give the same bytes.
class TarWriter {
 public:
  explicit TarWriter(const std::filesystem::path& path);
  ~TarWriter();
  TarWriter(const TarWriter&) = delete;
  TarWriter& operator=(const TarWriter&) = delete;

  /// Throws what AtomicFile throws: Error(kFatal) when the disk is full.
  UnitSummary::Part::Member add(const std::string& name, std::string_view bytes);

  struct Result {
    std::string sha256;
    std::uint64_t bytes = 0;
  };
  /// Ends the archive and gives it its name. Without it nothing is left.
  Result finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ditto::dataset
