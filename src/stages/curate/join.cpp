#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
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

curate::Embedding take_embedding(ClipRecord& clip) {
  if (!clip.measured.contains("embedding")) {
    throw Error(ErrorKind::kInput, "clip " + clip.id + ": no embedding in `measured`");
  }
  const auto text = clip.measured.at("embedding").get<std::string>();
  clip.measured.erase("embedding");
  return curate::embedding_from_text(text);
}

/// All clips and drops in order, without the clips of files that are the same as an earlier one.
SourceResult gather(std::vector<SourceResult> sources) {
  SourceResult gathered;
  std::map<std::string, std::string> path_of;  // by SHA-256, of files that gave clips
  for (SourceResult& source : sources) {
    if (!source.clips.empty()) {
      const ClipRecord& first = source.clips.front();
      const auto [known, is_new] = path_of.emplace(first.source_sha256, first.source_path);
      if (!is_new) {
        gathered.drops.push_back({.source_path = first.source_path,
                                  .source_sha256 = first.source_sha256,
                                  .reason = "duplicate",
                                  .detail = "the same bytes as " + known->second,
                                  .score = 1.0});
        continue;
      }
    }
    std::move(source.drops.begin(), source.drops.end(), std::back_inserter(gathered.drops));
    std::move(source.clips.begin(), source.clips.end(), std::back_inserter(gathered.clips));
  }
  return gathered;
}

}  // namespace

SourceResult join_sources(std::vector<SourceResult> sources, const config::Curate& curate) {
  SourceResult gathered = gather(std::move(sources));
  SourceResult joined{.clips = {}, .drops = std::move(gathered.drops)};
  const bool by_embedding = curate.duplicate_similarity < 1;
  curate::DuplicateIndex index;
  for (std::size_t begin = 0; begin < gathered.clips.size();) {
    throw_if_stopped();
    const std::size_t end = std::min(begin + curate::DuplicateIndex::kBatch, gathered.clips.size());
    std::vector<curate::Embedding> embeddings;
    for (std::size_t i = begin; i < end; ++i) {
      embeddings.push_back(take_embedding(gathered.clips[i]));
    }
    // A batch is compared with what was kept before it, then each clip with those of its own batch.
    curate::DuplicateIndex recent;
    std::vector<curate::Embedding> kept;
    const auto matches = index.nearest(embeddings);
    for (std::size_t i = begin; i < end; ++i) {
      ClipRecord& clip = gathered.clips[i];
      const curate::Embedding& embedding = embeddings[i - begin];
      if (by_embedding) {
        auto match = matches[i - begin];
        const auto near = recent.nearest({&embedding, 1}).front();
        if (near && (!match || near->similarity > match->similarity)) {
          match = {index.size() + near->kept, near->similarity};
        }
        if (match && match->similarity >= curate.duplicate_similarity) {
          joined.drops.push_back(duplicate_of(clip, joined.clips[match->kept], match->similarity));
          continue;
        }
        if (match) clip.measured["similarity"] = rounded(match->similarity);
        recent.add(embedding);
        kept.push_back(embedding);
      }
      joined.clips.push_back(std::move(clip));
    }
    for (const curate::Embedding& embedding : kept) index.add(embedding);
    begin = end;
  }
  return joined;
}

}  // namespace ditto::stages
