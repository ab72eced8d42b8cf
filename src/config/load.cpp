#include "ditto/config/load.h"

#include "config/document.h"
#include "config/keys.h"
#include "ditto/core/error.h"
#include "ditto/core/nearest.h"

namespace ditto::config {
namespace {

using Json = nlohmann::ordered_json;

std::string did_you_mean(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 3;
  if (names.empty() || names.size() > kMost) return {};
  return "; did you mean " + any_of(names) + "?";
}

/// Applies values to the fields of one Config and collects every problem.
class Loader {
 public:
  Loader(Config& config, std::vector<std::string>& problems)
      : sections_(sections_of(config)), problems_(problems) {}

  void apply(const Document& document) {
    for (const auto& [name, values] : document.values.items()) {
      const Section* section = find_section(name);
      if (section == nullptr) {
        unknown_section(document.name, name);
      } else if (!values.is_object()) {
        report(document.name, name, "expected an object of keys, found " + shown(values));
      } else {
        for (const auto& [key_name, value] : values.items()) {
          if (const Key* key = find_key(document.name, *section, key_name)) {
            report(document.name, key->path(), assign(*key, value));
          }
        }
      }
    }
  }

  /// "section.key=value"
  void apply_set(const std::string& text) {
    const std::string origin = "--set";
    const std::size_t equals = text.find('=');
    const std::size_t dot = text.find('.');
    if (equals == std::string::npos || dot == std::string::npos || dot > equals) {
      problems_.push_back(
          fmt::format("{}: expected SECTION.KEY=VALUE such as clip.fps=24, found {}", origin,
                      shown(Json(text))));
      return;
    }
    const std::string section_name = text.substr(0, dot);
    const std::string key_name = text.substr(dot + 1, equals - dot - 1);
    const Section* section = find_section(section_name);
    if (section == nullptr) {
      unknown_section(origin, section_name);
    } else if (const Key* key = find_key(origin, *section, key_name)) {
      report(origin, key->path(),
             assign(*key, value_from_command_line(*key, text.substr(equals + 1))));
    }
  }

 private:
  static Json value_from_command_line(const Key& key, const std::string& text) {
    Json parsed = [&]() -> Json {
      try {
        return Json::parse(text);
      } catch (const nlohmann::json::exception&) {
        return text;
      }
    }();
    switch (key.kind) {
      case Key::Kind::kText:
      case Key::Kind::kChoice:
      case Key::Kind::kDuration:
        return parsed.is_string() ? parsed : Json(text);
      case Key::Kind::kTexts:
        if (parsed.is_array()) return parsed;
        return Json::array({parsed.is_string() ? parsed : Json(text)});
      case Key::Kind::kInteger:
      case Key::Kind::kNumber:
      case Key::Kind::kFlag:
        return parsed;
    }
    return parsed;
  }

  const Section* find_section(const std::string& name) const {
    const auto found = std::find_if(sections_.begin(), sections_.end(),
                                    [&](const Section& s) { return s.name == name; });
    return found == sections_.end() ? nullptr : &*found;
  }

  const Key* find_key(const std::string& origin, const Section& section, const std::string& name) {
    std::vector<std::string> names;
    for (const Key& key : section.keys) {
      if (key.name == name) return &key;
      names.push_back(key.name);
    }
    std::vector<std::string> meant = paths_of(name);
    if (meant.empty()) {
      const std::string near_name = nearest(name, names);
      meant = near_name.empty() ? paths_of(nearest(name, all_key_names()))
                                : std::vector<std::string>{section.name + "." + near_name};
    }
    report(origin, section.name + "." + name,
           "expected a key of this section, found an unknown one" + did_you_mean(meant));
    return nullptr;
  }

  void unknown_section(const std::string& origin, const std::string& name) {
    std::vector<std::string> names;
    for (const Section& section : sections_) names.push_back(section.name);
    std::vector<std::string> meant;
    if (const std::string section = nearest(name, names); !section.empty()) meant = {section};
    // A key written without its section.
    if (meant.empty()) meant = paths_of(name);
    if (meant.empty()) meant = paths_of(nearest(name, all_key_names()));
    report(origin, name,
           fmt::format("expected a section ({}), found an unknown one{}", any_of(names),
                       did_you_mean(meant)));
  }

  /// Every section's key of this name.
  std::vector<std::string> paths_of(const std::string& key_name) const {
    std::vector<std::string> paths;
    for (const Section& section : sections_) {
      for (const Key& key : section.keys) {
        if (key.name == key_name) paths.push_back(key.path());
      }
    }
    return paths;
  }

  std::vector<std::string> all_key_names() const {
    std::vector<std::string> names;
    for (const Section& section : sections_) {
      for (const Key& key : section.keys) names.push_back(key.name);
    }
    return names;
  }

  void report(const std::string& origin, const std::string& path, const std::string& problem) {
    if (!problem.empty()) problems_.push_back(fmt::format("{}: {}: {}", origin, path, problem));
  }

  std::vector<Section> sections_;
  std::vector<std::string>& problems_;
};

Config resolve(const std::vector<Document>& documents, std::vector<std::string> problems,
               const Overrides& overrides) {
  Config config;
  Loader loader(config, problems);
  for (const Document& document : documents) loader.apply(document);
  for (const std::string& text : overrides.set) loader.apply_set(text);
  if (!overrides.inputs.empty()) config.sources.input = overrides.inputs;
  if (!overrides.output.empty()) config.output.dir = overrides.output;
  if (!problems.empty())
    throw Error(ErrorKind::kUsage, fmt::format("{}", fmt::join(problems, "\n")));
  return config;
}

}  // namespace

Config load(const std::filesystem::path& path, const Overrides& overrides) {
  std::vector<std::string> problems;
  const std::vector<Document> documents = read_documents(path, problems);
  return resolve(documents, std::move(problems), overrides);
}

Config parse(const std::string& text, const std::string& name, const Overrides& overrides) {
  std::vector<std::string> problems;
  const std::vector<Document> documents = parse_documents(text, name, problems);
  return resolve(documents, std::move(problems), overrides);
}

}  // namespace ditto::config
