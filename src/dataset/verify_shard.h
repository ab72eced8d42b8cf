#pragma once

#include "dataset/verify_index.h"

namespace ditto::dataset {

/// What was found in one shard.
struct ShardFindings {
  Faults faults;
  std::uint64_t bytes = 0;
  std::vector<std::pair<std::string, std::string>> firsts;  ///< each key with its first member
};

/// Checks shards/SHARD.tar and its companion against each other and against the index: structure,
/// headers, contiguity, digests, and every sample's members. Uses nothing but its arguments, so
/// that several shards can be checked at the same time.
ShardFindings check_shard(const std::filesystem::path& out, const std::string& shard,
                          const Index& index, bool decode_videos);

}  // namespace ditto::dataset
