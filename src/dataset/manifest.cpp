#include "ditto/dataset/manifest.h"

#include "dataset/json_lines.h"
#include "ditto/core/error.h"

namespace ditto::dataset {
namespace {

constexpr const char* kClips = "clips.jsonl";
constexpr const char* kDrops = "clips.dropped.jsonl";

template <class T>
std::vector<T> read_lines(const std::filesystem::path& path, T (*parse)(const nlohmann::json&)) {
  std::vector<T> values;
  LineReader reader(path);
  std::string line;
  while (reader.next(line)) {
    const nlohmann::json value = parse_json(line, reader.where());
    try {
      values.push_back(parse(value));
    } catch (const Error& e) {
      throw Error(ErrorKind::kInput, reader.where() + ": " + e.what());
    } catch (const nlohmann::json::exception& e) {
      throw Error(ErrorKind::kInput, reader.where() + ": " + e.what());
    }
  }
  return values;
}

}  // namespace

void write_manifest(const std::filesystem::path& out, const stages::SourceResult& result) {
  LineWriter drops(out / kDrops);
  for (const stages::Drop& drop : result.drops) drops.add(dump_line(stages::to_json(drop)));
  drops.commit();
  // The manifest comes last: where it is, its companion is there too.
  LineWriter clips(out / kClips);
  for (const stages::ClipRecord& clip : result.clips) clips.add(dump_line(stages::to_json(clip)));
  clips.commit();
}

std::vector<stages::ClipRecord> read_manifest(const std::filesystem::path& out) {
  auto clips = read_lines<stages::ClipRecord>(out / kClips, &stages::clip_record_from_json);
  std::set<std::string> ids;
  for (const stages::ClipRecord& clip : clips) {
    if (!ids.insert(clip.id).second) {
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: the clip {} is there twice", printable(out / kClips), clip.id));
    }
  }
  return clips;
}

std::vector<stages::Drop> read_drops(const std::filesystem::path& out) {
  if (!std::filesystem::exists(out / kDrops)) return {};
  return read_lines<stages::Drop>(out / kDrops, &stages::drop_from_json);
}

}  // namespace ditto::dataset
