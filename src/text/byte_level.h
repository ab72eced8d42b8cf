#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What makes a tokenizer a byte-level one: its tokens are sequences of bytes, which files write as
/// text with one character for each byte (GPT-2's alphabet: printable characters of Latin-1 stand
/// for themselves, the other 68 bytes are U+0100 and following).
namespace ditto::text {

/// The bytes that a token of a file is; nothing when a character isn't of the alphabet.
std::optional<std::string> bytes_of_token(std::string_view token);
/// The token as files write it.
std::string token_of_bytes(std::string_view bytes);

/// A text's pieces ("words") that are encoded each on its own, in order, as parts of the text. Here
/// they stay bytes; the alphabet is for tokens alone.
using Splitter = std::function<std::vector<std::string_view>(std::string_view)>;

/// A pre-tokenizer of a tokenizer.json: Split, Digits and ByteLevel, alone or in a Sequence; one of
/// them must be ByteLevel. Throws Error(kInput), prefixed with `where`, for a step or an option
/// that isn't supported.
Splitter make_splitter(const nlohmann::json& step, const std::string& where);

/// Throws Error(kInput) unless the decoder of a tokenizer.json is ByteLevel.
void check_byte_decoder(const nlohmann::json& step, const std::string& where);

}  // namespace ditto::text
