#include "ditto/dataset/unit.h"

#include "dataset/json_lines.h"
#include "dataset/keys.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;

using Part = UnitSummary::Part;

Part part_from_json(const nlohmann::json& value) {
  Part part;
  part.file = value.at("file");
  part.sha256 = value.at("sha256");
  part.bytes = value.at("bytes");
  part.keys = value.at("keys").get<std::vector<std::string>>();
  for (const nlohmann::json& member : value.at("members")) {
    part.members.push_back({member.at("name"), member.at("sha256"), member.at("bytes")});
  }
  return part;
}

/// "what it should be, what it is"; empty when the file is there with this size.
std::string wrong_size(const fs::path& path, std::uint64_t bytes) {
  std::error_code error;
  const std::uintmax_t found = fs::file_size(path, error);
  if (error) return printable(path) + " is missing";
  if (found == bytes) return {};
  return fmt::format("{} has {} bytes instead of {}", printable(path), found, bytes);
}

}  // namespace

nlohmann::ordered_json to_json(const UnitSummary& summary) {
  nlohmann::ordered_json value = {
      {"unit", summary.unit},         {"fingerprint", summary.fingerprint},
      {"planned", summary.planned},   {"accepted", summary.accepted},
      {"rejected", summary.rejected}, {"quarantined", summary.quarantined}};
  value["samples"] = nlohmann::ordered_json::array();
  for (const SampleRecord& record : summary.samples) value["samples"].push_back(to_json(record));
  value["parts"] = nlohmann::ordered_json::array();
  for (const Part& part : summary.parts) {
    nlohmann::ordered_json members = nlohmann::ordered_json::array();
    for (const Part::Member& member : part.members) {
      members.push_back(
          {{"name", member.name}, {"sha256", member.sha256}, {"bytes", member.bytes}});
    }
    value["parts"].push_back({{"file", part.file},
                              {"sha256", part.sha256},
                              {"bytes", part.bytes},
                              {"keys", part.keys},
                              {"members", members}});
  }
  return value;
}

UnitSummary unit_from_json(const nlohmann::json& value) {
  try {
    UnitSummary summary;
    summary.unit = value.at("unit");
    summary.fingerprint = value.at("fingerprint");
    summary.planned = value.at("planned");
    summary.accepted = value.at("accepted");
    summary.rejected = value.at("rejected");
    summary.quarantined = value.at("quarantined");
    for (const nlohmann::json& line : value.at("samples")) {
      summary.samples.push_back(sample_from_json(line));
    }
    for (const nlohmann::json& part : value.at("parts")) {
      summary.parts.push_back(part_from_json(part));
    }
    return summary;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, std::string("unit: ") + e.what());
  }
}

fs::path unit_directory(const fs::path& out, std::int64_t unit) {
  return out / "work" / "units" / six_digits(unit);
}

std::optional<UnitSummary> read_unit(const fs::path& out, std::int64_t unit) {
  const fs::path directory = unit_directory(out, unit);
  const fs::path file = directory / "unit.json";
  const std::optional<std::string> text = read_file_if_exists(file);
  if (!text) return std::nullopt;
  try {
    UnitSummary summary = unit_from_json(parse_json(*text, printable(file)));
    if (summary.unit != unit) {
      throw Error(ErrorKind::kInput,
                  fmt::format("it is about unit {} instead of {}", summary.unit, unit));
    }
    for (const Part& part : summary.parts) {
      const std::string problem = wrong_size(directory / part.file, part.bytes);
      if (!problem.empty()) throw Error(ErrorKind::kInput, problem);
    }
    return summary;
  } catch (const Error& e) {
    spdlog::warn("{}: this unit doesn't count: {}", printable(file), e.what());
    return std::nullopt;
  }
}

nlohmann::ordered_json to_json(const MergedUnit& unit) {
  return {{"unit", unit.unit},         {"fingerprint", unit.fingerprint},
          {"planned", unit.planned},   {"accepted", unit.accepted},
          {"rejected", unit.rejected}, {"quarantined", unit.quarantined},
          {"shards", unit.shards},     {"bytes", unit.bytes}};
}

MergedUnit merged_unit_from_json(const nlohmann::json& line) {
  try {
    MergedUnit unit;
    unit.unit = line.at("unit");
    unit.fingerprint = line.at("fingerprint");
    unit.planned = line.at("planned");
    unit.accepted = line.at("accepted");
    unit.rejected = line.at("rejected");
    unit.quarantined = line.at("quarantined");
    unit.shards = line.at("shards").get<std::vector<std::string>>();
    unit.bytes = line.at("bytes").get<std::vector<std::uint64_t>>();
    if (unit.shards.size() != unit.bytes.size()) {
      throw Error(ErrorKind::kInput, "unit: \"shards\" and \"bytes\" differ in length");
    }
    for (const std::string& shard : unit.shards) {
      if (number_of(shard) < 0) {
        throw Error(ErrorKind::kInput, fmt::format("unit: \"{}\" is no shard number", shard));
      }
    }
    return unit;
  } catch (const nlohmann::json::exception& e) {
    throw Error(ErrorKind::kInput, std::string("unit: ") + e.what());
  }
}

std::vector<MergedUnit> read_merged_units(const fs::path& out) {
  std::vector<MergedUnit> units;
  const fs::path path = out / "units.jsonl";
  if (!fs::exists(path)) return units;
  if (!fs::exists(out / "samples.jsonl")) {
    spdlog::warn("{} is missing: no unit counts as merged", printable(out / "samples.jsonl"));
    return units;
  }
  LineReader reader(path);
  std::string line;
  while (reader.next(line)) {
    MergedUnit unit;
    try {
      unit = merged_unit_from_json(parse_json(line, reader.where()));
    } catch (const Error& e) {
      throw Error(ErrorKind::kInput, reader.where() + ": " + e.what());
    }
    std::string problem;
    for (std::size_t i = 0; i < unit.shards.size() && problem.empty(); ++i) {
      problem = wrong_size(out / "shards" / (unit.shards[i] + ".tar"), unit.bytes[i]);
      const fs::path companion = out / "shards" / (unit.shards[i] + ".json");
      if (problem.empty() && !fs::exists(companion)) {
        problem = printable(companion) + " is missing";
      }
    }
    if (problem.empty()) {
      units.push_back(std::move(unit));
    } else {
      spdlog::warn("unit {} doesn't count as merged: {}", unit.unit, problem);
    }
  }
  return units;
}

}  // namespace ditto::dataset
