#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ditto::dataset {

struct Fault {
  std::string where;    ///< file, and member or key when known
  std::string problem;  ///< what was expected and what was found
};
struct VerifyResult {
  std::vector<Fault> faults;
  std::int64_t shards = 0;
  std::int64_t samples = 0;
  std::uint64_t bytes = 0;
};
/// Checks OUT as an independent reader: shard names dense; USTAR structure, headers and contiguity;
/// SHA-256 of tars and members against shards/*.json; every member of every accepted sample present
/// and decodable (`decode_videos`: every frame counted, else only probed), frame counts and sizes
/// as the JSON says; hashes of pixels and members against each sample's lineage, so that two
/// swapped outputs are found; samples.jsonl against the shards; the invariant planned = accepted +
/// rejected + quarantined; clips.jsonl against samples; partial or foreign files reported.
/// Several shards are read at the same time; memory is bounded by a compressed sample and a decoded
/// frame for each core and a few hundred bytes for each sample and clip. Throws Error(kUsage) when
/// there is no such directory, Error(kInterrupted) when a stop is asked for.
VerifyResult verify(const std::filesystem::path& out, bool decode_videos);

}  // namespace ditto::dataset
