#pragma once

namespace ditto::text {

/// "NAME=HEX[,HEX] " for each name that HTML 5 knows, sorted; those that need a semicolon end in
/// one.
extern const char* const kHtmlEntities;

}  // namespace ditto::text
