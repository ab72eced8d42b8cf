#pragma once

#include <string>
#include <string_view>

namespace ditto::text {

/// A prompt as Wan's reference pipelines clean it before the tokenizer (diffusers,
/// pipelines/wan/pipeline_wan.py, prompt_clean): ftfy's fix_text, HTML entities decoded twice, runs
/// of white space made one space, ends stripped.
///
/// Of fix_text there are here: entities (only where there is no "<"), terminal escapes, C1 control
/// characters as Windows-1252 meant them, Latin ligatures, full and half width forms, curly quotes,
/// line breaks, control characters, NFC. Its repair of text that was decoded with a wrong character
/// set ("Ã©" for "é") is not: such a prompt is taken as it is.
std::string clean_prompt(std::string_view prompt);

/// "&eacute;" and its like replaced by their characters, by the rules of HTML 5 (those of Python's
/// html.unescape): names with and without semicolon, the longest that fits; numbers, decimal and
/// hexadecimal.
std::string unescape_html(std::string_view text);

}  // namespace ditto::text
