#include "ditto/pipeline/explain.h"

#include <fstream>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/dataset/manifest.h"
#include "ditto/dataset/unit.h"
#include "ditto/pipeline/plan.h"
#include "ditto/pipeline/work_store.h"

namespace ditto::pipeline {
namespace {

namespace fs = std::filesystem;

/// The sample as recorded: the newest staged unit that has it, else samples.jsonl.
std::optional<dataset::SampleRecord> find_record(const fs::path& out, const std::string& key) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(out / "work" / "units", error)) {
    const auto text = read_file_if_exists(entry.path() / "unit.json");
    if (!text || text->find(key) == std::string::npos) continue;
    const auto unit = dataset::unit_from_json(nlohmann::json::parse(*text));
    for (const auto& sample : unit.samples) {
      if (sample.key == key) return sample;
    }
  }
  std::ifstream lines(out / "samples.jsonl");
  for (std::string line; std::getline(lines, line);) {
    if (line.find(key) == std::string::npos) continue;
    auto record = dataset::sample_from_json(nlohmann::json::parse(line));
    if (record.key == key) return record;
  }
  return std::nullopt;
}

/// Lines "parameters.min_quality: 5 -> 6" for every leaf that differs.
void differences(const nlohmann::json& before, const nlohmann::json& after, const std::string& path,
                 std::string& text) {
  if (before == after) return;
  if (before.is_object() && after.is_object()) {
    std::set<std::string> names;
    for (const auto& [name, value] : before.items()) names.insert(name);
    for (const auto& [name, value] : after.items()) names.insert(name);
    for (const auto& name : names) {
      differences(before.value(name, nlohmann::json()), after.value(name, nlohmann::json()),
                  path.empty() ? name : path + "." + name, text);
    }
    return;
  }
  const bool digests = before.is_string() && after.is_string() &&
                       before.get<std::string>().size() == 64 &&
                       after.get<std::string>().size() == 64;
  text += digests ? fmt::format("      its input `{}` is another one\n", path)
                  : fmt::format("      {}: {} -> {}\n", path, before.dump(), after.dump());
}

std::string explain_stage(const dataset::SampleRecord& record, const StageKey& wanted,
                          const WorkStore& store) {
  const auto recorded = record.fingerprints.find(wanted.stage);
  if (recorded != record.fingerprints.end() && recorded->second == wanted.fingerprint) {
    return fmt::format("  {:<9} kept    {}\n", wanted.stage, wanted.fingerprint.substr(0, 12));
  }
  if (store.find(wanted)) {
    return fmt::format("  {:<9} kept    {} (made earlier, still in the work directory)\n",
                       wanted.stage, wanted.fingerprint.substr(0, 12));
  }
  std::string text =
      fmt::format("  {:<9} redone  {} -> {}\n", wanted.stage,
                  recorded == record.fingerprints.end() ? "none" : recorded->second.substr(0, 12),
                  wanted.fingerprint.substr(0, 12));
  if (recorded == record.fingerprints.end()) return text;
  if (const auto before = store.inputs_of(wanted.stage, recorded->second)) {
    differences(*before, wanted.inputs, "", text);
  } else {
    text +=
        "      the inputs of the earlier result are not kept any more (the work directory was "
        "deleted)\n";
  }
  return text;
}

}  // namespace

std::string explain(const fs::path& out, const std::string& key,
                    const std::optional<config::Config>& config) {
  const config::Config wanted = config ? *config : read_run_json(out).config;
  const auto record = find_record(out, key);
  if (!record) {
    throw Error(ErrorKind::kUsage, fmt::format("{} has no sample {}; samples.jsonl lists them all",
                                               printable(out), key));
  }
  std::string text = fmt::format(
      "{}  {}{}\n  instruction: {}\n", key, record->outcome,
      record->reason.empty() ? "" : fmt::format(" at {}: {}", record->stage, record->reason),
      record->instruction.text);
  const auto manifest = dataset::read_manifest(out);
  const auto clip =
      std::find_if(manifest.begin(), manifest.end(),
                   [&](const stages::ClipRecord& c) { return c.id == record->clip_id; });
  if (clip == manifest.end()) {
    return text + "  gone: its clip is not in the manifest any more, so the sample is left out\n";
  }
  const Backends backends = make_backends(wanted, 1);
  const Lineage lineage(wanted, backends);
  const WorkStore store(out);
  const auto ordinal = clip - manifest.begin();
  const auto first = ordinal - ordinal % wanted.run.unit_clips;
  const auto instruct = lineage
                            .instruct(first, {manifest.begin() + first,
                                              static_cast<std::size_t>(ordinal - first) + 1})
                            .back();
  text += explain_stage(*record, instruct, store);
  const auto instructed = record->fingerprints.find("instruct");
  if (instructed == record->fingerprints.end() || instructed->second != instruct.fingerprint) {
    return text + "  the stages after it depend on the new instructions\n";
  }
  // Stages after the one where a rejected sample ended were never run and won't be.
  const SampleKeys keys = lineage.sample(*clip, key, record->instruction);
  for (const StageKey* stage : keys.all()) {
    text += explain_stage(*record, *stage, store);
    if (record->outcome != "accepted" && stage->stage == record->stage &&
        record->fingerprints.at(stage->stage) == stage->fingerprint) {
      text += "  the sample ended here\n";
      break;
    }
  }
  return text;
}

}  // namespace ditto::pipeline
