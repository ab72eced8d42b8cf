#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace ditto::text {

inline constexpr const char* kTokenizerJson = "tokenizer.json";
inline constexpr const char* kSentencePiece = "spiece.model";

/// A JSON file as an object. Throws Error(kInput) naming it.
nlohmann::json read_json_object(const std::filesystem::path& path);

/// tokenizer_config.json, or an empty object when there is none.
nlohmann::json read_tokenizer_config(const std::filesystem::path& directory);

/// A special token of the config ("pad_token"): a string, or an object with its content.
std::optional<std::string> special_token(const nlohmann::json& config, const char* key);

/// True for T5Tokenizer, whose steps transformers 5 sets up itself, whatever tokenizer.json says
/// (models/t5/tokenization_t5.py): the character map, words at white space, each with U+2581.
bool is_t5(const nlohmann::json& config);
nlohmann::json t5_pre_tokenizer();
nlohmann::json t5_decoder();

}  // namespace ditto::text
