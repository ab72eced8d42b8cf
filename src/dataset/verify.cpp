#include "ditto/dataset/verify.h"

#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "dataset/tar_reader.h"
#include "dataset/verify_index.h"
#include "dataset/verify_sample.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/stop.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

class Verifier {
 public:
  Verifier(const fs::path& out, bool decode_videos) : out_(out), decode_videos_(decode_videos) {}

  VerifyResult verify() {
    index_ = read_index(out_, faults_);
    result_.samples = index_.samples;
    check_names();
    for (const std::string& shard : shards_) {
      throw_if_stopped();
      check_shard(shard);
    }
    for (const auto& [shard, samples] : index_.by_shard) {
      if (shards_.contains(shard)) continue;
      faults_.add(fmt::format("shards/{}.tar", shard),
                  fmt::format("is missing; samples.jsonl has {} samples in it: {}", samples.size(),
                              list_some(keys_of(samples))));
    }
    for (const auto& [shard, owner] : index_.owners) {
      if (shards_.contains(shard) || index_.by_shard.contains(shard)) continue;
      faults_.add(fmt::format("shards/{}.tar", shard),
                  fmt::format("is missing; units.jsonl gives it to unit {}", owner.unit));
    }
    result_.shards = static_cast<std::int64_t>(shards_.size());
    result_.faults = faults_.take();
    return std::move(result_);
  }

 private:
  static std::vector<std::string> keys_of(const std::vector<IndexedSample>& samples) {
    std::vector<std::string> keys;
    for (const IndexedSample& sample : samples) keys.push_back(sample.key);
    return keys;
  }

  /// Files that don't belong there, and gaps in the numbers.
  void check_names() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(out_, error)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".ditto-tmp.")) report_partial(name);
    }
    std::set<std::string> companions;
    for (const auto& entry : fs::directory_iterator(out_ / "shards", error)) {
      const std::string name = entry.path().filename().string();
      const std::string stem = entry.path().stem().string();
      const std::string extension = entry.path().extension().string();
      if (name.starts_with(".ditto-tmp.")) {
        report_partial("shards/" + name);
      } else if (number_of(stem) < 0 || (extension != ".tar" && extension != ".json") ||
                 !entry.is_regular_file(error)) {
        faults_.add("shards/" + printable(name),
                    "doesn't belong here: expected NNNNNN.tar and "
                    "NNNNNN.json only");
      } else {
        (extension == ".tar" ? shards_ : companions).insert(stem);
      }
    }
    std::int64_t next = 0;
    for (const std::string& stem : sorted_by_number(shards_)) {
      const std::int64_t number = number_of(stem);
      if (number != next) {
        faults_.add(
            fmt::format("shards/{}.tar", six_digits(next)),
            fmt::format("is missing: shard numbers must be dense, and {}.tar follows", stem));
      }
      next = number + 1;
    }
    for (const std::string& stem : companions) {
      if (shards_.contains(stem)) continue;
      faults_.add(fmt::format("shards/{}.json", stem), "has no tar beside it");
    }
  }

  void report_partial(const std::string& name) {
    faults_.add(printable(name),
                "is a partial file that a killed process left, or one being written");
  }

  static std::vector<std::string> sorted_by_number(const std::set<std::string>& stems) {
    std::vector<std::string> sorted(stems.begin(), stems.end());
    std::sort(sorted.begin(), sorted.end(), [](const std::string& a, const std::string& b) {
      return number_of(a) < number_of(b);
    });
    return sorted;
  }

  void check_shard(const std::string& shard) {
    const std::string name = fmt::format("shards/{}.tar", shard);
    const fs::path path = out_ / name;
    TarScan scan;
    try {
      scan = scan_tar(path, true);
    } catch (const Error& e) {
      faults_.add(name, e.what());
      return;
    }
    result_.bytes += scan.bytes;
    for (const TarProblem& problem : scan.problems) {
      faults_.add(problem.member.empty() ? name : name + ": " + problem.member, problem.problem);
    }
    std::vector<FoundSample> samples = group(name, scan);
    check_companion(shard, scan, samples);
    check_owner(shard, scan);
    check_samples(shard, name, path, scan, samples);
  }

  /// Members by sample in the order of the archive. A key that comes back is told and taken as
  /// another sample, so that what it holds is looked at too.
  std::vector<FoundSample> group(const std::string& name, const TarScan& scan) {
    std::vector<FoundSample> samples;
    for (const TarMember& member : scan.members) {
      const std::size_t dot = member.name.find('.');
      const std::string key = member.name.substr(0, dot);
      if (dot == std::string::npos || !is_key(key)) {
        faults_.add(name + ": " + printable(member.name),
                    "its name should be KEY.ROLE with a key of [A-Za-z0-9_-]");
        continue;
      }
      if (samples.empty() || samples.back().key != key) {
        const auto [place, added] = places_.try_emplace(key, name);
        if (!added) {
          faults_.add(name + ": " + printable(member.name),
                      place->second == name
                          ? fmt::format("the sample {} is not contiguous or there twice", key)
                          : fmt::format("the sample {} is in {} too", key, place->second));
        }
        samples.push_back({key, {}});
      }
      samples.back().members.emplace_back(member.name.substr(dot + 1), member);
    }
    return samples;
  }

  void check_companion(const std::string& shard, const TarScan& scan,
                       const std::vector<FoundSample>& samples) {
    const std::string name = fmt::format("shards/{}.json", shard);
    const auto compare = [&](const std::string& what, const nlohmann::json& told,
                             const nlohmann::json& found) {
      if (told == found) return;
      faults_.add(name,
                  fmt::format("{} is {}, but the tar has {}", what, told.dump(), found.dump()));
    };
    try {
      const nlohmann::json companion = parse_json(read_file(out_ / name), "this file");
      compare("file", companion.at("file"), shard + ".tar");
      compare("sha256", companion.at("sha256"), scan.sha256);
      compare("bytes", companion.at("bytes"), scan.bytes);
      compare("samples", companion.at("samples"), samples.size());
      std::vector<std::string> keys;
      for (const FoundSample& sample : samples) keys.push_back(sample.key);
      if (companion.at("keys") != nlohmann::json(keys)) {
        faults_.add(name, "keys are others than those of the tar, or in another order");
      }
      const nlohmann::json& members = companion.at("members");
      compare("the number of members", members.size(), scan.members.size());
      for (std::size_t i = 0; i < std::min(members.size(), scan.members.size()); ++i) {
        const TarMember& found = scan.members[i];
        const std::string what = fmt::format("member {}'s ", printable(found.name));
        compare(what + "name", members[i].at("name"), valid_utf8(found.name));
        compare(what + "bytes", members[i].at("bytes"), found.bytes);
        compare(what + "sha256", members[i].at("sha256"), found.sha256);
      }
      if (const auto owner = index_.owners.find(shard); owner != index_.owners.end()) {
        if (companion.at("unit") != owner->second.unit ||
            companion.at("fingerprint") != owner->second.fingerprint) {
          faults_.add(name,
                      fmt::format("its unit or fingerprint differs from units.jsonl, which has "
                                  "unit {}",
                                  owner->second.unit));
        }
      }
    } catch (const Error& e) {
      faults_.add(name, e.what());
    } catch (const nlohmann::json::exception& e) {
      faults_.add(name, e.what());
    }
  }

  void check_owner(const std::string& shard, const TarScan& scan) {
    const auto owner = index_.owners.find(shard);
    if (owner == index_.owners.end()) {
      if (fs::exists(out_ / "units.jsonl")) {
        faults_.add(fmt::format("shards/{}.tar", shard), "belongs to no unit of units.jsonl");
      }
    } else if (owner->second.bytes != scan.bytes) {
      faults_.add(
          fmt::format("shards/{}.tar", shard),
          fmt::format("has {} bytes; units.jsonl says {}", scan.bytes, owner->second.bytes));
    }
  }

  void check_samples(const std::string& shard, const std::string& name, const fs::path& path,
                     const TarScan& scan, const std::vector<FoundSample>& samples) {
    static const std::vector<IndexedSample> kNone;
    const auto listed = index_.by_shard.find(shard);
    const std::vector<IndexedSample>& expected =
        listed == index_.by_shard.end() ? kNone : listed->second;
    std::unordered_map<std::string, const IndexedSample*> by_key;
    for (const IndexedSample& sample : expected) by_key[sample.key] = &sample;
    std::unordered_map<std::string, std::string> by_hash;
    for (const TarMember& member : scan.members) by_hash.try_emplace(member.sha256, member.name);

    SampleCheck check(
        path, name, decode_videos_,
        [&](const std::string& sha256) {
          const auto found = by_hash.find(sha256);
          return found == by_hash.end() ? std::string() : found->second;
        },
        faults_);
    std::vector<std::string> unlisted, missing;
    std::set<std::string> seen;
    for (const FoundSample& sample : samples) {
      throw_if_stopped();
      const auto found = by_key.find(sample.key);
      if (found == by_key.end()) unlisted.push_back(sample.key);
      seen.insert(sample.key);
      check.check(sample, found == by_key.end() ? nullptr : found->second, out_ / "samples.jsonl");
    }
    for (const IndexedSample& sample : expected) {
      if (!seen.contains(sample.key)) missing.push_back(sample.key);
    }
    if (!unlisted.empty()) {
      faults_.add(name, fmt::format("has samples that samples.jsonl doesn't list there: {}",
                                    list_some(unlisted)));
    }
    if (!missing.empty()) {
      faults_.add(name, fmt::format("lacks samples that samples.jsonl lists there: {}",
                                    list_some(missing)));
    }
    if (unlisted.empty() && missing.empty() && samples.size() == expected.size()) {
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (samples[i].key == expected[i].key) continue;
        faults_.add(name, fmt::format("the sample {} comes where samples.jsonl has {}",
                                      samples[i].key, expected[i].key));
        break;
      }
    }
  }

  const fs::path& out_;
  bool decode_videos_;
  Faults faults_;
  VerifyResult result_;
  Index index_;
  std::set<std::string> shards_;
  std::unordered_map<std::string, std::string> places_;  ///< the shard of each key
};

}  // namespace

VerifyResult verify(const fs::path& out, bool decode_videos) {
  if (!fs::is_directory(out)) {
    throw Error(ErrorKind::kUsage, fmt::format("{}: no such directory", printable(out)));
  }
  return Verifier(out, decode_videos).verify();
}

}  // namespace ditto::dataset
