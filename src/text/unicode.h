#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// UTF-8 and what Unicode says of a character. Functions that take text expect valid UTF-8, as
/// valid_utf8() makes it.
namespace ditto::text {

/// Each maximal invalid part becomes U+FFFD, as Python's errors="replace" does.
std::string valid_utf8(std::string_view bytes);

/// How many bytes at the end may still become a character when more bytes follow.
std::size_t unfinished_bytes(std::string_view bytes);

/// The character at `position`, which moves behind it.
char32_t next_character(std::string_view text, std::size_t& position);
void append(std::string& text, char32_t character);
/// Bytes of the character that begins with `lead`.
std::size_t character_size(char lead);

/// Unicode's White_Space.
bool is_white_space(char32_t character);
/// What \w matches in a Unicode regular expression.
bool is_word_character(char32_t character);

/// NFC leaves combining marks that are newer than Unicode 9 where they are, as Hugging Face's
/// tokenizers do.
enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };
std::string normalised(std::string_view text, NormalForm form);
std::string lower_case(std::string_view text);
std::string upper_case(std::string_view text);

/// Extended grapheme clusters, as parts of `text`.
std::vector<std::string_view> graphemes(std::string_view text);

}  // namespace ditto::text
