#include "ditto/core/json.h"

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto {
namespace {

constexpr std::uintmax_t kLargest = 100'000'000;
constexpr std::size_t kDeepest = 64;

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& file) {
  using Event = nlohmann::json::parse_event_t;
  const auto fail = [&file](const std::string& problem) {
    throw Error(ErrorKind::kInput, fmt::format("{}: {}", file, problem));
  };
  std::vector<std::set<std::string>> open;  // the keys of each object that is not yet closed
  const auto watch = [&](int depth, Event event, nlohmann::json& value) {
    if (static_cast<std::size_t>(depth) > kDeepest) fail("is nested too deeply");
    if (event == Event::object_start) open.emplace_back();
    if (event == Event::object_end) open.pop_back();
    if (event == Event::key && !open.back().insert(value.get<std::string>()).second) {
      fail(fmt::format("key \"{}\" is there twice", printable(value.get<std::string>())));
    }
    return true;
  };
  try {
    return nlohmann::json::parse(text.begin(), text.end(), watch);
  } catch (const nlohmann::json::parse_error& error) {
    fail(fmt::format("is no valid JSON at byte {}", error.byte));
  } catch (const nlohmann::json::exception&) {
    fail("is no valid JSON: a number out of range");
  }
  return {};
}

nlohmann::json read_json(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kLargest) {
    throw Error(ErrorKind::kInput,
                fmt::format("{} has {} bytes, too many for a JSON file", printable(path), size));
  }
  return parse_json(read_file(path), printable(path));
}

}  // namespace ditto
