#pragma once

#include "dataset/fixture.h"
#include "ditto/media/media.h"

/// A small output directory with real pictures and videos, and means to damage it.
namespace ditto::dataset::test {

/// A made-up clip: a bright square on a gradient, both depending on the clip and the edit.
media::Video make_video(int clip, int edit, int frames = 9, int width = 64, int height = 48);

/// Completes the record's hashes to match the files.
SampleFiles real_files(SampleRecord& record, int clip, int n);

/// Three shards in two units: samples (0,0) (0,1) | (1,0) | (2,0) (2,1), one rejected (0,2), one
/// quarantined (2,2); with manifest and run.json.
void make_dataset(const std::filesystem::path& out);

std::string key_of(int clip, int n);

using Members = std::vector<std::pair<std::string, std::string>>;  ///< name and content
Members read_members(const std::filesystem::path& out, const std::string& shard);
/// Writes the shard anew from these members and makes every digest and size consistent with it.
void write_members(const std::filesystem::path& out, const std::string& shard,
                   const Members& members);
/// Makes shards/NNNNNN.json and units.jsonl consistent with the tar as it is.
void make_consistent(const std::filesystem::path& out, const std::string& shard);
std::string& member(Members& members, const std::string& name);

/// Overwrites bytes of the header of the n-th member and renews its checksum.
void patch_header(const std::filesystem::path& out, const std::string& shard, std::size_t n,
                  std::size_t at, const std::string& bytes);
/// Changes one line of a JSON-lines file.
void edit_line(const std::filesystem::path& file, std::size_t line,
               const std::function<void(nlohmann::ordered_json&)>& change);
void edit_json(const std::filesystem::path& file,
               const std::function<void(nlohmann::ordered_json&)>& change);

}  // namespace ditto::dataset::test
