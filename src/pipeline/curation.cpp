#include "ditto/pipeline/curation.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "ditto/config/load.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/core/stop.h"
#include "ditto/dataset/manifest.h"

namespace ditto::pipeline {
namespace {

namespace fs = std::filesystem;

nlohmann::json parameters(const config::Config& config) {
  const stages::BackendId id = stages::curate_id();
  return {{"backend", {id.name, id.version}},
          {"clip", config::result_keys(config, "clip")},
          {"curate", config::result_keys(config, "curate")},
          {"cpu", config.run.cpu}};
}

std::string source_fingerprint(const stages::SourceFile& source, const nlohmann::json& keys) {
  return fingerprint(
      {printable(source.file), printable(source.relative), source.bytes, source.modified_ns, keys});
}

std::string manifest_fingerprint(const config::Config& config, const stages::Listing& listing) {
  Sha256 hash;
  const nlohmann::json keys = parameters(config);
  hash.update(keys.dump());
  for (const auto& source : listing.files) hash.update(source_fingerprint(source, keys));
  for (const auto& drop : listing.drops) hash.update(stages::to_json(drop).dump(-1, ' ', true));
  return hash.hex();
}

/// What the manifest was made from, written after it.
fs::path stamp_path(const fs::path& out) { return out / "clips.json"; }

/// The curation of one source as kept in work/curate.
class SourcePart {
 public:
  SourcePart(const fs::path& out, const std::string& digest)
      : file_(out / "work" / "curate" / (digest.substr(0, 32) + ".json")) {}

  bool exists() const {
    std::error_code ignored;
    return fs::exists(file_, ignored);
  }
  std::optional<FileLock> claim() const {
    return FileLock::try_acquire(fs::path(file_).replace_extension(".lock"));
  }
  void release() const {
    std::error_code ignored;
    fs::remove(fs::path(file_).replace_extension(".lock"), ignored);
  }
  void write(const stages::SourceResult& result) const {
    nlohmann::ordered_json part = {{"clips", nlohmann::ordered_json::array()},
                                   {"drops", nlohmann::ordered_json::array()}};
    for (const auto& clip : result.clips) part["clips"].push_back(stages::to_json(clip));
    for (const auto& drop : result.drops) part["drops"].push_back(stages::to_json(drop));
    write_file(file_, part.dump() + "\n");
  }
  stages::SourceResult read() const {
    const nlohmann::json part = nlohmann::json::parse(read_file(file_), nullptr, false);
    if (part.is_discarded()) {
      throw Error(ErrorKind::kFatal, printable(file_) + " is damaged; delete it and run again");
    }
    stages::SourceResult result;
    for (const auto& clip : part.at("clips"))
      result.clips.push_back(stages::clip_record_from_json(clip));
    for (const auto& drop : part.at("drops")) result.drops.push_back(stages::drop_from_json(drop));
    return result;
  }

 private:
  fs::path file_;
};

FileLock wait_for_lock(const fs::path& path) {
  for (;;) {
    if (auto lock = FileLock::try_acquire(path)) return std::move(*lock);
    throw_if_stopped();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

/// Works on every source that nobody else has begun, own share first; returns how many. Large
/// sources come first in each share, so that no thread is left alone with one at the end.
std::int64_t work_on_sources(const stages::Listing& listing, const std::vector<SourcePart>& parts,
                             const config::Config& config, TaskShare share, int workers) {
  std::vector<std::size_t> order;
  for (int turn = 0; turn < share.count; ++turn) {
    const int owner = (share.index + turn) % share.count;
    const auto begin = static_cast<std::ptrdiff_t>(order.size());
    for (auto i = static_cast<std::size_t>(owner); i < listing.files.size();
         i += static_cast<std::size_t>(share.count)) {
      if (!parts[i].exists()) order.push_back(i);
    }
    std::stable_sort(order.begin() + begin, order.end(), [&](std::size_t a, std::size_t b) {
      return listing.files[a].bytes > listing.files[b].bytes;
    });
  }
  std::atomic<std::size_t> next{0};
  std::atomic<std::int64_t> done{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t n = next++; n < order.size() && !stop_requested(); n = next++) {
      {
        std::lock_guard lock(mutex);
        if (failure) return;
      }
      const std::size_t i = order[n];
      const auto claim = parts[i].claim();
      if (!claim || parts[i].exists()) continue;
      try {
        spdlog::debug("curate: {}", printable(listing.files[i].relative));
        const auto result = stages::curate_source(listing.files[i], config.clip, config.curate);
        parts[i].write(result);
        parts[i].release();
        spdlog::info("curate: {} of {}: {} clips, {} drops", ++done, order.size(),
                     result.clips.size(), result.drops.size());
      } catch (...) {
        std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        return;
      }
    }
  };
  std::vector<std::jthread> threads;
  const auto count = std::min<std::size_t>(static_cast<std::size_t>(workers), order.size());
  for (std::size_t t = 0; t < count; ++t) threads.emplace_back(work);
  threads.clear();
  throw_if_stopped();
  if (failure) std::rethrow_exception(failure);
  return done;
}

}  // namespace

bool manifest_is_current(const fs::path& out, const config::Config& config,
                         const stages::Listing& listing) {
  const auto text = read_file_if_exists(stamp_path(out));
  if (!text || !fs::exists(out / "clips.jsonl")) return false;
  const nlohmann::json stamp = nlohmann::json::parse(*text, nullptr, false);
  return !stamp.is_discarded() &&
         stamp.value("fingerprint", "") == manifest_fingerprint(config, listing);
}

CurationCounts curate(const fs::path& out, const config::Config& config, TaskShare share,
                      int workers) {
  const stages::Listing listing = stages::list_sources(config.sources);
  CurationCounts counts;
  counts.files = static_cast<std::int64_t>(listing.files.size());
  const auto finish = [&](std::size_t clips, std::size_t drops) {
    counts.clips = static_cast<std::int64_t>(clips);
    counts.drops = static_cast<std::int64_t>(drops);
    return counts;
  };
  if (manifest_is_current(out, config, listing)) {
    counts.manifest_reused = true;
    return finish(dataset::read_manifest(out).size(), dataset::read_drops(out).size());
  }

  const nlohmann::json keys = parameters(config);
  std::vector<SourcePart> parts;
  for (const auto& source : listing.files)
    parts.emplace_back(out, source_fingerprint(source, keys));
  remove_stale_temporaries(out / "work" / "curate");

  bool told = false;
  for (;;) {
    counts.curated += work_on_sources(listing, parts, config, share, workers);
    if (std::all_of(parts.begin(), parts.end(),
                    [](const SourcePart& part) { return part.exists(); }))
      break;
    if (!told) spdlog::info("curate: waiting for sources that another task is working on");
    told = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }

  // Whoever comes first joins; the others find the manifest made.
  const FileLock lock = wait_for_lock(out / "work" / "curate" / "join.lock");
  if (!manifest_is_current(out, config, listing)) {
    std::vector<stages::SourceResult> results;
    results.push_back({{}, listing.drops});
    for (const SourcePart& part : parts) results.push_back(part.read());
    const stages::SourceResult joined = stages::join_sources(std::move(results), config.curate);
    dataset::write_manifest(out, joined);
    const nlohmann::ordered_json stamp = {{"fingerprint", manifest_fingerprint(config, listing)},
                                          {"files", listing.files.size()},
                                          {"clips", joined.clips.size()},
                                          {"drops", joined.drops.size()}};
    write_file(stamp_path(out), stamp.dump(2) + "\n");
  }
  return finish(dataset::read_manifest(out).size(), dataset::read_drops(out).size());
}

}  // namespace ditto::pipeline
