#include "dataset/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"

namespace ditto::dataset {
namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::uint64_t kRecord = 20 * kBlock;
constexpr int kWriteAtOnce = 100 * static_cast<int>(kRecord);

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace

std::uint64_t tar_bytes(std::uint64_t content) { return round_up(content + 2 * kBlock, kRecord); }
std::uint64_t tar_member_bytes(std::uint64_t size) { return kBlock + round_up(size, kBlock); }

struct TarWriter::State {
  explicit State(const std::filesystem::path& final_path)
      : path(final_path), file(final_path), tar(archive_write_new(), &archive_write_free) {}

  std::filesystem::path path;
  AtomicFile file;
  Sha256 hash;
  std::uint64_t bytes = 0;
  /// Of the file. libarchive is not told of it, but its bytes are dropped from then on: an archive
  /// that has failed keeps its block when it is freed.
  std::exception_ptr failure;
  bool abandoned = false;
  std::unique_ptr<archive, int (*)(archive*)> tar;

  void check(int code) {
    if (failure) std::rethrow_exception(failure);
    if (code >= ARCHIVE_OK) return;
    const char* reason = archive_error_string(tar.get());
    throw Error(ErrorKind::kFatal, fmt::format("can't write {}: {}", printable(path),
                                               reason == nullptr ? "unknown reason" : reason));
  }

  static la_ssize_t write(archive*, void* self, const void* data, std::size_t size) {
    auto* state = static_cast<State*>(self);
    if (!state->failure && !state->abandoned) {
      try {
        state->file.write(data, size);
        state->hash.update(data, size);
        state->bytes += size;
      } catch (...) {
        state->failure = std::current_exception();
      }
    }
    return static_cast<la_ssize_t>(size);
  }
};

TarWriter::TarWriter(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {
  archive* tar = state_->tar.get();
  state_->check(archive_write_set_format_ustar(tar));
  state_->check(archive_write_add_filter_none(tar));
  state_->check(archive_write_set_bytes_per_block(tar, kWriteAtOnce));
  state_->check(archive_write_set_bytes_in_last_block(tar, static_cast<int>(kRecord)));
  state_->check(archive_write_open(tar, state_.get(), nullptr, &State::write, nullptr));
}

TarWriter::~TarWriter() {
  // Freeing an open archive flushes it; nothing of an abandoned one should reach the file.
  if (state_) state_->abandoned = true;
}

UnitSummary::Part::Member TarWriter::add(const std::string& name, std::string_view bytes) {
  const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                       &archive_entry_free);
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0444);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
  archive_entry_set_mtime(entry.get(), 0, 0);
  archive_entry_set_uid(entry.get(), 0);
  archive_entry_set_gid(entry.get(), 0);
  state_->check(archive_write_header(state_->tar.get(), entry.get()));
  const la_ssize_t written = archive_write_data(state_->tar.get(), bytes.data(), bytes.size());
  state_->check(written < 0 ? static_cast<int>(written) : ARCHIVE_OK);
  if (static_cast<std::size_t>(written) != bytes.size()) {
    throw Error(ErrorKind::kFatal,
                fmt::format("can't write {}: {} of {} bytes of {} were taken",
                            printable(state_->path), written, bytes.size(), name));
  }
  return {name, sha256_hex(bytes), bytes.size()};
}

TarWriter::Result TarWriter::finish() {
  state_->check(archive_write_close(state_->tar.get()));
  state_->tar.reset();
  state_->file.commit();
  return {state_->hash.hex(), state_->bytes};
}

}  // namespace ditto::dataset
