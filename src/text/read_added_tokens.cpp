#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "ditto/core/error.h"
#include "text/steps.h"
#include "text/tokenizer_files.h"

namespace ditto::text {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostIds = std::int64_t{1} << 24;

/// The config's names of special tokens, in the order in which the reference adds them.
constexpr const char* kNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                  "pad_token", "cls_token", "mask_token"};

// What rows are filled up with where the config names nothing.
constexpr const char* kQwenPad = "<|endoftext|>";
constexpr const char* kPad = "<pad>";

std::int64_t checked_id(std::int64_t id, const std::string& where) {
  if (id < 0 || id >= kMostIds) {
    throw Error(ErrorKind::kInput, fmt::format("{}: an added token has the id {}", where, id));
  }
  return id;
}

AddedToken read_token(const json& token, std::int64_t id, const std::string& where) {
  return {.id = checked_id(id, where),
          .content = text_of(token, "content", where),
          .single_word = flag_of(token, "single_word", false, where),
          .takes_left = flag_of(token, "lstrip", false, where),
          .takes_right = flag_of(token, "rstrip", false, where),
          .normalized = flag_of(token, "normalized", false, where),
          .special = flag_of(token, "special", false, where)};
}

std::vector<AddedToken> read_list(const json& list, const std::string& where) {
  std::vector<AddedToken> tokens;
  if (!list.is_array()) return tokens;
  for (const json& token : list) {
    const json& id = token.is_object() ? member(token, "id") : json();
    if (!id.is_number_unsigned()) {
      throw Error(ErrorKind::kInput, where + ": an entry of 'added_tokens' has no id");
    }
    tokens.push_back(read_token(token, id.get<std::int64_t>(), where));
  }
  return tokens;
}

/// {"151643": {"content": ...}, ...}
std::vector<AddedToken> read_decoder(const json& decoder, const std::string& where) {
  std::vector<AddedToken> tokens;
  for (const auto& [key, token] : decoder.items()) {
    std::int64_t id = 0;
    const char* end = key.data() + key.size();
    if (std::from_chars(key.data(), end, id).ptr != end || key.empty() || !token.is_object()) {
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: '{}' of 'added_tokens_decoder' is no token", where, key));
    }
    tokens.push_back(read_token(token, id, where));
  }
  std::sort(tokens.begin(), tokens.end(),
            [](const AddedToken& a, const AddedToken& b) { return a.id < b.id; });
  return tokens;
}

/// {"<tool_call>": 151657, ...}, the older file; a token that isn't special is looked for in the
/// normalised text.
std::vector<AddedToken> read_added_file(const std::filesystem::path& path,
                                        const std::vector<std::string>& special) {
  std::vector<AddedToken> tokens;
  if (!std::filesystem::exists(path)) return tokens;
  const std::string where = path.filename().string();
  const json added = read_json_object(path);
  for (const auto& [content, id] : added.items()) {
    if (!id.is_number_unsigned()) {
      throw Error(ErrorKind::kInput, fmt::format("{}: '{}' has no id", where, content));
    }
    const bool is_special = std::find(special.begin(), special.end(), content) != special.end();
    tokens.push_back({.id = checked_id(id.get<std::int64_t>(), where),
                      .content = content,
                      .normalized = !is_special,
                      .special = is_special});
  }
  return tokens;
}

std::optional<std::string> content_of(const json& token) {
  if (token.is_string()) return token.get<std::string>();
  if (token.is_object() && member(token, "content").is_string()) {
    return member(token, "content").get<std::string>();
  }
  return std::nullopt;
}

/// The contents of all special tokens that the config names.
std::vector<std::string> special_names(const json& config) {
  std::vector<std::string> names;
  const auto add = [&](const json& token) {
    if (auto content = content_of(token)) names.push_back(std::move(*content));
  };
  for (const char* key : kNames) add(member(config, key));
  for (const auto& [key, token] : config.items()) {
    if (key.ends_with("_token")) add(token);
  }
  const json& extra = member(config, "extra_special_tokens");
  const json& list = extra.empty() ? member(config, "additional_special_tokens") : extra;
  for (const json& token : list) add(token);
  return names;
}

}  // namespace

AddedTokens read_added(const json& list, const std::string& where) {
  AddedTokens added;
  for (AddedToken& token : read_list(list, where)) added.add(std::move(token));
  return added;
}

AddedTokens read_added(const std::filesystem::path& directory, const json& given, const json& list,
                       const Bpe& model, const std::string& where,
                       std::optional<std::int64_t>& pad) {
  json config = given;
  std::vector<AddedToken> tokens;
  if (config.contains("added_tokens_decoder")) {
    tokens = read_decoder(member(config, "added_tokens_decoder"), where);
  } else {
    const std::filesystem::path map = directory / "special_tokens_map.json";
    if (std::filesystem::exists(map)) config.update(read_json_object(map));
    tokens = read_list(list, where);
    for (AddedToken& token :
         read_added_file(directory / "added_tokens.json", special_names(config))) {
      tokens.push_back(std::move(token));
    }
  }
  // Qwen2Tokenizer's own names, where the config has none.
  if (is_qwen2(config)) {
    for (const char* key : {"eos_token", "unk_token", "pad_token"}) {
      if (!config.contains(key)) config[key] = kQwenPad;
    }
  }
  std::int64_t next = static_cast<std::int64_t>(model.size());
  for (const AddedToken& token : tokens) next = std::max(next, token.id + 1);
  for (const std::string& content : special_names(config)) {
    const auto known = std::find_if(tokens.begin(), tokens.end(), [&](const AddedToken& token) {
      return token.content == content;
    });
    if (known != tokens.end()) {
      known->special = true;
      continue;
    }
    const auto id = model.id(content);
    tokens.push_back({.id = id ? *id : next++, .content = content, .special = true});
  }
  AddedTokens added;
  for (AddedToken& token : tokens) added.add(std::move(token));
  for (const auto& name :
       {content_of(member(config, "pad_token")), std::optional<std::string>(kQwenPad),
        std::optional<std::string>(kPad)}) {
    const AddedToken* token = name ? added.find(*name) : nullptr;
    if (token != nullptr && !pad) pad = token->id;
  }
  return added;
}

}  // namespace ditto::text
