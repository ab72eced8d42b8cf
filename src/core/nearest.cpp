#include "ditto/core/nearest.h"

#include <algorithm>

namespace ditto {
namespace {

std::string folded(std::string_view word) {
  std::string text(word);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return text;
}

}  // namespace

std::size_t edit_distance(std::string_view from, std::string_view to) {
  const std::string a = folded(from);
  const std::string b = folded(to);
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> back(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    two_back = std::exchange(back, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = back[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, back[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string nearest(std::string_view word, const std::vector<std::string>& names) {
  // Long words are no typing errors, and the cost is quadratic.
  if (word.size() > 100) return {};
  std::string best;
  std::size_t best_distance = 0;
  constexpr std::size_t kShortestStart = 3;
  for (const std::string& name : names) {
    const std::size_t distance = edit_distance(word, name);
    const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), name.size()) / 3);
    if (distance > allowed || (!best.empty() && distance >= best_distance)) continue;
    best = name;
    best_distance = distance;
  }
  if (!best.empty() || word.size() < kShortestStart) return best;
  const auto begun = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return folded(name).starts_with(folded(word));
  });
  return begun == names.end() ? "" : *begun;
}

}  // namespace ditto
