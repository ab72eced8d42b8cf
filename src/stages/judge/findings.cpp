#include "stages/judge/findings.h"

#include <algorithm>
#include <cmath>

namespace ditto::stages::measure {
namespace {

/// Keeps a limit of zero usable: anything beyond it is many times too much.
constexpr double kLeastSpan = 1e-6;

Finding finding(const Measure& measure, double value, double limit, double severity,
                std::string sentence) {
  return {std::string(measure.criterion),
          std::string(measure.fault),
          std::string(measure.name),
          value,
          limit,
          severity,
          std::move(sentence),
          false};
}

}  // namespace

Finding at_most(const Measure& measure, double value, double limit, std::string sentence) {
  const double severity = std::max(0.0, value) / std::max(limit, kLeastSpan);
  return finding(measure, value, limit, severity, std::move(sentence));
}

Finding at_least(const Measure& measure, double value, double limit, double best,
                 std::string sentence) {
  const double severity = std::max(0.0, best - value) / std::max(best - limit, kLeastSpan);
  return finding(measure, value, limit, severity, std::move(sentence));
}

Finding agrees(const Measure& measure, double correlation, double limit, std::string sentence) {
  constexpr double kMost = 10;
  if (correlation >= limit) return at_least(measure, correlation, limit, 1.0, std::move(sentence));
  const double severity = limit / std::max({correlation, limit / kMost, kLeastSpan});
  return finding(measure, correlation, limit, std::max(1.0, severity), std::move(sentence));
}

Finding exceeds(const Measure& measure, double value, double limit, std::string sentence) {
  return finding(measure, value, limit, limit / std::max(value, kLeastSpan), std::move(sentence));
}

double score_of(double severity) {
  return 1.0 + 9.0 / (1.0 + 1.25 * std::min(severity, 1e6) * std::min(severity, 1e6));
}

}  // namespace ditto::stages::measure
