#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "ditto/core/files.h"

/// JSON text as it stands in an output directory: read defensively, written reproducibly.
namespace ditto::dataset {

/// Parses untrusted text; throws Error(kInput) beginning with `where`. Values nested deeper than 64
/// levels are refused, so that later recursion over them is bounded.
nlohmann::json parse_json(std::string_view text, const std::string& where);
/// One line without the newline; bytes that are no UTF-8 become U+FFFD.
std::string dump_line(const nlohmann::ordered_json& value);
/// Replaces what is no UTF-8 by U+FFFD, as dump_line does.
std::string valid_utf8(const std::string& text);

/// Reads a text file line by line in bounded memory.
class LineReader {
 public:
  /// Throws Error(kInput) naming the file when it can't be opened.
  explicit LineReader(std::filesystem::path path, std::uint64_t offset = 0);
  /// False at the end of the file. A last line without newline is delivered all the same.
  /// Throws Error(kInput) for a line of more than 64 MiB.
  bool next(std::string& line);
  /// The line last delivered, from 1 (counted from where reading began).
  std::int64_t number() const { return number_; }
  /// Where the next line begins.
  std::uint64_t offset() const { return offset_; }
  /// "path:number", for messages.
  std::string where() const;

 private:
  std::filesystem::path path_;
  std::ifstream in_;
  std::int64_t number_ = 0;
  std::uint64_t offset_;
};

/// Collects lines and writes them to an atomic file in large pieces.
class LineWriter {
 public:
  explicit LineWriter(const std::filesystem::path& path) : file_(path) {}
  void add(std::string_view line);
  void commit();

 private:
  AtomicFile file_;
  std::string buffer_;
};

}  // namespace ditto::dataset
