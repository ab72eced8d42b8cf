#include <charconv>

#include "ditto/config/load.h"
#include "ditto/core/error.h"

namespace ditto::config {
namespace {

/// A decimal number without sign, exponent or words; empty otherwise.
std::optional<double> decimal(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos)
    return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

/// H:MM:SS in seconds; empty otherwise.
std::optional<double> clock_time(std::string_view text) {
  const std::size_t first = text.find(':');
  const std::size_t last = text.rfind(':');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  const auto hours = decimal(text.substr(0, first));
  const auto minutes = decimal(text.substr(first + 1, last - first - 1));
  const auto seconds = decimal(text.substr(last + 1));
  if (!hours || !minutes || !seconds || *minutes >= 60 || *seconds >= 60) return std::nullopt;
  if (*hours != std::floor(*hours) || *minutes != std::floor(*minutes)) return std::nullopt;
  return *hours * 3600 + *minutes * 60 + *seconds;
}

std::optional<double> with_unit(std::string_view text) {
  double factor = 1;
  if (text.ends_with('s') || text.ends_with('m') || text.ends_with('h')) {
    factor = text.back() == 's' ? 1 : text.back() == 'm' ? 60 : 3600;
    text.remove_suffix(1);
  }
  const auto value = decimal(text);
  if (!value) return std::nullopt;
  return *value * factor;
}

}  // namespace

double parse_duration(const std::string& text) {
  const auto seconds = text.find(':') == std::string::npos ? with_unit(text) : clock_time(text);
  // Beyond a thousand years the arithmetic of clocks overflows.
  if (!seconds || *seconds <= 0 || *seconds > 3.2e10) {
    throw Error(
        ErrorKind::kUsage,
        fmt::format("expected a duration such as 90s, 45m, 3h or 1:30:00, found \"{}\"", text));
  }
  return *seconds;
}

}  // namespace ditto::config
