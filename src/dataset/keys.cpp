#include "dataset/keys.h"

namespace ditto::dataset {

bool is_key(std::string_view text) {
  if (text.empty() || text.size() > kLongestKey) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string six_digits(std::int64_t number) { return fmt::format("{:06}", number); }

std::int64_t number_of(std::string_view digits) {
  if (digits.size() < 6 || digits.size() > 15) return -1;
  std::int64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return six_digits(number) == digits ? number : -1;
}

}  // namespace ditto::dataset
