#include "ditto/dataset/verify.h"

#include <mutex>
#include <thread>

#include "dataset/keys.h"
#include "dataset/verify_index.h"
#include "dataset/verify_shard.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kTellEvery{15};

std::string tar_name(const std::string& shard) { return fmt::format("shards/{}.tar", shard); }

class Verifier {
 public:
  Verifier(const fs::path& out, bool decode_videos) : out_(out), decode_videos_(decode_videos) {}

  VerifyResult verify() {
    index_ = read_index(out_, faults_);
    check_names();
    check_shards();
    check_missing();
    VerifyResult result;
    result.shards = static_cast<std::int64_t>(shards_.size());
    result.samples = index_.samples;
    result.bytes = bytes_;
    result.faults = faults_.take();
    return result;
  }

 private:
  /// Files that don't belong there, and gaps in the numbers.
  void check_names() {
    std::error_code error;
    std::vector<std::string> top, companions;
    for (const auto& entry : fs::directory_iterator(out_, error)) {
      top.push_back(entry.path().filename().string());
    }
    std::sort(top.begin(), top.end());
    for (const std::string& name : top) {
      if (is_partial(name)) report_partial(name);
    }
    std::vector<fs::directory_entry> entries;
    for (const auto& entry : fs::directory_iterator(out_ / "shards", error))
      entries.push_back(entry);
    std::sort(entries.begin(), entries.end());
    for (const fs::directory_entry& entry : entries) {
      const std::string name = entry.path().filename().string();
      const std::string stem = entry.path().stem().string();
      const std::string extension = entry.path().extension().string();
      if (is_partial(name)) {
        report_partial("shards/" + name);
      } else if (number_of(stem) < 0 || (extension != ".tar" && extension != ".json") ||
                 !entry.is_regular_file(error)) {
        faults_.add("shards/" + printable(name),
                    "doesn't belong here: expected NNNNNN.tar and NNNNNN.json only");
      } else {
        (extension == ".tar" ? shards_ : companions).push_back(stem);
      }
    }
    std::sort(shards_.begin(), shards_.end(), [](const std::string& a, const std::string& b) {
      return number_of(a) < number_of(b);
    });
    there_.insert(shards_.begin(), shards_.end());
    check_numbers();
    for (const std::string& stem : companions) {
      if (there_.contains(stem)) continue;
      faults_.add(fmt::format("shards/{}.json", stem), "has no tar beside it");
    }
  }

  static bool is_partial(const std::string& name) { return name.starts_with(".ditto-tmp."); }

  void report_partial(const std::string& name) {
    faults_.add(printable(name),
                "is a partial file that a killed process left, or one being written");
  }

  void check_numbers() {
    std::int64_t next = 0;
    for (const std::string& stem : shards_) {
      if (const std::int64_t number = number_of(stem); number != next) {
        faults_.add(
            tar_name(six_digits(next)),
            fmt::format("is missing: shard numbers must be dense, and {}.tar follows", stem));
      }
      next = number_of(stem) + 1;
    }
  }

  /// Several shards at the same time; what is found is told in their order.
  void check_shards() {
    std::vector<ShardFindings> findings(shards_.size());
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr failure;
    Clock::time_point told = Clock::now();
    std::size_t done = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < shards_.size(); i = next++) {
        try {
          findings[i] = check_shard(out_, shards_[i], index_, decode_videos_);
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
          next = shards_.size();
          return;
        }
        const std::lock_guard lock(mutex);
        ++done;
        if (Clock::now() - told < kTellEvery) continue;
        told = Clock::now();
        spdlog::info("verify: {} of {} shards", done, shards_.size());
      }
    };
    {
      const std::size_t count = std::clamp<std::size_t>(
          shards_.size(), 1, std::max(1U, std::thread::hardware_concurrency()));
      std::vector<std::jthread> threads;
      for (std::size_t i = 1; i < count; ++i) threads.emplace_back(work);
      work();
    }
    if (failure) std::rethrow_exception(failure);
    join(findings);
  }

  void join(std::vector<ShardFindings>& findings) {
    std::unordered_map<std::string, std::string> places;
    for (std::size_t i = 0; i < findings.size(); ++i) {
      const std::string name = tar_name(shards_[i]);
      bytes_ += findings[i].bytes;
      for (const auto& [key, member] : findings[i].firsts) {
        const auto [place, added] = places.try_emplace(key, name);
        if (added) continue;
        faults_.add(name + ": " + printable(member),
                    fmt::format("the sample {} is in {} too", key, place->second));
      }
      for (Fault& fault : findings[i].faults.take()) {
        faults_.add(std::move(fault.where), std::move(fault.problem));
      }
    }
  }

  /// Shards that samples.jsonl or units.jsonl speak of and that aren't there.
  void check_missing() {
    for (const auto& [shard, samples] : index_.by_shard) {
      if (there_.contains(shard)) continue;
      std::vector<std::string> keys;
      for (const IndexedSample& sample : samples) keys.push_back(sample.key);
      faults_.add(tar_name(shard), fmt::format("is missing; samples.jsonl has {} samples in it: {}",
                                               samples.size(), list_some(keys)));
    }
    for (const auto& [shard, owner] : index_.owners) {
      if (there_.contains(shard) || index_.by_shard.contains(shard)) continue;
      faults_.add(tar_name(shard),
                  fmt::format("is missing; units.jsonl gives it to unit {}", owner.unit));
    }
  }

  const fs::path& out_;
  bool decode_videos_;
  Faults faults_;
  Index index_;
  std::vector<std::string> shards_;  ///< in order of their numbers
  std::set<std::string> there_;      ///< the same
  std::uint64_t bytes_ = 0;
};

}  // namespace

VerifyResult verify(const fs::path& out, bool decode_videos) {
  if (!fs::is_directory(out)) {
    throw Error(ErrorKind::kUsage, fmt::format("{}: no such directory", printable(out)));
  }
  return Verifier(out, decode_videos).verify();
}

}  // namespace ditto::dataset
