#include "config/document.h"

#include <cctype>

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::config {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// "LINE:COLUMN" of a byte; columns count characters.
std::string position_of(const std::string& text, std::size_t byte) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < std::min(byte, text.size()); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) {
      ++column;
    }
  }
  return fmt::format("{}:{}", line, column);
}

/// "LINE:COLUMN: what the parser says", with a hint for the usual slips.
std::string syntax_problem(const std::string& text, const nlohmann::json::parse_error& error) {
  std::string message = error.what();
  if (const auto dash = message.find(" - "); dash != std::string::npos) {
    message = message.substr(dash + 3);
  }
  // The parser points to the last byte that it has read; a word is better pointed to at its start.
  std::size_t at = std::min(error.byte == 0 ? 0 : error.byte - 1, text.size());
  if (!message.starts_with("invalid string")) {
    const auto of_word = [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '-' || c == '.';
    };
    while (at > 0 && at < text.size() && of_word(text[at]) && of_word(text[at - 1])) --at;
  }
  const std::string_view rest = std::string_view(text).substr(at);
  const auto before = at == 0 ? std::string::npos : text.find_last_not_of(" \t\r\n", at - 1);
  if ((rest.starts_with('}') || rest.starts_with(']')) && before != std::string::npos &&
      text[before] == ',') {
    message += " (the comma before it is one too many)";
  }
  for (const char* word : {"NaN", "nan", "-NaN", "-nan", "Inf", "inf", "-Inf", "-inf"}) {
    if (rest.starts_with(word)) message += " (NaN and Infinity are no JSON numbers)";
  }
  if (rest.starts_with('\'')) message += " (JSON texts are in double quotes)";
  return position_of(text, at) + ": " + message;
}

/// Notes every key that comes twice in one object, which JSON parsers resolve silently.
class DuplicateKeys {
 public:
  bool operator()(int, Json::parse_event_t event, Json& value) {
    switch (event) {
      case Json::parse_event_t::object_start:
        objects_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
        objects_.pop_back();
        break;
      case Json::parse_event_t::key: {
        auto& [seen, current] = objects_.back();
        current = value.get<std::string>();
        if (!seen.insert(current).second) found.push_back(path());
        break;
      }
      default:
        break;
    }
    return true;
  }
  std::vector<std::string> found;

 private:
  std::string path() const {
    std::string text;
    for (const auto& [seen, current] : objects_) text += (text.empty() ? "" : ".") + current;
    return text;
  }
  struct Object {
    std::set<std::string> seen;
    std::string current;
  };
  std::vector<Object> objects_;
};

std::optional<Json> parse_json(const std::string& text, const std::string& name,
                               std::vector<std::string>& problems) {
  try {
    DuplicateKeys duplicates;
    Json value = Json::parse(text, std::ref(duplicates), true, /*ignore_comments=*/true);
    for (const std::string& path : duplicates.found) {
      problems.push_back(fmt::format("{}: {}: expected each key once, found it again", name, path));
    }
    if (!value.is_object()) {
      problems.push_back(
          fmt::format("{}: expected an object of sections, found {}", name, value.type_name()));
      return std::nullopt;
    }
    return value;
  } catch (const nlohmann::json::parse_error& error) {
    problems.push_back(name + ":" + syntax_problem(text, error));
  } catch (const nlohmann::json::out_of_range& error) {
    // The one such fault in parsing: "number overflow parsing '1e999'".
    std::string message = error.what();
    if (const auto end = message.find("] "); end != std::string::npos)
      message = message.substr(end + 2);
    problems.push_back(fmt::format("{}: {}", name, message));
  }
  return std::nullopt;
}

std::optional<std::string> read_text(const fs::path& path, std::string& problem) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    problem = "expected a JSON file, found a directory";
    return std::nullopt;
  }
  try {
    return read_file(path);
  } catch (const Error& e) {
    const std::string prefix = printable(path) + ": ";
    problem = e.what();
    if (problem.starts_with(prefix)) problem = problem.substr(prefix.size());
    return std::nullopt;
  }
}

class Reader {
 public:
  explicit Reader(std::vector<std::string>& problems) : problems_(problems) {}

  void add_text(const std::string& text, const std::string& name, const fs::path& folder) {
    auto values = parse_json(text, name, problems_);
    if (!values) return;
    if (values->contains("extends")) add_base((*values)["extends"], name, folder);
    values->erase("extends");
    values->erase("$schema");
    documents.push_back({name, std::move(*values)});
  }

  /// `mention` begins the message when the file can't be read.
  void add_file(const fs::path& path, const std::string& mention) {
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(path, error);
    chain_.push_back({error ? path : canonical, printable(path)});
    std::string problem;
    if (const auto text = read_text(path, problem)) {
      add_text(*text, printable(path), path.parent_path());
    } else {
      problems_.push_back(mention + problem);
    }
    chain_.pop_back();
  }

  std::vector<Document> documents;

 private:
  void add_base(const Json& value, const std::string& name, const fs::path& folder) {
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
      problems_.push_back(fmt::format("{}: extends: expected the name of a config file, found {}",
                                      name, value.dump()));
      return;
    }
    const fs::path base = folder / value.get<std::string>();
    std::error_code error;
    const fs::path canonical = fs::weakly_canonical(base, error);
    const auto same = [&](const auto& link) { return link.first == canonical; };
    if (const auto first = std::find_if(chain_.begin(), chain_.end(), same);
        first != chain_.end()) {
      std::string cycle;
      for (auto link = first; link != chain_.end(); ++link) cycle += link->second + " -> ";
      problems_.push_back(
          fmt::format("{}: extends: expected a file that doesn't lead back, found {}{}", name,
                      cycle, first->second));
      return;
    }
    add_file(base, fmt::format("{}: extends: {}: ", name, printable(base)));
  }

  std::vector<std::string>& problems_;
  std::vector<std::pair<fs::path, std::string>> chain_;  ///< files being read: canonical, as named
};

}  // namespace

std::vector<Document> read_documents(const fs::path& path, std::vector<std::string>& problems) {
  Reader reader(problems);
  reader.add_file(path, printable(path) + ": ");
  return std::move(reader.documents);
}

std::vector<Document> parse_documents(const std::string& text, const std::string& name,
                                      std::vector<std::string>& problems) {
  Reader reader(problems);
  reader.add_text(text, name, fs::path(name).parent_path());
  return std::move(reader.documents);
}

}  // namespace ditto::config
