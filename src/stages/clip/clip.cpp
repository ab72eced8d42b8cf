#include "ditto/stages/clip.h"

#include "ditto/core/error.h"

namespace ditto::stages {
namespace {

std::string hex_decode(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace

nlohmann::ordered_json to_json(const ClipRecord& record) {
  nlohmann::ordered_json line = {
      {"id", record.id},
      {"source_path", record.source_path},
      {"source_sha256", record.source_sha256},
      {"source_file", record.source_file},
      {"start_frame", record.start_frame},
      {"start_seconds", record.start_seconds},
      {"frames", record.frames},
      {"fps", {record.fps.num, record.fps.den}},
      {"width", record.width},
      {"height", record.height},
      {"motion", record.motion},
      {"measured", record.measured},
  };
  if (!record.source_bytes_path.empty()) line["source_bytes_path"] = record.source_bytes_path;
  return line;
}

ClipRecord clip_record_from_json(const nlohmann::json& line) {
  try {
    ClipRecord record;
    record.id = line.at("id");
    record.source_path = line.at("source_path");
    record.source_sha256 = line.at("source_sha256");
    record.source_file = line.at("source_file");
    record.source_bytes_path = line.value("source_bytes_path", "");
    record.start_frame = line.at("start_frame");
    record.start_seconds = line.at("start_seconds");
    record.frames = line.at("frames");
    record.fps = {line.at("fps").at(0), line.at("fps").at(1)};
    record.width = line.at("width");
    record.height = line.at("height");
    record.motion = line.at("motion");
    record.measured = line.at("measured");
    if (record.fps.num <= 0 || record.fps.den <= 0 || record.frames <= 0) {
      throw Error(ErrorKind::kInput, "clip record: fps and frames must be positive");
    }
    return record;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, std::string("clip record: ") + e.what());
  }
}

std::string source_path_of(const ClipRecord& record) {
  return record.source_bytes_path.empty() ? record.source_file
                                          : hex_decode(record.source_bytes_path);
}

}  // namespace ditto::stages
