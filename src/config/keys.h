#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "ditto/config/sections.h"

namespace ditto::config {

/// One key of the schema, bound to the field of one Config.
struct Key {
  enum class Kind { kInteger, kNumber, kChoice, kText, kTexts, kFlag, kDuration };
  using Field =
      std::variant<int*, std::uint64_t*, double*, std::string*, std::vector<std::string>*, bool*>;

  std::string section;
  std::string name;
  Kind kind;
  Field field;
  std::string doc;
  Effect effect;
  double minimum = 0;  ///< with `maximum`, of integers and numbers
  double maximum = 0;
  bool even = false;
  std::vector<std::string> choices;

  std::string path() const { return section + "." + name; }
};

struct Section {
  std::string name;
  std::string doc;
  std::vector<Key> keys;
};

/// The whole schema over the fields of `config`, which must outlive it.
std::vector<Section> sections_of(Config& config);

/// "a whole number from 5 to 1001", "source or fixed".
std::string expectation(const Key& key);
/// A value as messages show it: short, on one line.
std::string shown(const nlohmann::ordered_json& value);
/// "a, b or c".
std::string any_of(const std::vector<std::string>& names);
/// The field's value; doubles that are whole numbers without a fraction.
nlohmann::ordered_json value_of(const Key& key);
/// The range or the choices as documentation shows them; empty when everything goes.
std::string range_of(const Key& key);

/// Puts `value` into the field. Returns what is wrong ("expected ..., found ..."), or nothing.
std::string assign(const Key& key, const nlohmann::ordered_json& value);

}  // namespace ditto::config
