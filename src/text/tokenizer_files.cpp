#include "text/tokenizer_files.h"

#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::text {

using nlohmann::json;

json read_json_object(const std::filesystem::path& path) {
  json object = json::parse(read_file(path), nullptr, false);
  if (!object.is_object()) {
    throw Error(ErrorKind::kInput, printable(path) + ": this is no JSON object");
  }
  return object;
}

json read_tokenizer_config(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "tokenizer_config.json";
  return std::filesystem::exists(path) ? read_json_object(path) : json::object();
}

const json& member(const json& object, const char* key) {
  static const json absent;
  const auto found = object.find(key);
  return found == object.end() ? absent : *found;
}

std::optional<std::string> special_token(const json& config, const char* key) {
  const auto found = config.find(key);
  if (found == config.end()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (found->is_object() && found->contains("content") && found->at("content").is_string()) {
    return found->at("content").get<std::string>();
  }
  return std::nullopt;
}

bool is_t5(const json& config) {
  const auto name = config.find("tokenizer_class");
  return name != config.end() && (*name == "T5Tokenizer" || *name == "T5TokenizerFast");
}

json t5_decoder() {
  return {{"type", "Metaspace"}, {"replacement", "\u2581"}, {"prepend_scheme", "always"}};
}

json t5_pre_tokenizer() {
  return {{"type", "Sequence"},
          {"pretokenizers", json::array({json{{"type", "WhitespaceSplit"}}, t5_decoder()})}};
}

bool is_qwen2(const json& config) {
  const json& name = member(config, "tokenizer_class");
  return name == "Qwen2Tokenizer" || name == "Qwen2TokenizerFast";
}

json qwen2_normalizer() { return {{"type", "NFC"}}; }

json qwen2_pre_tokenizer() {
  constexpr const char* kWords =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
      R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
  const json split = {
      {"type", "Split"}, {"pattern", {{"Regex", kWords}}}, {"behavior", "Isolated"}};
  const json bytes = {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}};
  return {{"type", "Sequence"}, {"pretokenizers", json::array({split, bytes})}};
}

}  // namespace ditto::text
