#include "stages/judge/findings.h"

#include <algorithm>
#include <cmath>

namespace ditto::stages::measure {
namespace {

/// Keeps a limit of zero usable: anything beyond it is many times too much.
constexpr double kLeastSpan = 1e-6;

}  // namespace

Finding at_most(std::string criterion, std::string name, double value, double limit,
                std::string sentence) {
  const double severity = std::max(0.0, value) / std::max(limit, kLeastSpan);
  return {
      std::move(criterion), std::move(name), value, limit, severity, std::move(sentence), false};
}

Finding at_least(std::string criterion, std::string name, double value, double limit, double best,
                 std::string sentence) {
  const double severity = std::max(0.0, best - value) / std::max(best - limit, kLeastSpan);
  return {
      std::move(criterion), std::move(name), value, limit, severity, std::move(sentence), false};
}

Finding exceeds(std::string criterion, std::string name, double value, double limit,
                std::string sentence) {
  const double severity = limit / std::max(value, kLeastSpan);
  return {
      std::move(criterion), std::move(name), value, limit, severity, std::move(sentence), false};
}

double score_of(double severity) {
  return 1.0 + 9.0 / (1.0 + 1.25 * std::min(severity, 1e6) * std::min(severity, 1e6));
}

}  // namespace ditto::stages::measure
