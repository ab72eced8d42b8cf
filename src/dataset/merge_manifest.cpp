#include "dataset/merge_manifest.h"

#include "dataset/json_lines.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

constexpr const char* kClaim = "joined.json";

/// Takes lines one by one and either writes them or compares them with what is there.
class Sink {
 public:
  Sink(const fs::path& path, bool only_compare) {
    if (!only_compare) {
      writer_ = std::make_unique<LineWriter>(path);
    } else if (fs::exists(path)) {
      reader_ = std::make_unique<LineReader>(path);
    }
  }

  void add(const std::string& line) {
    if (writer_) return writer_->add(line);
    same_ = same_ && reader_ && reader_->next(found_) && found_ == line;
  }

  bool finish() {
    if (writer_) {
      writer_->commit();
      return true;
    }
    return same_ && reader_ && !reader_->next(found_);
  }

 private:
  std::unique_ptr<LineWriter> writer_;
  std::unique_ptr<LineReader> reader_;
  std::string found_;
  bool same_ = true;
};

std::vector<fs::path> existing(const MergePlan& plan, const char* name) {
  std::vector<fs::path> files;
  for (const fs::path& directory : plan.directories) {
    if (fs::exists(directory / name)) files.push_back(directory / name);
  }
  return files;
}

/// What makes two clips of one id the same; where the source lay does not.
std::string clip_identity(const nlohmann::json& clip) {
  return fingerprint({clip.at("source_sha256"), clip.at("start_frame"), clip.at("frames"),
                      clip.at("fps"), clip.at("width"), clip.at("height")});
}

bool join_clips(const MergePlan& plan, bool only_compare) {
  const std::vector<fs::path> files = existing(plan, "clips.jsonl");
  if (files.empty()) return true;
  Sink sink(plan.output / "clips.jsonl", only_compare);
  std::unordered_map<std::string, std::string> seen;
  std::string line;
  for (const fs::path& file : files) {
    LineReader reader(file);
    while (reader.next(line)) {
      const nlohmann::json clip = parse_json(line, reader.where());
      std::string id, identity;
      try {
        id = clip.at("id");
        identity = clip_identity(clip);
      } catch (const nlohmann::json::exception& e) {
        throw Error(ErrorKind::kInput, reader.where() + ": " + e.what());
      }
      const auto [found, added] = seen.try_emplace(id, identity);
      if (added) {
        sink.add(line);
      } else if (found->second != identity) {
        throw Error(ErrorKind::kFatal,
                    fmt::format("{}: the clip {} is another one in an earlier directory; were the "
                                "two curated with different configs?",
                                reader.where(), id));
      }
    }
  }
  return sink.finish();
}

bool join_drops(const MergePlan& plan, bool only_compare) {
  const std::vector<fs::path> files = existing(plan, "clips.dropped.jsonl");
  if (files.empty()) return true;
  Sink sink(plan.output / "clips.dropped.jsonl", only_compare);
  std::set<std::string>
      seen;  // digests: the same file may have been dropped in several directories
  std::string line;
  for (const fs::path& file : files) {
    LineReader reader(file);
    while (reader.next(line)) {
      if (files.size() == 1 || seen.insert(sha256_hex(line)).second) sink.add(line);
    }
  }
  return sink.finish();
}

/// One directory's run.json as it is; several under "joined". Their configs stay out of the top
/// level: no config alone plans the joined units.
std::string joined_run(const MergePlan& plan, const std::vector<fs::path>& files) {
  if (plan.directories.size() == 1) return read_file(files.front());
  nlohmann::ordered_json joined = nlohmann::ordered_json::array();
  for (const fs::path& file : files) {
    const std::string name = printable(file.parent_path());
    joined.push_back({{"directory", name}, {"run", parse_json(read_file(file), printable(file))}});
  }
  return nlohmann::ordered_json({{"program", "ditto"}, {"joined", joined}}).dump(2) + "\n";
}

bool join_runs(const MergePlan& plan, bool only_compare) {
  const std::vector<fs::path> files = existing(plan, "run.json");
  if (files.empty()) return true;
  const std::string text = joined_run(plan, files);
  const fs::path target = plan.output / "run.json";
  if (only_compare) return read_file_if_exists(target) == text;
  write_file(target, text);
  return true;
}

std::vector<std::string> names_of(const MergePlan& plan) {
  std::vector<std::string> names;
  for (const fs::path& directory : plan.directories) names.push_back(printable(directory));
  return names;
}

}  // namespace

void claim_output(const MergePlan& plan) {
  const std::vector<std::string> names = names_of(plan);
  const fs::path claim = plan.output / kClaim;
  const std::string text = nlohmann::ordered_json({{"joined", names}}).dump(1) + "\n";
  const std::optional<std::string> found = read_file_if_exists(claim);
  if (found == text) return;
  if (found) {
    const nlohmann::json value = parse_json(*found, printable(claim));
    for (const nlohmann::json& name : value.value("joined", nlohmann::json::array())) {
      if (!name.is_string() || std::find(names.begin(), names.end(), name) == names.end()) {
        throw Error(ErrorKind::kUsage,
                    fmt::format("{} holds a merge with {}, which is not among the directories now; "
                                "give --output a new directory",
                                printable(plan.output), name.dump()));
      }
    }
  } else {
    for (const char* name : {"run.json", "clips.jsonl", "samples.jsonl", "units.jsonl", "shards",
                             "journal", "work/units"}) {
      if (!fs::exists(plan.output / name)) continue;
      throw Error(
          ErrorKind::kUsage,
          fmt::format("{} has a {} that no merge of these directories made; give --output a "
                      "new directory",
                      printable(plan.output), name));
    }
  }
  write_file(claim, text);
}

bool bring_along(const MergePlan& plan, bool only_compare) {
  if (plan.in_place) return true;
  return join_clips(plan, only_compare) && join_drops(plan, only_compare) &&
         join_runs(plan, only_compare);
}

}  // namespace ditto::dataset
