#include "text/json_grammar.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "ditto/core/error.h"

namespace ditto::text {
namespace {

using Json = nlohmann::ordered_json;
using Kind = GrammarNode::Kind;

constexpr std::uint32_t kNoBound = 1'000'000;
constexpr std::int64_t kLargest = 999'999'999'999'999;  // 15 digits
constexpr std::uint32_t kFractionDigits = 6;
constexpr const char* kBetween = ", ";

[[noreturn]] void fail(const std::string& path, const std::string& problem) {
  throw Error(ErrorKind::kInput, "JSON schema: " + (path.empty() ? "/" : path) + " " + problem);
}

class Builder {
 public:
  JsonGrammar build(const Json& schema) {
    grammar_.root = value(schema, "");
    return std::move(grammar_);
  }

 private:
  NodeId add(GrammarNode node) {
    measure(node);
    grammar_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(grammar_.nodes.size() - 1);
  }

  /// Children are made, and measured, before their parents.
  void measure(GrammarNode& node) const {
    const auto shortest = [&](NodeId id) { return grammar_.nodes[id].shortest; };
    switch (node.kind) {
      case Kind::kLiteral:
        node.shortest = static_cast<std::int64_t>(node.bytes.size());
        break;
      case Kind::kClass:
        node.shortest = node.least;
        break;
      case Kind::kString:
        node.shortest = std::int64_t{node.least} + 1;
        break;
      case Kind::kSequence:
        for (const NodeId id : node.children) node.shortest += shortest(id);
        break;
      case Kind::kChoice:
        node.shortest = shortest(node.children.front());
        for (const NodeId id : node.children) {
          node.shortest = std::min(node.shortest, shortest(id));
        }
        break;
      case Kind::kRepeat:
        if (node.least == 0) break;
        node.shortest =
            node.least * shortest(node.children[0]) + (node.least - 1) * shortest(node.children[1]);
        break;
    }
  }

  NodeId literal(std::string bytes) {
    return add({.kind = Kind::kLiteral, .bytes = std::move(bytes)});
  }
  NodeId sequence(std::vector<NodeId> children) {
    return add({.kind = Kind::kSequence, .children = std::move(children)});
  }
  NodeId choice(std::vector<NodeId> children) {
    return children.size() == 1 ? children.front()
                                : add({.kind = Kind::kChoice, .children = std::move(children)});
  }
  NodeId digits(char from, char to, std::uint32_t least, std::uint32_t most) {
    GrammarNode node = {.kind = Kind::kClass, .least = least, .most = most};
    for (char c = from; c <= to; ++c) node.bytes_of.set(static_cast<unsigned char>(c));
    return add(std::move(node));
  }
  NodeId constant(const Json& value) { return literal(value.dump()); }

  NodeId value(const Json& schema, const std::string& path) {
    if (!schema.is_object()) fail(path, "must be an object");
    refuse_unknown(schema, path);
    if (schema.contains("const")) return constant(schema["const"]);
    if (schema.contains("enum")) {
      std::vector<NodeId> values;
      const Json& list = schema["enum"];
      if (!list.is_array() || list.empty()) fail(path + "/enum", "must be a list of values");
      for (const Json& one : list) values.push_back(constant(one));
      return choice(std::move(values));
    }
    if (schema.contains("anyOf")) {
      const Json& list = schema["anyOf"];
      std::vector<NodeId> values;
      if (!list.is_array() || list.empty()) fail(path + "/anyOf", "must be a list of schemas");
      for (std::size_t i = 0; i < list.size(); ++i) {
        values.push_back(value(list[i], path + "/anyOf/" + std::to_string(i)));
      }
      return choice(std::move(values));
    }
    if (!schema.contains("type")) fail(path, "has no type");
    const Json& type = schema["type"];
    if (!type.is_array()) return of_type(type, schema, path);
    std::vector<NodeId> values;
    for (const Json& one : type) values.push_back(of_type(one, schema, path));
    if (values.empty()) fail(path + "/type", "must name a type");
    return choice(std::move(values));
  }

  static void refuse_unknown(const Json& schema, const std::string& path) {
    static const std::set<std::string> kKnown = {
        "type",    "properties", "required", "additionalProperties",
        "items",   "minItems",   "maxItems", "enum",
        "const",   "anyOf",      "title",    "minLength",
        "minimum", "maxLength",  "maximum",  "description",
        "$schema"};
    for (const auto& [key, ignored] : schema.items()) {
      if (!kKnown.contains(key)) fail(path + "/" + key, "is not supported");
    }
  }

  NodeId of_type(const Json& type, const Json& schema, const std::string& path) {
    const std::string name = type.is_string() ? type.get<std::string>() : "";
    if (name == "object") return object(schema, path);
    if (name == "array") return array(schema, path);
    if (name == "string") return string(schema, path);
    if (name == "integer") return number(schema, path, false);
    if (name == "number") return number(schema, path, true);
    if (name == "boolean") return choice({literal("true"), literal("false")});
    if (name == "null") return literal("null");
    fail(path + "/type", "must be object, array, string, integer, number, boolean or null");
  }

  /// A count that a schema bounds.
  static std::uint32_t count(const Json& schema, const char* key, std::uint32_t otherwise,
                             const std::string& path) {
    if (!schema.contains(key)) return otherwise;
    const Json& value = schema[key];
    // A number that was parsed is unsigned, one that a program put there often isn't.
    const bool whole = value.is_number_integer() && value.get<std::int64_t>() >= 0 &&
                       value.get<std::int64_t>() <= std::int64_t{kNoBound};
    if (!whole) fail(path + "/" + key, "must be a whole number up to 1000000");
    return value.get<std::uint32_t>();
  }

  NodeId string(const Json& schema, const std::string& path) {
    GrammarNode node = {.kind = Kind::kString};
    node.least = count(schema, "minLength", 0, path);
    node.most = count(schema, "maxLength", kNoBound, path);
    if (node.least > node.most) fail(path, "has minLength above maxLength");
    return sequence({literal("\""), add(std::move(node))});
  }

  NodeId array(const Json& schema, const std::string& path) {
    if (!schema.contains("items")) fail(path, "is an array without items");
    GrammarNode node = {.kind = Kind::kRepeat};
    node.least = count(schema, "minItems", 0, path);
    node.most = count(schema, "maxItems", kNoBound, path);
    if (node.least > node.most) fail(path, "has minItems above maxItems");
    node.children = {value(schema["items"], path + "/items"), literal(kBetween)};
    return sequence({literal("["), add(std::move(node)), literal("]")});
  }

  NodeId object(const Json& schema, const std::string& path) {
    if (schema.contains("additionalProperties") && schema["additionalProperties"] != false) {
      fail(path + "/additionalProperties", "must be false");
    }
    const Json properties = schema.contains("properties") ? schema["properties"] : Json::object();
    if (!properties.is_object()) fail(path + "/properties", "must be an object");
    std::set<std::string> required;
    if (schema.contains("required")) {
      for (const Json& name : schema["required"]) {
        if (!name.is_string() || !properties.contains(name.get<std::string>())) {
          fail(path + "/required", "must name properties");
        }
        required.insert(name.get<std::string>());
      }
    }
    std::vector<std::pair<std::string, NodeId>> members;
    for (const auto& [name, part] : properties.items()) {
      members.emplace_back(name, value(part, path + "/properties/" + name));
    }
    // From the last property to the first: what may follow when none, or some, came before.
    NodeId rest_at_first = literal("}");
    NodeId rest_later = rest_at_first;
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      const std::string key = Json(member->first).dump() + ": ";
      const NodeId first = sequence({literal(key), member->second, rest_later});
      const NodeId later = sequence({literal(kBetween + key), member->second, rest_later});
      const bool optional = !required.contains(member->first);
      rest_at_first = optional ? choice({first, rest_at_first}) : first;
      rest_later = optional ? choice({later, rest_later}) : later;
    }
    return sequence({literal("{"), rest_at_first});
  }

  static std::int64_t bound(const Json& schema, const char* key, std::int64_t otherwise,
                            const std::string& path) {
    if (!schema.contains(key)) return otherwise;
    const Json& value = schema[key];
    const double number = value.is_number() ? value.get<double>() : 0.5;
    if (number != std::floor(number) || std::abs(number) > static_cast<double>(kLargest)) {
      fail(path + "/" + key, "must be a whole number of at most 15 digits");
    }
    return static_cast<std::int64_t>(number);
  }

  NodeId number(const Json& schema, const std::string& path, bool with_fraction) {
    const std::int64_t least = bound(schema, "minimum", -kLargest, path);
    const std::int64_t most = bound(schema, "maximum", kLargest, path);
    if (least > most) fail(path, "has minimum above maximum");
    std::vector<NodeId> ways;
    add_range(ways, "", std::max<std::int64_t>(least, 0), most, false);
    add_range(ways, "-", std::max<std::int64_t>(-most, 1), -least, false);
    if (with_fraction) {
      // k.f lies between k and k + 1, both allowed.
      add_range(ways, "", std::max<std::int64_t>(least, 0), most - 1, true);
      add_range(ways, "-", std::max<std::int64_t>(-most, 0), -least - 1, true);
    }
    return choice(std::move(ways));
  }

  void add_range(std::vector<NodeId>& ways, const std::string& sign, std::int64_t low,
                 std::int64_t high, bool fraction) {
    if (low > high) return;
    std::vector<NodeId> parts;
    if (!sign.empty()) parts.push_back(literal(sign));
    std::vector<NodeId> lengths;
    const std::string first = std::to_string(low);
    const std::string last = std::to_string(high);
    for (std::size_t length = first.size(); length <= last.size(); ++length) {
      const std::string from = length == first.size() ? first : "1" + std::string(length - 1, '0');
      lengths.push_back(same_length(from, length == last.size() ? last : std::string(length, '9')));
    }
    parts.push_back(choice(std::move(lengths)));
    if (fraction) {
      parts.push_back(literal("."));
      parts.push_back(digits('0', '9', 1, kFractionDigits));
    }
    ways.push_back(sequence(std::move(parts)));
  }

  /// Whole numbers from `low` to `high`, which have as many digits.
  NodeId same_length(const std::string& low, const std::string& high) {
    const auto rest = static_cast<std::uint32_t>(low.size() - 1);
    const bool all = low.find_first_not_of('0', 1) == std::string::npos &&
                     high.find_first_not_of('9', 1) == std::string::npos;
    if (all || rest == 0) {
      const NodeId head = digits(low[0], high[0], 1, 1);
      return rest == 0 ? head : sequence({head, digits('0', '9', rest, rest)});
    }
    if (low[0] == high[0]) {
      return sequence({literal(low.substr(0, 1)), same_length(low.substr(1), high.substr(1))});
    }
    std::vector<NodeId> ways;
    ways.push_back(
        sequence({literal(low.substr(0, 1)), same_length(low.substr(1), std::string(rest, '9'))}));
    if (low[0] + 1 < high[0]) {
      ways.push_back(
          sequence({digits(static_cast<char>(low[0] + 1), static_cast<char>(high[0] - 1), 1, 1),
                    digits('0', '9', rest, rest)}));
    }
    ways.push_back(sequence(
        {literal(high.substr(0, 1)), same_length(std::string(rest, '0'), high.substr(1))}));
    return choice(std::move(ways));
  }

  JsonGrammar grammar_;
};

}  // namespace

JsonGrammar JsonGrammar::of(const nlohmann::ordered_json& schema) {
  return Builder().build(schema);
}

}  // namespace ditto::text
