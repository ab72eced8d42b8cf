#include <gtest/gtest.h>

#include "config/keys.h"
#include "ditto/config/load.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::config {
namespace {

using Json = nlohmann::ordered_json;

/// What is wrong when one key has this value.
std::string problems_with(const Key& key, const Json& value) {
  try {
    parse(Json{{key.section, {{key.name, value}}}}.dump(), "c.json", {});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

template <class F>
void for_each_key(F&& visit) {
  Config defaults;
  for (const Section& section : sections_of(defaults)) {
    for (const Key& key : section.keys) {
      SCOPED_TRACE(key.path());
      visit(key);
    }
  }
}

bool is_numeric(const Key& key) {
  return key.kind == Key::Kind::kInteger || key.kind == Key::Kind::kNumber;
}

TEST(EveryKey, TakesItsDefault) {
  for_each_key([](const Key& key) { EXPECT_EQ(problems_with(key, value_of(key)), ""); });
}

TEST(EveryKey, TakesItsLimitsAndNothingBeyond) {
  for_each_key([](const Key& key) {
    if (!is_numeric(key)) return;
    EXPECT_EQ(problems_with(key, key.minimum), "");
    EXPECT_EQ(problems_with(key, key.maximum), "");
    const std::string start = "c.json: " + key.path() + ": expected ";
    EXPECT_EQ(problems_with(key, key.minimum - 1).substr(0, start.size()), start);
    EXPECT_EQ(problems_with(key, key.maximum + 2).substr(0, start.size()), start);
  });
}

TEST(EveryKey, RefusesOtherTypes) {
  for_each_key([](const Key& key) {
    const std::string start = "c.json: " + key.path() + ": expected ";
    for (const Json& value :
         {Json(nullptr), Json::object(), Json("no such value"), Json(-1.25e10), Json(true)}) {
      const bool fits = (value.is_string() && key.kind == Key::Kind::kText) ||
                        (value.is_boolean() && key.kind == Key::Kind::kFlag);
      if (!fits) {
        EXPECT_EQ(problems_with(key, value).substr(0, start.size()), start) << value;
      }
    }
  });
}

TEST(EveryKey, TakesEachOfItsChoices) {
  for_each_key([](const Key& key) {
    for (const std::string& choice : key.choices) EXPECT_EQ(problems_with(key, choice), "");
  });
}

TEST(EveryKey, IsDocumented) {
  for_each_key([](const Key& key) { EXPECT_GT(key.doc.size(), 10u); });
}

TEST(ToJson, HasEveryKeyAndComesBack) {
  Config config;
  config.clip.fps = 29.97;
  config.sources.input = {"a b", "c"};
  config.run.seed = 9007199254740991;
  EXPECT_EQ(to_json(parse(to_json(config).dump(), "c.json", {})), to_json(config));
  for_each_key(
      [&](const Key& key) { EXPECT_TRUE(to_json(config)[key.section].contains(key.name)); });
}

TEST(ToJson, ShowsNumbersAsPeopleWriteThem) {
  EXPECT_EQ(to_json(Config{})["clip"]["fps"].dump(), "20");
  Config config;
  config.edit.strength = 0.1;
  EXPECT_EQ(to_json(config)["edit"]["strength"].dump(), "0.1");
}

TEST(ToJson, NamesThatArentUtf8CanBeShown) {
  Config config;
  config.output.dir = "out\xff";
  EXPECT_EQ(to_json(config)["output"]["dir"], "out\\xff");
}

TEST(Fingerprint, DependsOnResultKeysAlone) {
  const std::string defaults = fingerprint(Config{});
  Config config;
  config.run.workers = 7;
  config.output.dir = "elsewhere";
  config.sources.input = {"x"};
  EXPECT_EQ(fingerprint(config), defaults);
  config.run.seed = 1;
  EXPECT_NE(fingerprint(config), defaults);
}

TEST(Fingerprint, EachResultKeyCountsInItsSection) {
  for_each_key([](const Key& key) {
    Config config;
    EXPECT_EQ(result_keys(config, key.section).contains(key.name), key.effect == Effect::kResult);
  });
  EXPECT_THROW(result_keys(Config{}, "clips"), std::invalid_argument);
}

/// As much of JSON Schema as the schema uses.
bool validates(const Json& schema, const Json& value) {
  const std::string type = schema.at("type");
  if (type == "object") {
    if (!value.is_object()) return false;
    for (const auto& [name, item] : value.items()) {
      if (!schema["properties"].contains(name) || !validates(schema["properties"][name], item))
        return false;
    }
    return true;
  }
  if (schema.contains("enum")) {
    return std::find(schema["enum"].begin(), schema["enum"].end(), value) != schema["enum"].end();
  }
  if (type == "array") {
    return value.is_array() && std::all_of(value.begin(), value.end(), [&](const Json& item) {
             return validates(schema["items"], item);
           });
  }
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (!value.is_number() || (type == "integer" && !value.is_number_integer())) return false;
  if (schema.contains("multipleOf") && value.get<int>() % schema["multipleOf"].get<int>() != 0)
    return false;
  return value >= schema["minimum"] && value <= schema["maximum"];
}

TEST(Schema, ItsOwnDefaultsValidate) {
  const Json schema = json_schema();
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_TRUE(validates(schema, to_json(Config{})));
  EXPECT_FALSE(validates(schema, Json{{"clip", {{"width", 33}}}}));
  for_each_key([&](const Key& key) {
    const Json& entry = schema["properties"][key.section]["properties"][key.name];
    EXPECT_TRUE(validates(entry, entry["default"]));
    EXPECT_FALSE(validates(entry, nullptr));
    if (is_numeric(key)) {
      EXPECT_FALSE(validates(entry, key.maximum + 1));
    }
  });
}

TEST(Schema, NothingUnknownIsAllowed) {
  const Json schema = json_schema();
  EXPECT_EQ(schema["additionalProperties"], false);
  for (const auto& [name, section] : schema["properties"].items()) {
    if (section["type"] == "object") {
      EXPECT_EQ(section["additionalProperties"], false) << name;
    }
  }
}

TEST(Markdown, TheCommittedFileIsCurrent) {
  EXPECT_EQ(read_file(std::filesystem::path(DITTO_SOURCE_DIR) / "docs/config.md"), markdown())
      << "run: ditto config schema --markdown > docs/config.md";
}

}  // namespace
}  // namespace ditto::config
