#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ditto/core/files.h"

/// The safetensors format (github.com/huggingface/safetensors, README "Format"): 8 bytes of header
/// length (little endian), a JSON object that gives each tensor's dtype, shape and byte range, then
/// the data, which the ranges must cover without gap or overlap.
namespace ditto::nn {

struct TensorInfo {
  at::ScalarType dtype = at::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  ///< of its bytes, from the beginning of the file's data
  std::uint64_t bytes = 0;
};

struct SafetensorsHeader {
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;  ///< `__metadata__`
};

/// Checks everything: the JSON, duplicate names, known dtypes, sizes without overflow, ranges that
/// agree with the shapes and cover `data_bytes` exactly. Needs memory in proportion to the header's
/// length only. Throws Error(kInput) naming `file` and the tensor.
SafetensorsHeader parse_safetensors_header(std::string_view json, std::uint64_t data_bytes,
                                           const std::string& file);

/// A file mapped into memory. Copies share the mapping.
class SafetensorsFile {
 public:
  /// Reads and checks the header; the data is not touched. Throws Error(kInput).
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const SafetensorsHeader& header() const { return header_; }
  std::uint64_t data_bytes() const { return data_bytes_; }

  /// A CPU tensor over the mapping, which it keeps alive; writing to it does not change the file.
  /// (A copy where the file's bytes are not aligned, and of BOOL.) Throws Error(kInput) for a name
  /// that the file lacks.
  at::Tensor tensor(const std::string& name) const;
  std::span<const std::byte> bytes(const std::string& name) const;
  /// Asks the system to read a tensor's bytes ahead, or to drop them from this process's memory.
  void prefetch(const std::string& name) const;
  void release(const std::string& name) const;
  /// The parts of a tensor's bytes that take space on disk; the rest of a sparse file is zero.
  std::vector<std::span<const std::byte>> stored_bytes(const std::string& name) const;

 private:
  struct Mapping;
  const TensorInfo& info(const std::string& name) const;

  std::filesystem::path path_;
  std::shared_ptr<const Mapping> mapping_;
  SafetensorsHeader header_;
  std::uint64_t data_begin_ = 0;
  std::uint64_t data_bytes_ = 0;
};

/// Writes a file tensor by tensor or piece by piece, so that only one need be in memory. The same
/// tensors and metadata give the same bytes, in whatever order they come. In the file the tensors
/// with large elements are first (so that all are aligned), then they are in the order of names.
class SafetensorsWriter {
 public:
  /// Of each tensor in `layout` dtype and shape count. Throws Error(kInput) for a dtype that the
  /// format lacks, Error(kFatal) when the file can't be made.
  SafetensorsWriter(const std::filesystem::path& path, std::map<std::string, TensorInfo> layout,
                    const std::map<std::string, std::string>& metadata);

  /// From any device. Dtype and shape must be as announced.
  void write(const std::string& name, const at::Tensor& tensor);
  /// The rows [first, first + rows.size(0)) of a tensor with at least one dimension; each once.
  void write_rows(const std::string& name, std::int64_t first, const at::Tensor& rows);
  /// Requires that all were written. Before it, and if it is never called, there is no file.
  void commit();

 private:
  AtomicFile file_;
  std::map<std::string, TensorInfo> layout_;
  std::uint64_t data_begin_ = 0;
  std::uint64_t unwritten_ = 0;
};

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace ditto::nn
