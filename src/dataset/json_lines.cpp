#include "dataset/json_lines.h"

#include <cerrno>
#include <cstring>

#include "ditto/core/error.h"

namespace ditto::dataset {
namespace {

constexpr int kDeepest = 64;
constexpr std::size_t kLongestLine = std::size_t{64} << 20;
constexpr std::size_t kWriteAtOnce = std::size_t{1} << 20;

/// The deepest nesting of arrays and objects. A pass of its own: the parser's callback would tell
/// too, but makes parsing several times slower.
int depth_of(std::string_view text) {
  int depth = 0;
  int deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& where) {
  if (depth_of(text) > kDeepest) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: nested deeper than {} levels", where, kDeepest));
  }
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, fmt::format("{}: {}", where, e.what()));
  }
}

std::string dump_line(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string valid_utf8(const std::string& text) {
  const nlohmann::json value = text;
  const std::string quoted = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(quoted).get<std::string>();
}

LineReader::LineReader(std::filesystem::path path, std::uint64_t offset)
    : path_(std::move(path)), in_(path_, std::ios::binary), offset_(offset) {
  if (!in_) throw Error(ErrorKind::kInput, printable(path_) + ": " + std::strerror(errno));
  in_.seekg(static_cast<std::streamoff>(offset));
}

bool LineReader::next(std::string& line) {
  line.clear();
  char buffer[1 << 16];
  while (true) {
    in_.getline(buffer, sizeof buffer);
    const auto n = static_cast<std::size_t>(in_.gcount());
    const bool filled = in_.fail() && !in_.eof() && n > 0;  // the line goes on
    if (n == 0 && !filled) {
      if (in_.bad()) {
        throw Error(ErrorKind::kInput, printable(path_) + ": can't be read to its end");
      }
      if (line.empty()) return false;
      break;
    }
    const bool ended = !filled && !in_.eof();  // gcount includes the newline
    line.append(buffer, ended ? n - 1 : n);
    offset_ += n;
    if (line.size() > kLongestLine) {
      throw Error(ErrorKind::kInput,
                  fmt::format("{}:{}: the line is longer than {} MiB", printable(path_),
                              number_ + 1, kLongestLine >> 20));
    }
    if (!filled) break;
    in_.clear();
  }
  ++number_;
  return true;
}

std::string LineReader::where() const { return fmt::format("{}:{}", printable(path_), number_); }

void LineWriter::add(std::string_view line) {
  buffer_.append(line);
  buffer_.push_back('\n');
  if (buffer_.size() < kWriteAtOnce) return;
  file_.write(buffer_);
  buffer_.clear();
}

void LineWriter::commit() {
  if (!buffer_.empty()) file_.write(buffer_);
  buffer_.clear();
  file_.commit();
}

}  // namespace ditto::dataset
