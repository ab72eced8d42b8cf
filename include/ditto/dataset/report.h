#pragma once

#include <filesystem>
#include <string>

namespace ditto::dataset {

/// One self-contained HTML page from run.json, clips.jsonl, clips.dropped.jsonl, samples.jsonl and
/// shards/: the funnel from files to accepted samples, cost per accepted sample by stage, score
/// distributions, drops and rejects by reason, example frames (source beside edited, as data URIs).
std::string make_report(const std::filesystem::path& out);
/// Writes OUT/report.html.
void write_report(const std::filesystem::path& out);

}  // namespace ditto::dataset
