#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Names inside an output directory: sample keys, shards, units.
namespace ditto::dataset {

/// The longest key: with the longest role it fills the 100 bytes of a tar header's name.
inline constexpr std::size_t kLongestKey = 100 - std::string_view(".edited_keyframe.png").size();

/// [A-Za-z0-9_-]+ of at most kLongestKey characters. A dot would end the key for WebDataset.
bool is_key(std::string_view text);
/// "000007"; more than six digits from a million on.
std::string six_digits(std::int64_t number);
/// The number of "NNNNNN" as six_digits() writes it; -1 for anything else.
std::int64_t number_of(std::string_view digits);

}  // namespace ditto::dataset
