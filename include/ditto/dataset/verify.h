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
/// rejected + quarantined; clips.jsonl against samples; partial or foreign files reported. Reads
/// with bounded memory.
VerifyResult verify(const std::filesystem::path& out, bool decode_videos);

}  // namespace ditto::dataset
