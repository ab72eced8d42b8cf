#include "dataset/tar_reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"

namespace ditto::dataset {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kReadAtOnce = std::size_t{1} << 20;
constexpr std::uint64_t kLargestInMemory = std::uint64_t{256} << 20;
constexpr std::size_t kMostProblems = 50;

/// Where POSIX puts the fields of a header block.
struct Field {
  std::size_t at;
  std::size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12},
    kTime{136, 12}, kChecksum{148, 8}, kType{156, 1}, kLink{157, 100}, kMagic{257, 6},
    kVersion{263, 2}, kUser{265, 32}, kGroup{297, 32}, kMajor{329, 8}, kMinor{337, 8},
    kPrefix{345, 155}, kRest{500, 12};

using Block = std::array<char, kBlock>;

std::string_view raw(const Block& block, Field field) {
  return std::string_view(block.data(), block.size()).substr(field.at, field.size);
}

std::string text(const Block& block, Field field) {
  const std::string_view bytes = raw(block, field);
  return std::string(bytes.substr(0, bytes.find('\0')));
}

/// An octal number ended by a space or a zero byte; empty for anything else.
std::optional<std::uint64_t> octal(const Block& block, Field field) {
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (const char c : raw(block, field)) {
    if (c == '\0' || c == ' ') break;
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return value;
}

/// The sum over the block with the checksum field itself taken as spaces.
std::uint64_t sum_of(const Block& block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    sum += own ? ' ' : static_cast<unsigned char>(block[i]);
  }
  return sum;
}

bool all_zero(const char* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](char c) { return c == 0; });
}

[[noreturn]] void fail(const std::filesystem::path& path, int code) {
  throw Error(ErrorKind::kInput, printable(path) + ": " + std::strerror(code));
}

class Source {
 public:
  explicit Source(const std::filesystem::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail(path_, errno);
    struct stat state;
    if (::fstat(descriptor_, &state) != 0 || !S_ISREG(state.st_mode)) {
      ::close(descriptor_);
      throw Error(ErrorKind::kInput, printable(path_) + ": is no regular file");
    }
    bytes_ = static_cast<std::uint64_t>(state.st_size);
  }
  ~Source() { ::close(descriptor_); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  std::uint64_t bytes() const { return bytes_; }

  /// Up to `size` bytes; fewer only at the end of the file.
  std::size_t read(std::uint64_t offset, char* data, std::size_t size) const {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t n =
          ::pread(descriptor_, data + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail(path_, errno);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  /// Calls `sink(data, size)` over a range that lies within the file.
  template <class F>
  void stream(std::uint64_t offset, std::uint64_t size, F&& sink) const {
    std::vector<char> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(size, kReadAtOnce)));
    while (size > 0) {
      const std::size_t wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer.size()));
      const std::size_t n = read(offset, buffer.data(), wanted);
      if (n == 0) {
        throw Error(ErrorKind::kInput, printable(path_) + ": became shorter while it was read");
      }
      sink(buffer.data(), n);
      offset += n;
      size -= n;
    }
  }

 private:
  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t bytes_ = 0;
};

class Scanner {
 public:
  Scanner(const std::filesystem::path& path, bool hash) : source_(path), hash_(hash) {
    scan_.bytes = source_.bytes();
  }

  TarScan scan() {
    std::uint64_t at = 0;
    while (next(at)) {
    }
    if (hash_) {
      hash_rest(at);
      scan_.sha256 = whole_.hex();
    }
    return std::move(scan_);
  }

 private:
  void problem(const std::string& member, std::string what) {
    if (scan_.problems.size() < kMostProblems) {
      scan_.problems.push_back({member, std::move(what)});
    } else if (scan_.problems.size() == kMostProblems) {
      scan_.problems.push_back({"", "more problems of this archive are not listed"});
    }
  }

  void expect(const std::string& member, const char* field, std::optional<std::uint64_t> found,
              std::uint64_t expected) {
    if (found == expected) return;
    problem(member,
            found ? fmt::format("its {} is {:o} (octal) instead of {:o}", field, *found, expected)
                  : fmt::format("its {} is no octal number", field));
  }

  void check_header(const std::string& name, const Block& block) {
    expect(name, "mode", octal(block, kMode), 0444);
    expect(name, "user number", octal(block, kUid), 0);
    expect(name, "group number", octal(block, kGid), 0);
    expect(name, "modification time", octal(block, kTime), 0);
    expect(name, "device number", octal(block, kMajor).value_or(0), 0);
    expect(name, "device number", octal(block, kMinor).value_or(0), 0);
    const auto empty = [&](const char* what, Field field) {
      if (!all_zero(raw(block, field).data(), field.size)) {
        problem(name, fmt::format("its {} is not empty", what));
      }
    };
    empty("link name", kLink);
    empty("user name", kUser);
    empty("group name", kGroup);
    empty("name prefix", kPrefix);
    empty("header's end", kRest);
    if (name.find('/') != std::string::npos) problem(name, "lies in a directory");
  }

  /// Reads the header at `at`, moves behind its member; false at the end mark or where the archive
  /// can't be followed further.
  bool next(std::uint64_t& at) {
    Block block;
    const std::size_t n = source_.read(at, block.data(), kBlock);
    if (n < kBlock) {
      problem("",
              fmt::format("is cut off: it ends after {} bytes without the end mark", scan_.bytes));
      return false;
    }
    if (all_zero(block.data(), kBlock)) {
      check_end(at);
      return false;
    }
    const std::string where = fmt::format("the header at byte {}", at);
    const std::optional<std::uint64_t> sum = octal(block, kChecksum);
    if (sum != sum_of(block)) {
      problem("", where + " has a wrong checksum; nothing behind it was read");
      return false;
    }
    if (raw(block, kMagic) != std::string_view("ustar\0", 6) || raw(block, kVersion) != "00") {
      problem("", where + " is not USTAR; nothing behind it was read");
      return false;
    }
    const std::string name = text(block, kName);
    const std::string shown = printable(name);
    const std::optional<std::uint64_t> size = octal(block, kSize);
    if (!size) {
      problem(shown, "its size is no octal number; nothing behind it was read");
      return false;
    }
    check_header(shown, block);
    if (const char type = raw(block, kType)[0]; type != '0') {
      problem(shown, fmt::format("is no regular file (type {:#04x})",
                                 static_cast<unsigned>(static_cast<unsigned char>(type))));
    }
    if (hash_) whole_.update(block.data(), kBlock);
    at += kBlock;
    if (*size > scan_.bytes - at) {
      problem(shown, fmt::format("is cut off: {} of {} bytes are there", scan_.bytes - at, *size));
      return false;
    }
    TarMember member{name, at, *size, {}};
    if (hash_) {
      Sha256 content;
      source_.stream(at, *size, [&](const char* data, std::size_t count) {
        content.update(data, count);
        whole_.update(data, count);
      });
      member.sha256 = content.hex();
    }
    at += *size;
    scan_.members.push_back(std::move(member));
    return check_padding(shown, at);
  }

  bool check_padding(const std::string& shown, std::uint64_t& at) {
    const std::size_t padding = static_cast<std::size_t>((kBlock - at % kBlock) % kBlock);
    Block block;
    const std::size_t n = source_.read(at, block.data(), padding);
    if (hash_) whole_.update(block.data(), n);
    at += n;
    if (n < padding) {
      problem(shown, "is cut off in the padding behind it");
      return false;
    }
    if (!all_zero(block.data(), padding)) problem(shown, "the padding behind it is not zero");
    return true;
  }

  void check_end(std::uint64_t at) {
    const std::uint64_t rest = scan_.bytes - at;
    if (rest < 2 * kBlock || rest % kBlock != 0) {
      problem("",
              fmt::format("its end mark has {} bytes instead of at least {}", rest, 2 * kBlock));
      return;
    }
    bool zero = true;
    source_.stream(at, rest, [&](const char* data, std::size_t count) {
      zero = zero && all_zero(data, count);
    });
    if (!zero) {
      problem("", fmt::format("there is something behind the end mark at byte {}", at));
      return;
    }
    scan_.whole = true;
  }

  void hash_rest(std::uint64_t at) {
    source_.stream(at, scan_.bytes - at,
                   [&](const char* data, std::size_t count) { whole_.update(data, count); });
  }

  Source source_;
  bool hash_;
  Sha256 whole_;
  TarScan scan_;
};

}  // namespace

TarScan scan_tar(const std::filesystem::path& path, bool hash) {
  return Scanner(path, hash).scan();
}

std::string read_member(const std::filesystem::path& path, const TarMember& member) {
  const Source source(path);
  std::string content;
  source.stream(member.offset, member.bytes,
                [&](const char* data, std::size_t count) { content.append(data, count); });
  return content;
}

MemberFile::MemberFile(const std::filesystem::path& tar, const TarMember& member) {
  const Source source(tar);
  if (member.bytes <= kLargestInMemory) {
    descriptor_ = ::memfd_create("ditto-member", MFD_CLOEXEC);
  } else {
    descriptor_ = ::open(std::filesystem::temp_directory_path().c_str(),
                         O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  }
  if (descriptor_ < 0) fail("a temporary file", errno);
  path_ = fmt::format("/proc/self/fd/{}", descriptor_);
  try {
    source.stream(member.offset, member.bytes, [&](const char* data, std::size_t count) {
      while (count > 0) {
        const ssize_t n = ::write(descriptor_, data, count);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) fail("a temporary file", errno);
        data += n;
        count -= static_cast<std::size_t>(n);
      }
    });
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

MemberFile::~MemberFile() { ::close(descriptor_); }

}  // namespace ditto::dataset
