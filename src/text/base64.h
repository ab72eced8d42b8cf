#pragma once

#include <string>
#include <string_view>

namespace ditto::text {

/// Throws Error(kInput), prefixed with `where`.
std::string decode_base64(std::string_view text, const std::string& where);

}  // namespace ditto::text
