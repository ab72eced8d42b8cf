#include "ditto/core/files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "ditto/core/error.h"

namespace ditto {
namespace {

FileFault g_fault;

[[noreturn]] void fail(const char* action, const std::filesystem::path& path, int code) {
  throw Error(ErrorKind::kFatal,
              fmt::format("can't {} {}: {}", action, printable(path), std::strerror(code)));
}

void step(std::string_view name, const std::filesystem::path& path) {
  if (g_fault) g_fault(name, path);
}

/// ".ditto-tmp.PID.N.NAME": hidden, beside the final file; its writer holds a lock on it.
constexpr std::string_view kTemporaryPrefix = ".ditto-tmp.";

std::filesystem::path temporary_for(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  return path.parent_path() / fmt::format("{}{}.{}.{}", kTemporaryPrefix, ::getpid(), counter++,
                                          path.filename().string());
}

/// Length of the valid UTF-8 sequence at the start of `text`; 0 when there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
  const bool too_large = lead == 0xf4 && byte(1) >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

void set_file_fault(FileFault fault) { g_fault = std::move(fault); }

AtomicFile::AtomicFile(std::filesystem::path final_path)
    : final_(std::move(final_path)), temporary_(temporary_for(final_)) {
  step("create", final_);
  std::error_code ignored;
  std::filesystem::create_directories(final_.parent_path(), ignored);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail("create", final_, errno);
  ::flock(descriptor_, LOCK_EX | LOCK_NB);  // tells remove_stale_temporaries that a writer lives
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, std::size_t size) {
  step("write", final_);
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(descriptor_, next, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", final_, errno);
    next += n;
    size -= static_cast<std::size_t>(n);
  }
}

void AtomicFile::write_at(std::uint64_t offset, const void* data, std::size_t size) {
  step("write", final_);
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::pwrite(descriptor_, next, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", final_, errno);
    next += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
}

void AtomicFile::commit() {
  step("sync", final_);
  if (::fsync(descriptor_) != 0) fail("write", final_, errno);
  step("rename", final_);
  if (::rename(temporary_.c_str(), final_.c_str()) != 0) fail("rename to", final_, errno);
  ::close(descriptor_);
  descriptor_ = -1;
  step("sync_dir", final_);
  sync_directory(final_.parent_path());
}

namespace {

/// A lock that tells others that the directory's writer lives. -1 where another holds it.
int lock_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -1;
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  return -1;
}

void remove_abandoned_directories(const std::filesystem::path& final_path) {
  const std::string ending = "." + final_path.filename().string();
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(final_path.parent_path(), error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kTemporaryPrefix) || !name.ends_with(ending)) continue;
    const int lock = lock_directory(entry.path());
    if (lock < 0) continue;
    std::filesystem::remove_all(entry.path(), error);
    ::close(lock);
  }
}

}  // namespace

AtomicDirectory::AtomicDirectory(std::filesystem::path final_path)
    : final_(std::filesystem::absolute(std::move(final_path)).lexically_normal()) {
  if (!final_.has_filename()) final_ = final_.parent_path();  // "a/" is "a"
  std::error_code error;
  const auto status = std::filesystem::symlink_status(final_, error);
  if (std::filesystem::exists(status) &&
      !(std::filesystem::is_directory(status) && std::filesystem::is_empty(final_, error))) {
    throw Error(ErrorKind::kUsage, printable(final_) + " is there already");
  }
  temporary_ = temporary_for(final_);
  step("create", final_);
  std::filesystem::create_directories(final_.parent_path(), error);
  remove_abandoned_directories(final_);
  if (::mkdir(temporary_.c_str(), 0755) != 0) fail("create", final_, errno);
  lock_ = lock_directory(temporary_);
}

AtomicDirectory::~AtomicDirectory() {
  std::error_code ignored;
  if (!temporary_.empty()) std::filesystem::remove_all(temporary_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

void AtomicDirectory::commit() {
  step("sync_dir", temporary_);
  sync_directory(temporary_);
  step("rename", final_);
  if (::rename(temporary_.c_str(), final_.c_str()) != 0) fail("rename to", final_, errno);
  temporary_.clear();
  step("sync_dir", final_);
  sync_directory(final_.parent_path());
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

namespace {

void copy_bytes(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::ifstream in(from, std::ios::binary);
  if (!in) fail("read", from, errno);
  AtomicFile out(to);
  std::vector<char> buffer(std::size_t{1} << 20);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    if (in.gcount() > 0) out.write(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad() || !in.eof()) fail("read", from, errno);
  out.commit();
}

}  // namespace

void link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to) {
  step("link", to);
  std::error_code ignored;
  std::filesystem::create_directories(to.parent_path(), ignored);
  const std::filesystem::path temporary = temporary_for(to);
  if (::link(from.c_str(), temporary.c_str()) != 0) {
    const int code = errno;
    // Another file system, one without links, or one name too many: all mean a copy.
    if (code != EXDEV && code != EPERM && code != EMLINK && code != ENOTSUP && code != ENOSYS) {
      fail("link", from, code);
    }
    return copy_bytes(from, to);
  }
  try {
    step("rename", to);
    if (::rename(temporary.c_str(), to.c_str()) != 0) fail("rename to", to, errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  ::unlink(temporary.c_str());  // rename() keeps both names when they are one file already
  step("sync_dir", to);
  sync_directory(to.parent_path());
}

void remove_file(const std::filesystem::path& path) {
  step("remove", path);
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return;
    fail("remove", path, errno);
  }
  step("sync_dir", path);
  sync_directory(path.parent_path());
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(ErrorKind::kInput, printable(path) + ": " + std::strerror(errno));
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (in.bad()) throw Error(ErrorKind::kInput, printable(path) + ": can't be read to its end");
  return bytes;
}

std::optional<std::string> read_file_if_exists(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
  return read_file(path);
}

void remove_stale_temporaries(const std::filesystem::path& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kTemporaryPrefix)) continue;
    const int fd = ::open(entry.path().c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    const bool abandoned = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    ::close(fd);
    if (!abandoned) continue;
    std::filesystem::remove(entry.path(), error);
  }
}

void sync_directory(const std::filesystem::path& directory) {
  const int fd =
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail("open", directory, errno);
  const int rc = ::fsync(fd);
  const int code = errno;
  ::close(fd);
  // Some network file systems can't sync a directory; they say so with EINVAL.
  if (rc != 0 && code != EINVAL) fail("sync", directory, code);
}

std::string printable(const std::filesystem::path& path) {
  const std::string& text = path.native();
  std::string escaped;
  bool needs_escape = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(std::string_view(text).substr(i));
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      needs_escape = true;
      escaped += fmt::format("\\x{:02x}", byte);
      ++i;
    } else {
      const std::string_view part = std::string_view(text).substr(i, length);
      escaped += part == "\\" ? "\\\\" : part;
      i += length;
    }
  }
  return needs_escape ? escaped : text;
}

std::optional<FileLock> FileLock::try_acquire(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) fail("create", path, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int code = errno;
    ::close(fd);
    if (code == EWOULDBLOCK) return std::nullopt;
    fail("lock", path, code);
  }
  return FileLock(fd);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace ditto
