#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "text/added_tokens.h"
#include "text/bpe.h"

namespace ditto::text {

inline constexpr const char* kTokenizerJson = "tokenizer.json";
inline constexpr const char* kVocabulary = "vocab.json";
inline constexpr const char* kMerges = "merges.txt";
inline constexpr const char* kSentencePiece = "spiece.model";

/// A JSON file as an object. Throws Error(kInput) naming it.
nlohmann::json read_json_object(const std::filesystem::path& path);

/// tokenizer_config.json, or an empty object when there is none.
nlohmann::json read_tokenizer_config(const std::filesystem::path& directory);

/// The member, or a null.
const nlohmann::json& member(const nlohmann::json& object, const char* key);

/// A special token of the config ("pad_token"): a string, or an object with its content.
std::optional<std::string> special_token(const nlohmann::json& config, const char* key);

/// True for T5Tokenizer, whose steps transformers 5 sets up itself, whatever tokenizer.json says
/// (models/t5/tokenization_t5.py): the character map, words at white space, each with U+2581.
bool is_t5(const nlohmann::json& config);
nlohmann::json t5_pre_tokenizer();
nlohmann::json t5_decoder();

/// The same for Qwen2Tokenizer, Qwen2.5-VL's (models/qwen2/tokenization_qwen2.py): NFC, words by
/// its expression, which takes each digit alone, and bytes.
bool is_qwen2(const nlohmann::json& config);
nlohmann::json qwen2_normalizer();
nlohmann::json qwen2_pre_tokenizer();

/// {"token": id, ...}. Throws Error(kInput), prefixed with `where`.
Bpe::Vocabulary read_vocabulary(const nlohmann::json& object, const std::string& where);

/// Of a tokenizer.json's "added_tokens". Throws Error(kInput), prefixed with `where`.
AddedTokens read_added(const nlohmann::json& list, const std::string& where);

/// All added tokens of a byte-level tokenizer, as transformers 5 collects them: those of
/// tokenizer_config.json ("added_tokens_decoder"), or else of tokenizer.json (`list`) and
/// added_tokens.json; then the special ones that only the config or special_tokens_map.json names,
/// with the model's id or a new one. `pad` receives the id of what fills up rows.
AddedTokens read_added(const std::filesystem::path& directory, const nlohmann::json& config,
                       const nlohmann::json& list, const Bpe& model, const std::string& where,
                       std::optional<std::int64_t>& pad);

}  // namespace ditto::text
