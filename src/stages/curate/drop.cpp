#include "ditto/core/error.h"
#include "ditto/stages/curate.h"

namespace ditto::stages {

nlohmann::ordered_json to_json(const Drop& drop) {
  nlohmann::ordered_json line = {{"source_path", drop.source_path},
                                 {"source_sha256", drop.source_sha256},
                                 {"reason", drop.reason},
                                 {"detail", drop.detail}};
  if (drop.score) line["score"] = *drop.score;
  if (drop.start_frame) line["start_frame"] = *drop.start_frame;
  return line;
}

Drop drop_from_json(const nlohmann::json& line) {
  try {
    Drop drop;
    drop.source_path = line.at("source_path");
    drop.source_sha256 = line.at("source_sha256");
    drop.reason = line.at("reason");
    drop.detail = line.at("detail");
    if (line.contains("score")) drop.score = line.at("score").get<double>();
    if (line.contains("start_frame")) drop.start_frame = line.at("start_frame").get<std::int64_t>();
    return drop;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, std::string("drop record: ") + e.what());
  }
}

}  // namespace ditto::stages
