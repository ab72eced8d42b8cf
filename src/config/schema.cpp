#include "config/keys.h"
#include "ditto/config/load.h"
#include "ditto/core/hash.h"

namespace ditto::config {
namespace {

using Json = nlohmann::ordered_json;

/// A limit as documents show it: 20, not 20.0.
Json limit(double value) {
  if (value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

Json schema_of(const Key& key) {
  Json schema;
  switch (key.kind) {
    case Key::Kind::kInteger:
      schema["type"] = "integer";
      break;
    case Key::Kind::kNumber:
      schema["type"] = "number";
      break;
    case Key::Kind::kChoice:
    case Key::Kind::kText:
    case Key::Kind::kDuration:
      schema["type"] = "string";
      break;
    case Key::Kind::kTexts:
      schema["type"] = "array";
      schema["items"] = {{"type", "string"}};
      break;
    case Key::Kind::kFlag:
      schema["type"] = "boolean";
      break;
  }
  if (key.kind == Key::Kind::kInteger || key.kind == Key::Kind::kNumber) {
    schema["minimum"] = limit(key.minimum);
    schema["maximum"] = limit(key.maximum);
  }
  if (key.even) schema["multipleOf"] = 2;
  if (!key.choices.empty()) schema["enum"] = key.choices;
  schema["default"] = value_of(key);
  schema["description"] = key.doc;
  return schema;
}

std::string type_name(const Key& key) {
  switch (key.kind) {
    case Key::Kind::kInteger:
      return "integer";
    case Key::Kind::kNumber:
      return "number";
    case Key::Kind::kChoice:
      return "choice";
    case Key::Kind::kText:
      return "text";
    case Key::Kind::kTexts:
      return "list of texts";
    case Key::Kind::kFlag:
      return "flag";
    case Key::Kind::kDuration:
      return "duration";
  }
  return {};
}

std::string table_cell(const std::string& text) {
  std::string cell;
  for (const char c : text) {
    // Angle brackets would be taken for HTML.
    if (c == '|' || c == '<' || c == '*' || c == '_') cell += '\\';
    cell += c;
  }
  return cell;
}

constexpr const char* kIntroduction = R"(# Configuration

Written by `ditto config schema --markdown`; don't edit.

A config is a JSON file, with `//` and `/* */` comments. Every key has a default, so that a file holds
only what differs; `ditto config show CONFIG` prints all of them, `ditto config check CONFIG` reports every
problem at once. On the command line `--set section.key=value` goes over the file, `--input` replaces
`sources.input` and `--output` replaces `output.dir`. Relative paths are relative to the working directory.

`"extends": "base.json"` at the top level names another config, relative to the file that says it: its values
hold where this file says nothing (lists are replaced as a whole). `"$schema"` is let pass for editors;
`ditto config schema` prints the schema.

Keys marked \* do not change results: they may differ between the runs that make one dataset.
)";

}  // namespace

Json to_json(const Config& config) {
  Config copy = config;
  Json document = Json::object();
  for (const Section& section : sections_of(copy)) {
    document[section.name] = Json::object();
    for (const Key& key : section.keys) document[section.name][key.name] = value_of(key);
  }
  return document;
}

nlohmann::json result_keys(const Config& config, const std::string& section_name) {
  Config copy = config;
  for (const Section& section : sections_of(copy)) {
    if (section.name != section_name) continue;
    auto keys = nlohmann::json::object();
    for (const Key& key : section.keys) {
      if (key.effect == Effect::kResult) keys[key.name] = value_of(key);
    }
    return keys;
  }
  throw std::invalid_argument("no section of the config: " + section_name);
}

std::string fingerprint(const Config& config) {
  Config copy = config;
  auto document = nlohmann::json::object();
  for (const Section& section : sections_of(copy))
    document[section.name] = result_keys(config, section.name);
  return ditto::fingerprint(document);
}

Json json_schema() {
  Config defaults;
  Json properties = {
      {"$schema", {{"type", "string"}, {"description", "For editors."}}},
      {"extends",
       {{"type", "string"},
        {"minLength", 1},
        {"description",
         "Another config, relative to this file, whose values hold where this file says "
         "nothing."}}},
  };
  for (const Section& section : sections_of(defaults)) {
    Json keys = Json::object();
    for (const Key& key : section.keys) keys[key.name] = schema_of(key);
    properties[section.name] = {{"type", "object"},
                                {"description", section.doc},
                                {"properties", std::move(keys)},
                                {"additionalProperties", false}};
  }
  return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"title", "ditto config"},
          {"type", "object"},
          {"properties", std::move(properties)},
          {"additionalProperties", false}};
}

std::string markdown() {
  Config defaults;
  std::string text = kIntroduction;
  for (const Section& section : sections_of(defaults)) {
    text += fmt::format("\n## {}\n\n{}\n\n", section.name, section.doc);
    text += "| key | type | default | range | meaning |\n| --- | --- | --- | --- | --- |\n";
    for (const Key& key : section.keys) {
      text += fmt::format("| `{}`{} | {} | `{}` | {} | {} |\n", key.name,
                          key.effect == Effect::kNone ? " \\*" : "", type_name(key),
                          value_of(key).dump(), table_cell(range_of(key)), table_cell(key.doc));
    }
  }
  return text;
}

}  // namespace ditto::config
