#include "ditto/nn/safetensors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "ditto/core/error.h"
#include "ditto/nn/dtype.h"

namespace ditto::nn {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
/// The reference implementation's bound.
constexpr std::uint64_t kLongestHeader = 100'000'000;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& problem) {
  throw Error(ErrorKind::kInput, printable(path) + ": " + problem);
}

/// What a file of another kind is, told by its first bytes; empty when they say nothing.
std::string other_format(std::string_view begin) {
  constexpr std::string_view kPickled =
      "a pickled PyTorch file (.pth, .pt, .bin), which can run code of its own when it is read; "
      "save its tensors as .safetensors first (Python: safetensors.torch.save_file)";
  if (begin.starts_with("PK\x03\x04")) return std::string(kPickled);
  if (begin.size() > 1 && begin[0] == '\x80' && begin[1] >= 2 && begin[1] <= 5 &&
      begin.substr(2, 6).find('\0') == std::string_view::npos) {
    return std::string(kPickled);
  }
  if (begin.starts_with("GGUF")) return "GGUF, which is not supported";
  if (begin.starts_with("version https:/")) {
    return "a pointer of Git LFS; fetch the file itself (git lfs pull)";
  }
  if (begin.starts_with("<!DOC") || begin.starts_with("<html")) {
    return "a web page (a failed download?)";
  }
  return {};
}

}  // namespace

struct SafetensorsFile::Mapping {
  explicit Mapping(const std::filesystem::path& path) {
    descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) fail(path, std::string("can't be read: ") + std::strerror(errno));
    struct stat status = {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(descriptor);
      fail(path, "is no regular file");
    }
    size = static_cast<std::uint64_t>(status.st_size);
    if (size < kLengthBytes) {
      ::close(descriptor);
      fail(path, "is no safetensors file: " + std::to_string(size) + " bytes (truncated?)");
    }
    // Writable in this process alone: an in-place operation must not end in a signal. No swap is
    // set aside for it, so that files larger than the memory can be mapped.
    void* const start =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0);
    if (start == MAP_FAILED) {
      const int code = errno;
      ::close(descriptor);
      fail(path, std::string("can't be mapped: ") + std::strerror(code));
    }
    data = static_cast<std::byte*>(start);
  }
  ~Mapping() {
    ::munmap(data, size);
    ::close(descriptor);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::byte* data = nullptr;
  std::uint64_t size = 0;
  int descriptor = -1;
};

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), mapping_(std::make_shared<const Mapping>(path)) {
  std::uint64_t length = 0;
  for (std::uint64_t i = 0; i < kLengthBytes; ++i) {
    length |= std::to_integer<std::uint64_t>(mapping_->data[i]) << (8 * i);
  }
  if (const std::string other = other_format({reinterpret_cast<const char*>(mapping_->data),
                                              std::min<std::uint64_t>(mapping_->size, 16)});
      !other.empty()) {
    fail(path, "is no safetensors file but " + other);
  }
  if (length > kLongestHeader) {
    fail(path, "is no safetensors file: a header of " + std::to_string(length) + " bytes");
  }
  if (length > mapping_->size - kLengthBytes) {
    fail(path, "the header should have " + std::to_string(length) + " bytes, the file has only " +
                   std::to_string(mapping_->size) + " (truncated?)");
  }
  data_begin_ = kLengthBytes + length;
  data_bytes_ = mapping_->size - data_begin_;
  const std::string_view json(reinterpret_cast<const char*>(mapping_->data + kLengthBytes), length);
  header_ = parse_safetensors_header(json, data_bytes_, printable(path));
}

const TensorInfo& SafetensorsFile::info(const std::string& name) const {
  const auto found = header_.tensors.find(name);
  if (found == header_.tensors.end()) fail(path_, "has no tensor \"" + shown(name) + "\"");
  return found->second;
}

std::span<const std::byte> SafetensorsFile::bytes(const std::string& name) const {
  const TensorInfo& tensor = info(name);
  return {mapping_->data + data_begin_ + tensor.begin, tensor.bytes};
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const TensorInfo& tensor = info(name);
  if (tensor.bytes == 0) return at::empty(tensor.shape, tensor.dtype);
  std::byte* const start = mapping_->data + data_begin_ + tensor.begin;
  if (tensor.dtype == at::kBool) {  // a byte other than 0 and 1 must not become a C++ bool
    return at::from_blob(start, tensor.shape, at::kByte).ne(0);
  }
  const std::size_t alignment = c10::elementSize(tensor.dtype);
  if (reinterpret_cast<std::uintptr_t>(start) % alignment != 0) {
    at::Tensor copy = at::empty(tensor.shape, tensor.dtype);
    std::memcpy(copy.mutable_data_ptr(), start, tensor.bytes);
    return copy;
  }
  return at::from_blob(start, tensor.shape, [mapping = mapping_](void*) {}, tensor.dtype);
}

namespace {

/// madvise() wants whole pages: the ones that lie inside for dropping, all that are touched for
/// reading ahead.
void advise(std::span<const std::byte> bytes, int advice, bool inside) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  std::uintptr_t end = begin + bytes.size();
  begin = inside ? (begin + page - 1) / page * page : begin / page * page;
  end = inside ? end / page * page : (end + page - 1) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

}  // namespace

void SafetensorsFile::prefetch(const std::string& name) const {
  advise(bytes(name), MADV_WILLNEED, false);
}

void SafetensorsFile::release(const std::string& name) const {
  advise(bytes(name), MADV_DONTNEED, true);
}

std::vector<std::span<const std::byte>> SafetensorsFile::stored_bytes(
    const std::string& name) const {
  const TensorInfo& tensor = info(name);
  const auto begin = static_cast<off_t>(data_begin_ + tensor.begin);
  const auto end = static_cast<off_t>(data_begin_ + tensor.begin + tensor.bytes);
  std::vector<std::span<const std::byte>> parts;
  for (off_t at = begin; at < end;) {
    const off_t data = ::lseek(mapping_->descriptor, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // nothing but a hole up to the end
    if (data < 0) return {bytes(name)};     // a file system that can't tell
    const off_t hole = ::lseek(mapping_->descriptor, data, SEEK_HOLE);
    const off_t stop = hole < 0 ? end : std::min(hole, end);
    if (data >= end) break;
    // Elements may straddle the border between data and hole: take whole ones.
    const auto size = static_cast<off_t>(c10::elementSize(tensor.dtype));
    const off_t from = begin + (data - begin) / size * size;
    const off_t to = std::min(end, begin + (stop - begin + size - 1) / size * size);
    parts.emplace_back(mapping_->data + from, static_cast<std::size_t>(to - from));
    at = stop;
  }
  return parts;
}

namespace {

/// Sets the ranges of `layout`.
std::string file_header(std::map<std::string, TensorInfo>& layout,
                        const std::map<std::string, std::string>& metadata) {
  std::vector<std::pair<const std::string, TensorInfo>*> order;
  for (auto& entry : layout) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return c10::elementSize(a->second.dtype) > c10::elementSize(b->second.dtype);
  });
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (!metadata.empty()) json["__metadata__"] = metadata;
  std::uint64_t end = 0;
  for (auto* entry : order) {
    TensorInfo& info = entry->second;
    info.begin = end;
    info.bytes = c10::elementSize(info.dtype);
    for (const std::int64_t size : info.shape) info.bytes *= static_cast<std::uint64_t>(size);
    end += info.bytes;
    json[entry->first] = {{"dtype", header_name(info.dtype)},
                          {"shape", info.shape},
                          {"data_offsets", {info.begin, end}}};
  }
  std::string text;
  try {
    text = json.dump();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::kInput, "a tensor's name or the metadata is no valid UTF-8");
  }
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  std::string bytes;
  for (std::uint64_t i = 0; i < kLengthBytes; ++i) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i) & 0xff);
  }
  return bytes + text;
}

}  // namespace

SafetensorsWriter::SafetensorsWriter(const std::filesystem::path& path,
                                     std::map<std::string, TensorInfo> layout,
                                     const std::map<std::string, std::string>& metadata)
    : file_(path), layout_(std::move(layout)) {
  for (const auto& [name, info] : layout_) {
    if (header_name(info.dtype).empty()) {
      fail(path, "tensor \"" + shown(name) + "\" is " + torch_name(info.dtype) +
                     ", which safetensors files can't hold");
    }
  }
  const std::string header = file_header(layout_, metadata);
  file_.write(header);
  data_begin_ = header.size();
  for (const auto& [name, info] : layout_) unwritten_ += info.bytes;
}

void SafetensorsWriter::write(const std::string& name, const at::Tensor& tensor) {
  const auto found = layout_.find(name);
  if (found == layout_.end() || tensor.sizes() != c10::IntArrayRef(found->second.shape)) {
    throw std::logic_error("tensor " + name + " is not as announced");
  }
  write_rows(name, 0, tensor.dim() == 0 ? tensor.reshape({1}) : tensor);
}

void SafetensorsWriter::write_rows(const std::string& name, std::int64_t first,
                                   const at::Tensor& rows) {
  const auto found = layout_.find(name);
  if (found == layout_.end()) throw std::logic_error("tensor " + name + " is not as announced");
  const TensorInfo& info = found->second;
  const at::Tensor plain = rows.to(at::kCPU).contiguous();
  const std::uint64_t bytes = plain.nbytes();
  const std::uint64_t begin = rows.size(0) == 0 ? 0 : bytes / rows.size(0) * first;
  if (plain.scalar_type() != info.dtype || begin + bytes > info.bytes) {
    throw std::logic_error("tensor " + name + " is not as announced");
  }
  file_.write_at(data_begin_ + info.begin + begin, plain.const_data_ptr(), bytes);
  unwritten_ -= bytes;
}

void SafetensorsWriter::commit() {
  if (unwritten_ != 0) throw std::logic_error("not all tensors were written");
  file_.commit();
}

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::map<std::string, TensorInfo> layout;
  for (const auto& [name, tensor] : tensors) {
    layout[name] = {tensor.scalar_type(), tensor.sizes().vec(), 0, 0};
  }
  SafetensorsWriter writer(path, std::move(layout), metadata);
  for (const auto& [name, tensor] : tensors) writer.write(name, tensor);
  writer.commit();
}

}  // namespace ditto::nn
