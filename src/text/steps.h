#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "text/pattern.h"

/// The steps of a tokenizer.json as functions on text, made from their JSON objects. All throw
/// Error(kInput), prefixed with `where`, for a step or an option that isn't supported.
namespace ditto::text {

using Normalizer = std::function<std::string(std::string)>;
/// `first`: the part is at the start of the whole text.
using PreTokenizer = std::function<std::vector<std::string>(std::string part, bool first)>;
/// Tokens to the parts of a text.
using Decoder = std::function<std::vector<std::string>(std::vector<std::string>)>;

/// Of null: one that changes nothing.
Normalizer make_normalizer(const nlohmann::json& step, const std::string& where);
PreTokenizer make_pre_tokenizer(const nlohmann::json& step, const std::string& where);
Decoder make_decoder(const nlohmann::json& step, const std::string& where);

/// The member `pattern`: {"String": ...} or {"Regex": ...}.
Pattern pattern_of(const nlohmann::json& step, const std::string& where);
/// The JSON's list or throws.
const nlohmann::json& list_of(const nlohmann::json& step, const char* key,
                              const std::string& where);
/// The JSON's string or throws. For keys whose default is `otherwise`.
std::string text_of(const nlohmann::json& step, const char* key, const std::string& where);
bool flag_of(const nlohmann::json& step, const char* key, bool otherwise, const std::string& where);

}  // namespace ditto::text
