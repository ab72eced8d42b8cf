#include "stages/native/prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"

namespace ditto::stages {
namespace {

/// The next "{name}" from `from` on: its place and the name; examples in JSON have none.
std::pair<std::size_t, std::string> next_name(const std::string& text, std::size_t from) {
  for (std::size_t at = text.find('{', from); at != std::string::npos;
       at = text.find('{', at + 1)) {
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at + 1);
    if (end != std::string::npos && text[end] == '}' && end > at + 1)
      return {at, text.substr(at + 1, end - at - 1)};
  }
  return {std::string::npos, ""};
}

}  // namespace

std::string stripped(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Prompts::Prompts(const std::string& stage, const std::string& key, const std::string& folder,
                 const Known& known) {
  for (const auto& [name, names] : known) {
    const std::filesystem::path file = std::filesystem::path(folder) / (name + ".txt");
    const auto fail = [&](const std::string& problem) {
      throw Error(ErrorKind::kUsage, fmt::format("{}: {} {}", key, printable(file), problem));
    };
    std::string text;
    if (folder.empty()) {
      text = embedded_prompts().at(stage + "/" + name);
    } else {
      const auto found = read_file_if_exists(file);
      if (!found) fail("doesn't exist");
      text = *found;
    }
    text = stripped(text);
    if (text.empty()) fail("is empty");
    for (auto [at, found] = next_name(text, 0); at != std::string::npos;
         std::tie(at, found) = next_name(text, at + 1)) {
      if (std::find(names.begin(), names.end(), found) == names.end()) {
        fail(fmt::format("has {{{}}}; it may have {}", found,
                         names.empty() ? "none" : fmt::format("{{{}}}", fmt::join(names, "}, {"))));
      }
    }
    texts_[name] = text;
  }
}

std::string Prompts::text(const std::string& name,
                          const std::map<std::string, std::string>& values) const {
  const std::string& text = texts_.at(name);
  std::string out;
  std::size_t from = 0;
  for (auto [at, found] = next_name(text, 0); at != std::string::npos;
       std::tie(at, found) = next_name(text, from)) {
    out += text.substr(from, at - from) + values.at(found);
    from = at + found.size() + 2;
  }
  return out + text.substr(from);
}

std::string Prompts::digest() const { return fingerprint(texts_); }

}  // namespace ditto::stages
