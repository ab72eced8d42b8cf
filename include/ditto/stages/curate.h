#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/stages/clip.h"

/// Curation: source files to clips. Works on one source at a time so that many sources can be split
/// over tasks; duplicates over all sources are found at the end.
namespace ditto::stages {

/// A file that may be a source. `relative` is within the input folder it was found in.
struct SourceFile {
  std::filesystem::path file;  ///< absolute
  std::filesystem::path relative;
  std::uintmax_t bytes = 0;
  std::int64_t modified_ns = 0;
};

/// Something found that is no clip: a file, or a piece of one.
struct Drop {
  std::string source_path{};    ///< printable, relative
  std::string source_sha256{};  ///< empty when it was not read
  /// A word. Of files: unreadable, no_video, empty, not_a_file, dangling_link, link_loop,
  /// duplicate, too_small, too_short, low_frame_rate. Of pieces, which have a start_frame:
  /// too_short, low_frame_rate, black, letterbox, frozen, static, too_fast, surplus, duplicate.
  std::string reason{};
  std::string detail{};  ///< a sentence with the values
  std::optional<double> score{};
  std::optional<std::int64_t> start_frame{};
};
nlohmann::ordered_json to_json(const Drop& drop);
Drop drop_from_json(const nlohmann::json& line);

struct Listing {
  std::vector<SourceFile> files;
  std::vector<Drop> drops;  ///< directories without permission, dangling links, pipes, ...
};
/// Searches the inputs recursively in a stable order (bytewise by relative path within each input,
/// inputs in the order given). Links are followed once; loops end. Files with other extensions are
/// passed over silently. Throws Error(kUsage) when an input itself doesn't exist.
Listing list_sources(const config::Sources& config);

struct SourceResult {
  std::vector<ClipRecord> clips;  ///< with "embedding" in `measured` for the duplicate search
  std::vector<Drop> drops;
};
/// Decodes one source and cuts its clips. Never throws for bad input: it becomes a Drop. Memory use
/// doesn't grow with the source's length. Asks stop_requested() now and then and throws
/// Error(kInterrupted).
SourceResult curate_source(const SourceFile& source, const config::Clip& clip,
                           const config::Curate& curate);

/// Joins the results of all sources in listing order, drops duplicates (identical files first, then
/// by embedding; the earlier one stays) and removes the embeddings from the records.
SourceResult join_sources(std::vector<SourceResult> sources, const config::Curate& curate);

/// Version of the curation's results, for fingerprints.
BackendId curate_id();

}  // namespace ditto::stages
