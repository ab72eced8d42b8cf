#include "config/keys.h"

#include "ditto/config/load.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/nearest.h"

namespace ditto::config {
namespace {

/// The visitor of sections.h that turns each key into a value.
class KeyCollector {
 public:
  explicit KeyCollector(Section& section) : section_(section) {}

  template <class Integer>
  void integer(const char* name, Integer& field, std::int64_t minimum, std::int64_t maximum,
               const char* doc, Effect effect = Effect::kResult) {
    Key& key = add(name, Key::Kind::kInteger, &field, doc, effect);
    // Exact: no limit is beyond 2^53.
    key.minimum = static_cast<double>(minimum);
    key.maximum = static_cast<double>(maximum);
  }
  void even(const char* name, int& field, int minimum, int maximum, const char* doc,
            Effect effect = Effect::kResult) {
    integer(name, field, minimum, maximum, doc, effect);
    section_.keys.back().even = true;
  }
  void number(const char* name, double& field, double minimum, double maximum, const char* doc,
              Effect effect = Effect::kResult) {
    Key& key = add(name, Key::Kind::kNumber, &field, doc, effect);
    key.minimum = minimum;
    key.maximum = maximum;
  }
  void choice(const char* name, std::string& field, std::vector<std::string> values,
              const char* doc, Effect effect = Effect::kResult) {
    add(name, Key::Kind::kChoice, &field, doc, effect).choices = std::move(values);
  }
  void text(const char* name, std::string& field, const char* doc,
            Effect effect = Effect::kResult) {
    add(name, Key::Kind::kText, &field, doc, effect);
  }
  void duration(const char* name, std::string& field, const char* doc,
                Effect effect = Effect::kResult) {
    add(name, Key::Kind::kDuration, &field, doc, effect);
  }
  void texts(const char* name, std::vector<std::string>& field, const char* doc,
             Effect effect = Effect::kResult) {
    add(name, Key::Kind::kTexts, &field, doc, effect);
  }
  void flag(const char* name, bool& field, const char* doc, Effect effect = Effect::kResult) {
    add(name, Key::Kind::kFlag, &field, doc, effect);
  }

 private:
  Key& add(const char* name, Key::Kind kind, Key::Field field, const char* doc, Effect effect) {
    section_.keys.push_back({.section = section_.name,
                             .name = name,
                             .kind = kind,
                             .field = field,
                             .doc = doc,
                             .effect = effect,
                             .choices = {}});
    return section_.keys.back();
  }
  Section& section_;
};

std::string number_text(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? fmt::format("{:.0f}", value)
                                                              : fmt::format("{}", value);
}

std::string wrong(const Key& key, const nlohmann::ordered_json& value) {
  return fmt::format("expected {}, found {}", expectation(key), shown(value));
}

std::string assign_number(const Key& key, const nlohmann::ordered_json& value) {
  if (!value.is_number()) return wrong(key, value);
  const double number = value.get<double>();
  const bool whole = number == std::floor(number);
  // Not a comparison with < and >, which NaN would pass.
  if (!(number >= key.minimum && number <= key.maximum)) return wrong(key, value);
  if (key.kind == Key::Kind::kInteger && !whole) return wrong(key, value);
  if (key.even && std::fmod(number, 2) != 0) return wrong(key, value);
  if (auto* const* field = std::get_if<int*>(&key.field)) **field = static_cast<int>(number);
  if (auto* const* field = std::get_if<std::uint64_t*>(&key.field)) {
    **field = static_cast<std::uint64_t>(number);
  }
  if (auto* const* field = std::get_if<double*>(&key.field)) **field = number;
  return {};
}

std::string assign_choice(const Key& key, const nlohmann::ordered_json& value) {
  if (!value.is_string()) return wrong(key, value);
  const auto& text = value.get_ref<const std::string&>();
  if (std::find(key.choices.begin(), key.choices.end(), text) == key.choices.end()) {
    // The word is the paper's stack in profiles; it deserves more than "unknown".
    if (key.name == "backend" && text == "native") {
      return fmt::format(
          "expected {}, found \"native\": the published models are not in this build, which has "
          "only {} for "
          "the {} stage",
          expectation(key), any_of(key.choices), key.section);
    }
    const std::string meant = nearest(text, key.choices);
    return wrong(key, value) + (meant.empty() ? "" : "; did you mean " + meant + "?");
  }
  *std::get<std::string*>(key.field) = text;
  return {};
}

std::string assign_duration(const Key& key, const nlohmann::ordered_json& value) {
  if (!value.is_string()) return wrong(key, value);
  const auto& text = value.get_ref<const std::string&>();
  if (!text.empty()) {
    try {
      parse_duration(text);
    } catch (const Error&) {
      return wrong(key, value);
    }
  }
  *std::get<std::string*>(key.field) = text;
  return {};
}

/// No name of a file can hold a NUL.
bool is_text(const nlohmann::ordered_json& value) {
  return value.is_string() && value.get_ref<const std::string&>().find('\0') == std::string::npos;
}

std::string assign_texts(const Key& key, const nlohmann::ordered_json& value) {
  if (!value.is_array()) {
    return wrong(key, value) +
           (value.is_string() ? fmt::format("; did you mean [{}]?", shown(value)) : "");
  }
  if (!std::all_of(value.begin(), value.end(), is_text)) return wrong(key, value);
  *std::get<std::vector<std::string>*>(key.field) = value.get<std::vector<std::string>>();
  return {};
}

/// Names of files may hold any bytes; JSON only UTF-8.
std::string valid_utf8(const std::string& text) {
  try {
    static_cast<void>(nlohmann::json(text).dump());
    return text;
  } catch (const nlohmann::json::type_error&) {
    return printable(text);
  }
}

}  // namespace

std::vector<Section> sections_of(Config& config) {
  std::vector<Section> sections;
  for_each_section(config, [&](const char* name, auto& fields, const char* doc) {
    sections.push_back({.name = name, .doc = doc, .keys = {}});
    KeyCollector collector(sections.back());
    describe(collector, fields);
  });
  return sections;
}

std::string any_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += names[i];
  }
  return text;
}

std::string expectation(const Key& key) {
  const auto range = [&] {
    return fmt::format("from {} to {}", number_text(key.minimum), number_text(key.maximum));
  };
  switch (key.kind) {
    case Key::Kind::kInteger:
      return fmt::format("{} {}", key.even ? "an even whole number" : "a whole number", range());
    case Key::Kind::kNumber:
      return "a number " + range();
    case Key::Kind::kChoice:
      return any_of(key.choices);
    case Key::Kind::kText:
      return "a text";
    case Key::Kind::kTexts:
      return "a list of texts";
    case Key::Kind::kFlag:
      return "true or false";
    case Key::Kind::kDuration:
      return "a duration such as \"90s\", \"45m\", \"3h\" or \"1:30:00\"";
  }
  return {};
}

std::string shown(const nlohmann::ordered_json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  constexpr std::size_t kLongest = 80;
  if (text.size() > kLongest) {
    std::size_t end = kLongest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
      --end;  // whole characters
    text = text.substr(0, end) + "...";
  }
  return text;
}

nlohmann::ordered_json value_of(const Key& key) {
  return std::visit(
      [](const auto* field) -> nlohmann::ordered_json {
        using T = std::remove_cvref_t<decltype(*field)>;
        if constexpr (std::is_same_v<T, double>) {
          constexpr double kExact = 9007199254740992.0;  // 2^53
          if (*field == std::floor(*field) && std::abs(*field) < kExact)
            return static_cast<std::int64_t>(*field);
          return *field;
        } else if constexpr (std::is_same_v<T, std::string>) {
          return valid_utf8(*field);
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          auto list = nlohmann::ordered_json::array();
          for (const std::string& text : *field) list.push_back(valid_utf8(text));
          return list;
        } else {
          return *field;
        }
      },
      key.field);
}

std::string range_of(const Key& key) {
  switch (key.kind) {
    case Key::Kind::kInteger:
    case Key::Kind::kNumber:
      return fmt::format("{} to {}{}", number_text(key.minimum), number_text(key.maximum),
                         key.even ? ", even" : "");
    case Key::Kind::kChoice:
      return any_of(key.choices);
    case Key::Kind::kFlag:
      return "true or false";
    case Key::Kind::kText:
    case Key::Kind::kTexts:
    case Key::Kind::kDuration:
      return {};
  }
  return {};
}

std::string assign(const Key& key, const nlohmann::ordered_json& value) {
  switch (key.kind) {
    case Key::Kind::kInteger:
    case Key::Kind::kNumber:
      return assign_number(key, value);
    case Key::Kind::kChoice:
      return assign_choice(key, value);
    case Key::Kind::kDuration:
      return assign_duration(key, value);
    case Key::Kind::kTexts:
      return assign_texts(key, value);
    case Key::Kind::kText:
      if (!is_text(value)) return wrong(key, value);
      *std::get<std::string*>(key.field) = value.get<std::string>();
      return {};
    case Key::Kind::kFlag:
      if (!value.is_boolean()) return wrong(key, value);
      *std::get<bool*>(key.field) = value.get<bool>();
      return {};
  }
  return {};
}

}  // namespace ditto::config
