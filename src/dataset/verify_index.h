#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "ditto/dataset/unit.h"
#include "ditto/dataset/verify.h"

/// What the text files of an output directory say, read defensively: the part of a verification
/// that needs no shard.
namespace ditto::dataset {

class Faults {
 public:
  void add(std::string where, std::string problem) {
    list_.push_back({std::move(where), std::move(problem)});
  }
  std::vector<Fault> take() { return std::move(list_); }

 private:
  std::vector<Fault> list_;
};

/// An accepted sample as samples.jsonl tells it.
struct IndexedSample {
  std::string key;
  std::int64_t line = 0;
  std::uint64_t offset = 0;   ///< of its line in samples.jsonl
  std::string member_digest;  ///< fingerprint() of the KEY.json that it should have
};

struct Index {
  std::int64_t samples = 0;
  /// Accepted samples by shard, in order of their lines.
  std::map<std::string, std::vector<IndexedSample>> by_shard;
  /// The unit that units.jsonl gives a shard.
  struct Owner {
    std::int64_t unit = 0;
    std::string fingerprint;
    std::uint64_t bytes = 0;
  };
  std::map<std::string, Owner> owners;
};

/// Reads clips.jsonl, samples.jsonl, units.jsonl and run.json and checks them against each other.
Index read_index(const std::filesystem::path& out, Faults& faults);

/// "K1, K2 and 7 more"
std::string list_some(const std::vector<std::string>& keys);
/// A frame rate as [num, den] or as a number; throws nlohmann's exceptions for anything else.
Rational rate_of(const nlohmann::json& value);

}  // namespace ditto::dataset
