#include "dataset/verify_shard.h"

#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "dataset/tar_reader.h"
#include "dataset/verify_sample.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/stop.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

class ShardCheck {
 public:
  ShardCheck(const fs::path& out, const std::string& shard, const Index& index, bool decode_videos)
      : out_(out),
        shard_(shard),
        name_(fmt::format("shards/{}.tar", shard)),
        path_(out / name_),
        index_(index),
        decode_videos_(decode_videos) {}

  ShardFindings check() {
    try {
      scan_ = scan_tar(path_, true);
    } catch (const Error& e) {
      faults_.add(name_, e.what());
      return std::move(findings_);
    }
    findings_.bytes = scan_.bytes;
    for (const TarProblem& problem : scan_.problems) {
      faults_.add(problem.member.empty() ? name_ : name_ + ": " + problem.member, problem.problem);
    }
    group();
    check_companion();
    check_owner();
    check_contents();
    check_list();
    return std::move(findings_);
  }

 private:
  /// Members by sample in the order of the archive. A key that comes back is told and taken as
  /// another sample, so that what it holds is looked at too.
  void group() {
    for (const TarMember& member : scan_.members) {
      const std::string where = name_ + ": " + printable(member.name);
      const std::size_t dot = member.name.find('.');
      const std::string key = member.name.substr(0, dot);
      if (dot == std::string::npos || !is_key(key)) {
        faults_.add(where, "its name should be KEY.ROLE with a key of [A-Za-z0-9_-]");
        continue;
      }
      if (samples_.empty() || samples_.back().key != key) {
        if (seen_.insert(key).second) {
          findings_.firsts.emplace_back(key, member.name);
        } else {
          faults_.add(where, fmt::format("the sample {} is not contiguous or there twice", key));
        }
        samples_.push_back({key, {}});
      }
      samples_.back().members.emplace_back(member.name.substr(dot + 1), member);
    }
  }

  void check_companion() {
    const std::string name = fmt::format("shards/{}.json", shard_);
    const auto compare = [&](const std::string& what, const nlohmann::json& told,
                             const nlohmann::json& found) {
      if (told == found) return;
      faults_.add(name,
                  fmt::format("{} is {}, but the tar has {}", what, told.dump(), found.dump()));
    };
    try {
      const nlohmann::json companion = parse_json(read_file(out_ / name), "this file");
      compare("file", companion.at("file"), shard_ + ".tar");
      compare("sha256", companion.at("sha256"), scan_.sha256);
      compare("bytes", companion.at("bytes"), scan_.bytes);
      compare("samples", companion.at("samples"), samples_.size());
      std::vector<std::string> keys;
      for (const FoundSample& sample : samples_) keys.push_back(sample.key);
      if (companion.at("keys") != nlohmann::json(keys)) {
        faults_.add(name, "keys are others than those of the tar, or in another order");
      }
      const nlohmann::json& members = companion.at("members");
      compare("the number of members", members.size(), scan_.members.size());
      for (std::size_t i = 0; i < std::min(members.size(), scan_.members.size()); ++i) {
        const TarMember& found = scan_.members[i];
        const std::string what = fmt::format("member {}'s ", printable(found.name));
        compare(what + "name", members[i].at("name"), valid_utf8(found.name));
        compare(what + "bytes", members[i].at("bytes"), found.bytes);
        compare(what + "sha256", members[i].at("sha256"), found.sha256);
      }
      const auto owner = index_.owners.find(shard_);
      if (owner != index_.owners.end() &&
          (companion.at("unit") != owner->second.unit ||
           companion.at("fingerprint") != owner->second.fingerprint)) {
        faults_.add(name, fmt::format("its unit or fingerprint differs from units.jsonl, which has "
                                      "unit {}",
                                      owner->second.unit));
      }
    } catch (const Error& e) {
      faults_.add(name, e.what());
    } catch (const nlohmann::json::exception& e) {
      faults_.add(name, e.what());
    }
  }

  void check_owner() {
    const auto owner = index_.owners.find(shard_);
    if (owner == index_.owners.end()) {
      if (fs::exists(out_ / "units.jsonl")) {
        faults_.add(name_, "belongs to no unit of units.jsonl");
      }
    } else if (owner->second.bytes != scan_.bytes) {
      faults_.add(name_, fmt::format("has {} bytes; units.jsonl says {}", scan_.bytes,
                                     owner->second.bytes));
    }
  }

  const std::vector<IndexedSample>& expected() const {
    static const std::vector<IndexedSample> kNone;
    const auto listed = index_.by_shard.find(shard_);
    return listed == index_.by_shard.end() ? kNone : listed->second;
  }

  void check_contents() {
    std::unordered_map<std::string, const IndexedSample*> by_key;
    for (const IndexedSample& sample : expected()) by_key[sample.key] = &sample;
    std::unordered_map<std::string, std::string> by_hash;
    for (const TarMember& member : scan_.members) by_hash.try_emplace(member.sha256, member.name);
    SampleCheck check(
        path_, name_, decode_videos_,
        [&](const std::string& sha256) {
          const auto found = by_hash.find(sha256);
          return found == by_hash.end() ? std::string() : found->second;
        },
        faults_);
    for (const FoundSample& sample : samples_) {
      throw_if_stopped();
      const auto found = by_key.find(sample.key);
      check.check(sample, found == by_key.end() ? nullptr : found->second, out_ / "samples.jsonl");
    }
  }

  /// The shard's samples against those that samples.jsonl lists in it, and their order.
  void check_list() {
    std::set<std::string> listed;
    std::vector<std::string> unlisted, missing;
    for (const IndexedSample& sample : expected()) {
      listed.insert(sample.key);
      if (!seen_.contains(sample.key)) missing.push_back(sample.key);
    }
    for (const std::string& key : seen_) {
      if (!listed.contains(key)) unlisted.push_back(key);
    }
    if (!unlisted.empty()) {
      faults_.add(name_, fmt::format("has samples that samples.jsonl doesn't list there: {}",
                                     list_some(unlisted)));
    }
    if (!missing.empty()) {
      faults_.add(name_, fmt::format("lacks samples that samples.jsonl lists there: {}",
                                     list_some(missing)));
    }
    if (!unlisted.empty() || !missing.empty() || samples_.size() != expected().size()) return;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      if (samples_[i].key == expected()[i].key) continue;
      faults_.add(name_, fmt::format("the sample {} comes where samples.jsonl has {}",
                                     samples_[i].key, expected()[i].key));
      return;
    }
  }

  const fs::path& out_;
  const std::string& shard_;
  const std::string name_;
  const fs::path path_;
  const Index& index_;
  bool decode_videos_;
  ShardFindings findings_;
  Faults& faults_ = findings_.faults;
  TarScan scan_;
  std::vector<FoundSample> samples_;
  std::set<std::string> seen_;
};

}  // namespace

ShardFindings check_shard(const fs::path& out, const std::string& shard, const Index& index,
                          bool decode_videos) {
  return ShardCheck(out, shard, index, decode_videos).check();
}

}  // namespace ditto::dataset
