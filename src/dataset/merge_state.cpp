#include "dataset/merge_state.h"

#include <sys/stat.h>

#include "ditto/core/files.h"
#include "ditto/core/hash.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;
constexpr std::array kAlong = {"units.jsonl", "samples.jsonl", "clips.jsonl", "clips.dropped.jsonl",
                               "run.json"};

class State {
 public:
  void add(const fs::path& path) {
    struct stat found;
    if (::stat(path.c_str(), &found) != 0) {
      text_ += fmt::format("{} -\n", path.native());
      return;
    }
    text_ += fmt::format("{} {} {} {} {}.{}\n", path.native(), found.st_dev, found.st_ino,
                         found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
  }

  /// Every entry, or the file `name` in every entry.
  void add_entries(const fs::path& directory, const char* name = nullptr) {
    std::vector<fs::path> paths;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      paths.push_back(name == nullptr ? entry.path() : entry.path() / name);
    }
    std::sort(paths.begin(), paths.end());
    for (const fs::path& path : paths) add(path);
  }

  void add_text(const std::string& text) { text_ += text + "\n"; }
  std::string digest() const { return sha256_hex(text_); }

 private:
  std::string text_;
};

fs::path file_of(const fs::path& output) { return output / "work" / "merge-state.json"; }

std::string output_state(const fs::path& output) {
  State state;
  for (const char* name : kAlong) state.add(output / name);
  state.add_entries(output / "shards");
  return state.digest();
}

}  // namespace

std::string input_state(const std::vector<fs::path>& directories, const fs::path& output,
                        const WantedUnits& wanted) {
  State state;
  for (const fs::path& directory : directories) {
    std::error_code error;
    state.add_text(directory.native());
    state.add_entries(directory / "work" / "units", "unit.json");
    if (fs::equivalent(directory, output, error)) continue;  // then these are in the output's state
    for (const char* name : kAlong) state.add(directory / name);
  }
  for (const auto& [unit, fingerprint] : wanted) {
    state.add_text(fmt::format("{} {}", unit, fingerprint));
  }
  return state.digest();
}

std::optional<MergeResult> recall(const fs::path& output, const std::string& inputs) {
  try {
    const std::optional<std::string> text = read_file_if_exists(file_of(output));
    if (!text) return std::nullopt;
    const nlohmann::json state = nlohmann::json::parse(*text);
    if (state.at("format") != kFormat || state.at("inputs") != inputs ||
        state.at("outputs") != output_state(output)) {
      return std::nullopt;
    }
    MergeResult result;
    result.shards = state.at("shards");
    result.planned = state.at("planned");
    result.accepted = state.at("accepted");
    result.rejected = state.at("rejected");
    result.quarantined = state.at("quarantined");
    return result;
  } catch (const std::exception&) {
    return std::nullopt;  // it only saves time: any doubt means to compare
  }
}

void remember(const fs::path& output, const std::string& inputs, const MergeResult& result) {
  if (!fs::is_directory(output / "work")) return;
  const nlohmann::ordered_json state = {{"format", kFormat},
                                        {"inputs", inputs},
                                        {"outputs", output_state(output)},
                                        {"shards", result.shards},
                                        {"planned", result.planned},
                                        {"accepted", result.accepted},
                                        {"rejected", result.rejected},
                                        {"quarantined", result.quarantined}};
  write_file(file_of(output), state.dump(1) + "\n");
}

}  // namespace ditto::dataset
