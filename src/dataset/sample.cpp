#include "ditto/dataset/sample.h"

#include "ditto/core/error.h"

namespace ditto::dataset {
namespace {

nlohmann::ordered_json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

std::string text_of(const nlohmann::json& line, const char* field) {
  const auto found = line.find(field);
  return found == line.end() || found->is_null() ? std::string() : found->get<std::string>();
}

/// What both forms of a record begin with.
nlohmann::ordered_json beginning(const SampleRecord& record) {
  return {{"key", record.key},
          {"clip_id", record.clip_id},
          {"instruction", record.instruction.text},
          {"task", stages::name_of(record.instruction.task)},
          {"target", record.instruction.target},
          {"origin", record.instruction.origin},
          {"program", record.instruction.program},
          {"outcome", record.outcome}};
}

}  // namespace

nlohmann::ordered_json to_json(const SampleRecord& record) {
  nlohmann::ordered_json line = beginning(record);
  line["stage"] = text_or_null(record.stage);
  line["reason"] = text_or_null(record.reason);
  line["shard"] = text_or_null(record.shard);
  line["unit"] = record.unit;
  line["scores"] = record.scores;
  line["details"] = record.details;
  line["clip"] = record.clip;
  line["seconds"] = record.seconds;
  line["hashes"] = record.hashes;
  line["fingerprints"] = record.fingerprints;
  line["config_fingerprint"] = record.config_fingerprint;
  return line;
}

SampleRecord sample_from_json(const nlohmann::json& line) {
  try {
    SampleRecord record;
    record.key = line.at("key");
    record.clip_id = line.at("clip_id");
    record.instruction.text = line.at("instruction");
    record.instruction.task = stages::task_from(line.at("task").get<std::string>());
    record.instruction.target = line.at("target");
    record.instruction.origin = line.at("origin");
    record.instruction.program = line.at("program");
    record.outcome = line.at("outcome");
    record.stage = text_of(line, "stage");
    record.reason = text_of(line, "reason");
    record.shard = text_of(line, "shard");
    record.unit = line.value("unit", std::int64_t{0});
    record.scores = line.at("scores");
    record.details = line.at("details");
    record.clip = line.at("clip");
    if (const auto seconds = line.find("seconds"); seconds != line.end() && !seconds->is_null()) {
      record.seconds = seconds->get<std::map<std::string, double>>();
    }
    record.hashes = line.at("hashes").get<std::map<std::string, std::string>>();
    record.fingerprints = line.at("fingerprints").get<std::map<std::string, std::string>>();
    record.config_fingerprint = line.at("config_fingerprint");
    return record;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, std::string("sample record: ") + e.what());
  }
}

nlohmann::ordered_json member_json(const SampleRecord& record) {
  nlohmann::ordered_json value = beginning(record);
  value["scores"] = record.scores;
  value["details"] = record.details;
  value["clip"] = record.clip;
  value["hashes"] = record.hashes;
  value["fingerprints"] = record.fingerprints;
  value["config_fingerprint"] = record.config_fingerprint;
  return value;
}

}  // namespace ditto::dataset
