#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "dataset/tar_writer.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/dataset/unit.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

constexpr double kMegabyte = 1e6;

}  // namespace

struct UnitWriter::State {
  fs::path directory;
  config::Output limits;
  UnitSummary summary;
  std::set<std::string> keys;

  std::unique_ptr<TarWriter> tar;  ///< the part being written
  UnitSummary::Part part;
  std::uint64_t part_content = 0;
  bool replacing = false;  ///< the older result was given up: parts under final names are ours
  bool committed = false;

  void take_key(const SampleRecord& record) {
    if (!is_key(record.key)) {
      throw Error(ErrorKind::kFatal,
                  fmt::format("sample key \"{}\": expected at most {} of [A-Za-z0-9_-]",
                              printable(record.key), kLongestKey));
    }
    if (!keys.insert(record.key).second) {
      throw Error(ErrorKind::kFatal, fmt::format("sample {} was added twice", record.key));
    }
  }

  void finish_part() {
    if (!tar) return;
    give_up_older_result();
    const TarWriter::Result result = tar->finish();
    tar.reset();
    part.sha256 = result.sha256;
    part.bytes = result.bytes;
    summary.parts.push_back(std::exchange(part, {}));
    part_content = 0;
  }

  void give_up_older_result() {
    if (std::exchange(replacing, true)) return;
    remove_file(directory / "unit.json");
  }

  /// Parts of an older result with more of them, and what killed writers left.
  void remove_strangers() const {
    std::set<std::string> wanted;
    for (const UnitSummary::Part& p : summary.parts) wanted.insert(p.file);
    std::vector<fs::path> strangers;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("part-") && !wanted.contains(name)) strangers.push_back(entry.path());
    }
    for (const fs::path& path : strangers) remove_file(path);
  }
};

UnitWriter::UnitWriter(const fs::path& out, std::int64_t unit, std::string fingerprint,
                       const config::Output& output)
    : state_(std::make_unique<State>()) {
  state_->directory = unit_directory(out, unit);
  state_->limits = output;
  state_->summary.unit = unit;
  state_->summary.fingerprint = std::move(fingerprint);
  std::error_code error;
  fs::create_directories(state_->directory, error);
  if (error) {
    throw Error(ErrorKind::kFatal,
                fmt::format("can't create {}: {}", printable(state_->directory), error.message()));
  }
  remove_stale_temporaries(state_->directory);
}

UnitWriter::~UnitWriter() {
  if (!state_ || state_->committed || !state_->replacing) return;
  std::error_code ignored;
  for (const UnitSummary::Part& part : state_->summary.parts) {
    fs::remove(state_->directory / part.file, ignored);
  }
}

void UnitWriter::add(SampleRecord record, const SampleFiles& files) {
  State& state = *state_;
  if (record.outcome != "accepted") {
    throw Error(ErrorKind::kFatal,
                fmt::format("sample {} has files though it is {}", record.key, record.outcome));
  }
  state.take_key(record);
  record.unit = state.summary.unit;
  record.shard.clear();
  record.instruction.text = valid_utf8(record.instruction.text);
  record.hashes["source_video"] = sha256_hex(files.source_mp4);
  record.hashes["edited_video"] = sha256_hex(files.edited_mp4);
  const std::string json = dump_line(member_json(record)) + "\n";

  std::vector<std::pair<std::string_view, const std::string*>> members = {
      {"source.mp4", &files.source_mp4},
      {"edited.mp4", &files.edited_mp4},
      {"keyframe.png", &files.keyframe_png},
      {"edited_keyframe.png", &files.edited_keyframe_png},
  };
  if (!files.mask_png.empty()) members.emplace_back("mask.png", &files.mask_png);
  members.emplace_back("txt", &record.instruction.text);
  members.emplace_back("json", &json);

  std::uint64_t content = 0;
  for (const auto& [role, bytes] : members) {
    if (bytes->empty()) {
      throw Error(ErrorKind::kFatal, fmt::format("sample {}: its {} is empty", record.key, role));
    }
    content += tar_member_bytes(bytes->size());
  }
  const bool full =
      state.tar && (static_cast<int>(state.part.keys.size()) >= state.limits.shard_samples ||
                    static_cast<double>(tar_bytes(state.part_content + content)) >
                        state.limits.shard_megabytes * kMegabyte);
  if (full) state.finish_part();
  if (!state.tar) {
    state.part.file = fmt::format("part-{:03}.tar", state.summary.parts.size());
    state.tar = std::make_unique<TarWriter>(state.directory / state.part.file);
  }
  for (const auto& [role, bytes] : members) {
    state.part.members.push_back(state.tar->add(fmt::format("{}.{}", record.key, role), *bytes));
  }
  state.part.keys.push_back(record.key);
  state.part_content += content;
  ++state.summary.accepted;
  state.summary.samples.push_back(std::move(record));
}

void UnitWriter::add(SampleRecord record) {
  if (record.outcome != "rejected" && record.outcome != "quarantined") {
    throw Error(ErrorKind::kFatal,
                fmt::format("sample {} without files: expected rejected or quarantined, found {}",
                            record.key, record.outcome));
  }
  state_->take_key(record);
  record.unit = state_->summary.unit;
  record.shard.clear();
  record.instruction.text = valid_utf8(record.instruction.text);
  ++(record.outcome == "rejected" ? state_->summary.rejected : state_->summary.quarantined);
  state_->summary.samples.push_back(std::move(record));
}

UnitSummary UnitWriter::commit() {
  State& state = *state_;
  state.summary.planned = static_cast<std::int64_t>(state.summary.samples.size());
  state.finish_part();
  state.give_up_older_result();
  state.remove_strangers();
  write_file(state.directory / "unit.json", dump_line(to_json(state.summary)) + "\n");
  state.committed = true;
  return state.summary;
}

}  // namespace ditto::dataset
