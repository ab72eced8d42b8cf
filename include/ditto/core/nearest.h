#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ditto {

/// Edits (insert, delete, replace, swap of neighbours) that lead from one word to the other; letter
/// case, '-' and '_' make no difference.
std::size_t edit_distance(std::string_view from, std::string_view to);

/// The name that was probably meant: the nearest one, if a third of its letters or fewer differ,
/// else one that begins with the word. Empty when there is none. The first of equals wins.
std::string nearest(std::string_view word, const std::vector<std::string>& names);

}  // namespace ditto
