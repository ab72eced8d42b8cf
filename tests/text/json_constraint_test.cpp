#include "ditto/text/json_constraint.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/core/random.h"

namespace ditto::text {
namespace {

using Json = nlohmann::ordered_json;

/// All bytes, and tokens that reach over the borders of a text's parts.
std::shared_ptr<const ByteVocabulary> vocabulary() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (const char* token :
       {"{\"",      "\": ",     "\", \"",   "\"}",  ", ",    "true",     "false",
        "null",     "10",       "1.",       "-1",   "[",     "]",        "}]",
        "\": [{\"", "\\n",      "\\u",      "the",  " the ", "\xC3\xA4", "\xE4\xBD\xA0\xE5",
        "\xF0\x9F", "\xED\xA0", "\xE0\x80", "\n  ", "00",    "\"\"",     ""}) {
    tokens.emplace_back(token);
  }
  return std::make_shared<const ByteVocabulary>(std::move(tokens));
}

/// Whether the text, byte by byte, is one of the schema's.
bool takes(const JsonConstraint& constraint, const std::string& text) {
  JsonConstraint::State state = constraint.begin();
  for (const char byte : text) {
    if (!constraint.advance(state, static_cast<unsigned char>(byte))) return false;
  }
  return constraint.can_end(state);
}

bool takes(const char* schema, const std::string& text) {
  return takes(JsonConstraint(Json::parse(schema), vocabulary()), text);
}

/// A text of tokens drawn at random among those allowed.
std::string drawn(const JsonConstraint& constraint, const ByteVocabulary& tokens, Stream& random,
                  std::int64_t most) {
  JsonConstraint::State state = constraint.begin();
  std::string text;
  for (std::int64_t left = most; left > 0 && !constraint.is_complete(state); --left) {
    const auto allowed = constraint.allowed(state, left);
    std::vector<std::int64_t> ids;
    for (std::int64_t id = 0; id < static_cast<std::int64_t>(tokens.size()); ++id) {
      if (allowed->contains(id)) ids.push_back(id);
    }
    if (ids.empty()) return "nothing may follow " + text;
    const std::int64_t id = ids[random.index(ids.size())];
    EXPECT_TRUE(constraint.advance(state, id));
    text += tokens.bytes(id);
  }
  EXPECT_TRUE(constraint.can_end(state)) << text;
  return text;
}

constexpr const char* kAnswer = R"({
  "type": "object", "required": ["scores", "verdict"], "additionalProperties": false,
  "properties": {
    "scores": {"type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "object",
      "properties": {"criterion": {"enum": ["edit", "quality \"x\""]},
                     "score": {"type": "integer", "minimum": 1, "maximum": 10},
                     "weight": {"type": "number", "minimum": -1, "maximum": 12}},
      "required": ["criterion", "score"]}},
    "note": {"type": ["string", "null"], "maxLength": 12},
    "verdict": {"type": "boolean"},
    "reason": {"anyOf": [{"const": "none"}, {"type": "string", "minLength": 3, "maxLength": 40}]}}})";

void expect_answer(const std::string& text) {
  SCOPED_TRACE(text);
  const nlohmann::json answer = nlohmann::json::parse(text);
  const auto& scores = answer.at("scores");
  EXPECT_GE(scores.size(), 2U);
  EXPECT_LE(scores.size(), 3U);
  for (const auto& one : scores) {
    EXPECT_TRUE(one.at("criterion") == "edit" || one.at("criterion") == "quality \"x\"");
    EXPECT_TRUE(one.at("score").is_number_integer());
    EXPECT_GE(one.at("score"), 1);
    EXPECT_LE(one.at("score"), 10);
    if (one.contains("weight")) {
      EXPECT_GE(one.at("weight").get<double>(), -1);
      EXPECT_LE(one.at("weight").get<double>(), 12);
    }
  }
  EXPECT_TRUE(answer.at("verdict").is_boolean());
  const auto note = answer.value("note", nlohmann::json());
  EXPECT_TRUE(note.is_null() || note.is_string());
  EXPECT_GE(answer.value("reason", "none").size(), 3U);
  for (const auto& [key, value] : answer.items()) {
    EXPECT_TRUE(key == "scores" || key == "note" || key == "verdict" || key == "reason");
  }
}

TEST(JsonConstraintTest, RandomTextsSatisfyTheSchema) {
  const auto tokens = vocabulary();
  const JsonConstraint constraint(Json::parse(kAnswer), tokens);
  Stream random(1, "", "");
  for (int i = 0; i < 200; ++i) expect_answer(drawn(constraint, *tokens, random, 400));
}

TEST(JsonConstraintTest, TextsAreCompletedWithinTheTokensThatThereAre) {
  const auto tokens = vocabulary();
  const JsonConstraint constraint(Json::parse(kAnswer), tokens);
  const std::int64_t least = constraint.shortest(constraint.begin());
  EXPECT_EQ(least, static_cast<std::int64_t>(
                       std::string(R"({"scores": [{"criterion": "edit", "score": 1}, )"
                                   R"({"criterion": "edit", "score": 1}], "verdict": true})")
                           .size()));
  Stream random(2, "", "");
  for (std::int64_t most = least; most < least + 12; ++most) {
    for (int i = 0; i < 4; ++i) expect_answer(drawn(constraint, *tokens, random, most));
  }
}

TEST(JsonConstraintTest, WholeNumbersKeepTheirBounds) {
  struct Bounds {
    int low, high;
  };
  const std::vector<Bounds> all = {{0, 9},     {1, 10},     {7, 123}, {-12, 105}, {-3, -3},
                                   {95, 1007}, {-250, -17}, {0, 0},   {99, 100}};
  for (const Bounds bounds : all) {
    const JsonConstraint constraint(
        Json{{"type", "integer"}, {"minimum", bounds.low}, {"maximum", bounds.high}}, vocabulary());
    for (int number = -1100; number <= 1100; ++number) {
      EXPECT_EQ(takes(constraint, std::to_string(number)),
                number >= bounds.low && number <= bounds.high)
          << number << " in " << bounds.low << " to " << bounds.high;
    }
    for (const char* text : {"", "-", "00", "01", "-0", "1.0", "1e1", " 1", "+1"}) {
      EXPECT_FALSE(takes(constraint, text)) << text;
    }
  }
}

TEST(JsonConstraintTest, NumbersWithFractionsKeepTheirBounds) {
  const char* schema = R"({"type": "number", "minimum": -2, "maximum": 10})";
  for (const char* text : {"-2", "-1.999", "-0.5", "0", "0.25", "9.999999", "10", "-1"}) {
    EXPECT_TRUE(takes(schema, text)) << text;
  }
  for (const char* text : {"-2.1", "-3", "10.1", "11", "1.", ".5", "1.1234567", "05", "1e3"}) {
    EXPECT_FALSE(takes(schema, text)) << text;
  }
  EXPECT_TRUE(takes(R"({"type": "number"})", "-123456789012345.123456"));
}

TEST(JsonConstraintTest, StringsAreUtf8OfTheirLength) {
  const char* schema = R"({"type": "string", "minLength": 1, "maxLength": 3})";
  for (const char* text :
       {"a", "\\n\\\"x", "\xC3\xA4\xE4\xBD\xA0\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(takes(schema, "\"" + std::string(text) + "\"")) << text;
  }
  for (const char* text :
       {"", "abcd", "\\x", "\\u0041", "\n", "\x1F", "\xC3", "\xC0\x80", "\xED\xA0\x80",
        "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xFF", "a\"b"}) {
    EXPECT_FALSE(takes(schema, "\"" + std::string(text) + "\"")) << text;
  }
}

TEST(JsonConstraintTest, ASchemaThatAProgramMadeIsReadAsAParsedOne) {
  const Json schema = {{"type", "string"}, {"minLength", 1}, {"maxLength", 3}};
  const JsonConstraint constraint(schema, vocabulary());
  EXPECT_TRUE(takes(constraint, "\"abc\""));
  EXPECT_FALSE(takes(constraint, "\"\""));
  EXPECT_FALSE(takes(constraint, "\"abcd\""));
  EXPECT_THROW(JsonConstraint({{"type", "string"}, {"minLength", -1}}, vocabulary()), Error);
}

TEST(JsonConstraintTest, PropertiesComeInTheSchemasOrderAndOptionalOnesMayBeMissing) {
  const char* schema = R"({"type": "object", "required": ["b"], "properties":
      {"a": {"type": "null"}, "b": {"type": "boolean"}, "c": {"type": "null"}}})";
  for (const char* text : {R"({"b": true})", R"({"a": null, "b": false})",
                           R"({"b": true, "c": null})", R"({"a": null, "b": true, "c": null})"}) {
    EXPECT_TRUE(takes(schema, text)) << text;
  }
  for (const char* text : {"{}", R"({"a": null})", R"({"b": true, "a": null})", R"({"b": true,})",
                           R"({"b":true})", R"({"b": true, "b": true})", R"({"d": null})"}) {
    EXPECT_FALSE(takes(schema, text)) << text;
  }
  EXPECT_TRUE(takes(R"({"type": "object"})", "{}"));
}

TEST(JsonConstraintTest, TheSameTokensAreAllowedFarFromABoundAndNoneBeyondIt) {
  const auto tokens = vocabulary();
  const JsonConstraint constraint(Json::parse(R"({"type": "string", "maxLength": 100})"), tokens);
  JsonConstraint::State state = constraint.begin();
  ASSERT_TRUE(constraint.advance(state, '"'));
  const auto the = static_cast<std::int64_t>(256 + 17);
  ASSERT_EQ(tokens->bytes(the), "the");
  for (int i = 0; i < 99; ++i) {
    EXPECT_EQ(constraint.allowed(state, 1000)->contains(the), i <= 97) << i;
    ASSERT_TRUE(constraint.advance(state, 'x'));
  }
  EXPECT_TRUE(constraint.allowed(state, 1000)->contains('x'));
  ASSERT_TRUE(constraint.advance(state, 'x'));
  EXPECT_FALSE(constraint.allowed(state, 1000)->contains('x'));
  EXPECT_TRUE(constraint.allowed(state, 1000)->contains('"'));
}

TEST(JsonConstraintTest, WhatIsNotSupportedIsAnError) {
  for (const char* schema :
       {R"({})", R"({"type": "str"})", R"({"type": "string", "pattern": "a+"})", R"([])",
        R"({"type": "array"})", R"({"type": "integer", "minimum": 3, "maximum": 2})",
        R"({"type": "number", "minimum": 0.5})", R"({"enum": []})",
        R"({"type": "object", "required": ["a"]})",
        R"({"type": "object", "additionalProperties": true})",
        R"({"type": "string", "minLength": 4, "maxLength": 3})",
        R"({"type": "string", "maxLength": -1})"}) {
    EXPECT_THROW(JsonConstraint(Json::parse(schema), vocabulary()), Error) << schema;
  }
  const auto few = std::make_shared<const ByteVocabulary>(std::vector<std::string>{"a", "{}"});
  EXPECT_THROW(JsonConstraint(Json::parse(R"({"type": "object"})"), few), Error);
}

}  // namespace
}  // namespace ditto::text
