#include "ditto/models/config.h"

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/json.h"

namespace ditto::models {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestBrief = 60;

std::optional<std::int64_t> as_integer(const Json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::numeric_limits<std::int64_t>::max();
  }
  return value.get<std::int64_t>();
}

std::string range_text(std::int64_t least, std::int64_t most) {
  return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

/// A value for messages, cut short.
std::string brief(const Json& value) {
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() <= kLongestBrief) return text;
  text.resize(kLongestBrief);
  text += "...";
  return text;
}

}  // namespace

ModelConfig::ModelConfig(nlohmann::json values, std::string file)
    : values_(std::move(values)), file_(std::move(file)) {
  if (!values_.is_object()) throw Error(ErrorKind::kInput, file_ + " is no JSON object");
}

ModelConfig ModelConfig::read(const std::filesystem::path& path) {
  return {read_json(path), printable(path)};
}

std::string ModelConfig::class_name() const {
  if (has("_class_name")) return text("_class_name");
  const Json* list = find("architectures", false);
  if (list != nullptr && list->is_array() && !list->empty() && list->front().is_string()) {
    return list->front().get<std::string>();
  }
  throw Error(ErrorKind::kInput, file_ + " names no class: neither _class_name nor architectures");
}

void ModelConfig::fail(const std::string& key, const std::string& problem) const {
  throw Error(ErrorKind::kInput, file_ + ": " + key + " " + problem);
}

const Json* ModelConfig::find(const std::string& key, bool required) const {
  const auto found = values_.find(key);
  if (found != values_.end() && !found->is_null()) return &*found;
  if (required) fail(key, "is missing");
  return nullptr;
}

bool ModelConfig::has(const std::string& key) const { return find(key, false) != nullptr; }

std::int64_t ModelConfig::integer(const std::string& key, std::optional<std::int64_t> otherwise,
                                  std::int64_t least, std::int64_t most) const {
  const Json* value = find(key, !otherwise);
  if (value == nullptr) return *otherwise;
  const auto number = as_integer(*value);
  if (!number || *number < least || *number > most) {
    fail(key, "is " + brief(*value) + "; it must be " + range_text(least, most));
  }
  return *number;
}

std::vector<std::int64_t> ModelConfig::integers(const std::string& key,
                                                std::optional<std::vector<std::int64_t>> otherwise,
                                                std::int64_t least, std::int64_t most) const {
  const Json* value = find(key, !otherwise);
  if (value == nullptr) return *otherwise;
  if (!value->is_array()) fail(key, "must be a list");
  std::vector<std::int64_t> numbers;
  for (const Json& element : *value) {
    const auto number = as_integer(element);
    if (!number || *number < least || *number > most) {
      fail(key, "holds " + brief(element) + "; it must hold " + range_text(least, most));
    }
    numbers.push_back(*number);
  }
  return numbers;
}

double ModelConfig::number(const std::string& key, std::optional<double> otherwise) const {
  const Json* value = find(key, !otherwise);
  if (value == nullptr) return *otherwise;
  if (!value->is_number()) fail(key, "is " + brief(*value) + "; it must be a number");
  return value->get<double>();
}

std::vector<double> ModelConfig::numbers(const std::string& key,
                                         std::optional<std::vector<double>> otherwise) const {
  const Json* value = find(key, !otherwise);
  if (value == nullptr) return *otherwise;
  if (!value->is_array()) fail(key, "must be a list");
  std::vector<double> all;
  for (const Json& element : *value) {
    if (!element.is_number()) fail(key, "holds " + brief(element) + "; it must hold numbers");
    all.push_back(element.get<double>());
  }
  return all;
}

bool ModelConfig::flag(const std::string& key, std::optional<bool> otherwise) const {
  const Json* value = find(key, !otherwise);
  if (value == nullptr) return *otherwise;
  if (!value->is_boolean()) fail(key, "is " + brief(*value) + "; it must be true or false");
  return value->get<bool>();
}

std::vector<bool> ModelConfig::flags(const std::string& key,
                                     std::optional<std::vector<bool>> otherwise) const {
  const Json* value = find(key, !otherwise);
  if (value == nullptr) return *otherwise;
  if (!value->is_array()) fail(key, "must be a list");
  std::vector<bool> all;
  for (const Json& element : *value) {
    if (!element.is_boolean()) fail(key, "holds " + brief(element) + "; it must hold true, false");
    all.push_back(element.get<bool>());
  }
  return all;
}

std::string ModelConfig::text(const std::string& key, std::optional<std::string> otherwise) const {
  const Json* value = find(key, !otherwise);
  if (value == nullptr) return *otherwise;
  if (!value->is_string()) fail(key, "is " + brief(*value) + "; it must be a string");
  return value->get<std::string>();
}

ModelConfig ModelConfig::part(const std::string& key) const {
  const Json* value = find(key, true);
  if (!value->is_object()) fail(key, "must be an object");
  return {*value, file_ + ": " + key};
}

}  // namespace ditto::models
