#include <fmt/format.h>

#include <cmath>
#include <map>
#include <utility>

#include "ditto/core/error.h"
#include "ditto/core/stop.h"
#include "ditto/stages/curate.h"
#include "stages/curate/duplicates.h"

namespace ditto::stages {
namespace {

double rounded(double value) { return std::round(value * 1e5) / 1e5; }

Drop duplicate_of(const ClipRecord& clip, const ClipRecord& earlier, double similarity) {
  Drop drop{.source_path = clip.source_path,
            .source_sha256 = clip.source_sha256,
            .reason = "duplicate",
            .score = rounded(similarity)};
  drop.detail = fmt::format("looks like clip {} of {}, similarity {:.3f}", earlier.id,
                            earlier.source_path, similarity);
  drop.start_frame = clip.start_frame;
  return drop;
}

}  // namespace

SourceResult join_sources(std::vector<SourceResult> sources, const config::Curate& curate) {
  SourceResult joined;
  std::map<std::string, std::string> path_of_file;  // by SHA-256, of files that gave clips
  curate::DuplicateIndex index;
  std::vector<std::size_t> indexed;  // place in joined.clips of each embedding in the index
  const bool by_embedding = curate.duplicate_similarity < 1;
  for (SourceResult& source : sources) {
    if (!source.clips.empty()) {
      const ClipRecord& first = source.clips.front();
      const auto [known, is_new] = path_of_file.emplace(first.source_sha256, first.source_path);
      if (!is_new) {
        joined.drops.push_back({.source_path = first.source_path,
                                .source_sha256 = first.source_sha256,
                                .reason = "duplicate",
                                .detail = "the same bytes as " + known->second,
                                .score = 1.0});
        continue;
      }
    }
    for (Drop& drop : source.drops) joined.drops.push_back(std::move(drop));
    for (ClipRecord& clip : source.clips) {
      throw_if_stopped();
      if (!clip.measured.contains("embedding")) {
        throw Error(ErrorKind::kInput, "clip " + clip.id + ": no embedding in `measured`");
      }
      const curate::Embedding embedding =
          curate::embedding_from_text(clip.measured.at("embedding").get<std::string>());
      clip.measured.erase("embedding");
      if (by_embedding) {
        if (const auto match = index.nearest(embedding)) {
          if (match->similarity >= curate.duplicate_similarity) {
            joined.drops.push_back(
                duplicate_of(clip, joined.clips[indexed[match->kept]], match->similarity));
            continue;
          }
          clip.measured["similarity"] = rounded(match->similarity);
        }
        index.add(embedding);
        indexed.push_back(joined.clips.size());
      }
      joined.clips.push_back(std::move(clip));
    }
  }
  return joined;
}

}  // namespace ditto::stages
