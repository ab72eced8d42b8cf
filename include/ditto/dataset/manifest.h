#pragma once

#include <filesystem>
#include <vector>

#include "ditto/stages/curate.h"

/// The manifest OUT/clips.jsonl (one clip a line) and its companion OUT/clips.dropped.jsonl (one
/// drop a line: every file and piece that became no clip, with reason and score).
namespace ditto::dataset {

void write_manifest(const std::filesystem::path& out, const stages::SourceResult& result);
/// Throws Error(kInput) naming file and line of a damaged manifest.
std::vector<stages::ClipRecord> read_manifest(const std::filesystem::path& out);
std::vector<stages::Drop> read_drops(const std::filesystem::path& out);

}  // namespace ditto::dataset
