#include "dataset/verify_index.h"

#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/stages/clip.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

struct Counts {
  std::int64_t accepted = 0, rejected = 0, quarantined = 0;
  std::int64_t sum() const { return accepted + rejected + quarantined; }
};

class IndexReader {
 public:
  IndexReader(const fs::path& out, Faults& faults) : out_(out), faults_(faults) {}

  Index read() {
    check_run();
    for_each_line("clips.jsonl", [&](const nlohmann::json& line) { clip(line); });
    for_each_line("samples.jsonl", [&](const nlohmann::json& line) { sample(line); });
    if (fs::exists(out_ / "units.jsonl")) {
      for_each_line("units.jsonl", [&](const nlohmann::json& line) { unit(line); });
    } else {
      faults_.add("units.jsonl",
                  "is missing: nothing was merged, or a merge was interrupted; "
                  "`ditto merge` ends it");
    }
    check_units();
    return std::move(index_);
  }

 private:
  /// Problems of one line become faults; the next line is read all the same.
  template <class F>
  void for_each_line(const std::string& name, F&& visit) {
    try {
      LineReader reader(out_ / name);
      std::string text;
      while (true) {
        offset_ = reader.offset();
        if (!reader.next(text)) break;
        line_ = reader.number();
        where_ = fmt::format("{}:{}", name, line_);
        try {
          visit(parse_json(text, "this line"));
        } catch (const Error& e) {
          faults_.add(where_, e.what());
        } catch (const nlohmann::json::exception& e) {
          faults_.add(where_, e.what());
        }
      }
    } catch (const Error& e) {
      faults_.add(name, e.what());
    }
  }

  void check_run() {
    try {
      parse_json(read_file(out_ / "run.json"), "this file");
    } catch (const Error& e) {
      faults_.add("run.json", e.what());
    }
  }

  void clip(const nlohmann::json& line) {
    stages::ClipRecord record = stages::clip_record_from_json(line);
    record.measured = nullptr;  // many of them are kept
    const std::string id = record.id;
    if (!clips_.emplace(id, std::move(record)).second) {
      faults_.add(where_, fmt::format("the clip {} is there twice", printable(id)));
    }
  }

  void sample(const nlohmann::json& line) {
    SampleRecord record = sample_from_json(line);
    ++index_.samples;
    const std::string key = printable(record.key);
    if (!is_key(record.key)) {
      faults_.add(where_, fmt::format("the key \"{}\" should be at most {} of [A-Za-z0-9_-]", key,
                                      kLongestKey));
    }
    const std::int64_t first = keys_.try_emplace(record.key, line_).first->second;
    if (first != line_) {
      faults_.add(where_, fmt::format("the key {} is in line {} already", key, first));
    }
    count(record, key);
    check_clip(record, key);
    if (record.outcome != "accepted") return;
    const nlohmann::json member = member_json(record);
    if (number_of(record.shard) < 0) {
      faults_.add(where_, fmt::format("the accepted sample {} has no shard", key));
      return;
    }
    index_.by_shard[record.shard].push_back({record.key, line_, offset_, fingerprint(member)});
  }

  void count(const SampleRecord& record, const std::string& key) {
    Counts& counts = counts_[record.unit];
    if (record.outcome == "accepted") {
      ++counts.accepted;
      return;
    }
    if (record.outcome == "rejected") {
      ++counts.rejected;
    } else if (record.outcome == "quarantined") {
      ++counts.quarantined;
    } else {
      faults_.add(where_, fmt::format("the outcome of {} is \"{}\"; expected accepted, rejected or "
                                      "quarantined",
                                      key, printable(record.outcome)));
      return;
    }
    if (record.stage.empty() || record.reason.empty()) {
      faults_.add(where_,
                  fmt::format("{} was {}, but stage or reason is missing", key, record.outcome));
    }
    if (!record.shard.empty()) {
      faults_.add(where_, fmt::format("{} was {}, but has the shard {}", key, record.outcome,
                                      printable(record.shard)));
    }
  }

  void check_clip(const SampleRecord& record, const std::string& key) {
    if (!record.key.starts_with(record.clip_id + "_")) {
      faults_.add(where_, fmt::format("the key {} doesn't begin with its clip {}", key,
                                      printable(record.clip_id)));
    }
    const auto found = clips_.find(record.clip_id);
    if (found == clips_.end()) {
      faults_.add(where_,
                  fmt::format("the clip {} is not in clips.jsonl", printable(record.clip_id)));
      return;
    }
    const stages::ClipRecord& clip = found->second;
    const auto source = record.hashes.find("source_file");
    if (source == record.hashes.end() || source->second != clip.source_sha256) {
      faults_.add(where_,
                  fmt::format("{}: hashes.source_file differs from the clip's source_sha256 "
                              "in clips.jsonl",
                              key));
    }
    const nlohmann::json& found_clip = record.clip;
    const auto expect = [&](const char* field, std::int64_t expected) {
      const auto value = found_clip.find(field);
      if (value != found_clip.end() && *value == expected) return;
      faults_.add(where_,
                  fmt::format("{}: clip.{} is {} instead of {} as in clips.jsonl", key, field,
                              value == found_clip.end() ? "missing" : value->dump(), expected));
    };
    expect("frames", clip.frames);
    expect("width", clip.width);
    expect("height", clip.height);
    expect("start_frame", clip.start_frame);
    if (!(rate_of(found_clip.at("fps")) == clip.fps)) {
      faults_.add(where_, fmt::format("{}: clip.fps differs from clips.jsonl", key));
    }
  }

  void unit(const nlohmann::json& line) {
    const MergedUnit unit = merged_unit_from_json(line);
    if (unit.planned != unit.accepted + unit.rejected + unit.quarantined) {
      faults_.add(where_, fmt::format("unit {}: {} planned, but {} accepted + {} rejected + {} "
                                      "quarantined",
                                      unit.unit, unit.planned, unit.accepted, unit.rejected,
                                      unit.quarantined));
    }
    if (!units_.insert(unit.unit).second) {
      faults_.add(where_, fmt::format("unit {} is there twice", unit.unit));
    }
    const Counts counts = counts_[unit.unit];
    const auto compare = [&](const char* what, std::int64_t expected, std::int64_t found) {
      if (expected == found) return;
      faults_.add(where_, fmt::format("unit {}: {} {}, but samples.jsonl has {}", unit.unit,
                                      expected, what, found));
    };
    compare("planned", unit.planned, counts.sum());
    compare("accepted", unit.accepted, counts.accepted);
    compare("rejected", unit.rejected, counts.rejected);
    compare("quarantined", unit.quarantined, counts.quarantined);
    for (std::size_t i = 0; i < unit.shards.size(); ++i) {
      const Index::Owner owner{unit.unit, unit.fingerprint, unit.bytes[i]};
      if (!index_.owners.emplace(unit.shards[i], owner).second) {
        faults_.add(where_, fmt::format("the shard {} has another unit already", unit.shards[i]));
      }
    }
  }

  void check_units() {
    if (units_.empty()) return;
    for (const auto& [unit, counts] : counts_) {
      if (units_.contains(unit)) continue;
      faults_.add("units.jsonl", fmt::format("lacks unit {}, of which samples.jsonl has {} samples",
                                             unit, counts.sum()));
    }
  }

  const fs::path& out_;
  Faults& faults_;
  Index index_;
  std::string where_;
  std::int64_t line_ = 0;
  std::uint64_t offset_ = 0;
  std::unordered_map<std::string, stages::ClipRecord> clips_;
  std::unordered_map<std::string, std::int64_t> keys_;
  std::map<std::int64_t, Counts> counts_;
  std::set<std::int64_t> units_;
};

}  // namespace

Index read_index(const fs::path& out, Faults& faults) { return IndexReader(out, faults).read(); }

std::string list_some(const std::vector<std::string>& keys) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(keys.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + printable(keys[i]);
  }
  if (keys.size() > kShown) text += fmt::format(" and {} more", keys.size() - kShown);
  return text;
}

Rational rate_of(const nlohmann::json& value) {
  if (value.is_number()) return frame_rate_from(value.get<double>());
  return {value.at(0).get<std::int64_t>(), value.at(1).get<std::int64_t>()};
}

}  // namespace ditto::dataset
