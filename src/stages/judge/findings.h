#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ditto::stages::measure {

/// What was measured: its place among the scores, the fault that it shows, its name.
struct Measure {
  std::string_view criterion;  ///< as in Score
  std::string_view fault;      ///< as in Judgement::fault
  std::string_view name;       ///< key in Judgement::measurements
};

/// One thing that was measured against its limit.
struct Finding {
  std::string criterion, fault, name;  ///< as in Measure
  double value = 0;                    ///< in the unit that `sentence` states
  double limit = 0;
  double severity = 0;       ///< 0: perfect, 1: on the limit, 2: twice as bad
  std::string sentence;      ///< true whether it passes or not
  bool consequence = false;  ///< another finding explains it better: never a reason
};

/// A finding whose value should be small.
Finding at_most(const Measure& measure, double value, double limit, std::string sentence);
/// A finding whose value should be near `best`, above the limit.
Finding at_least(const Measure& measure, double value, double limit, double best,
                 std::string sentence);
/// A finding whose value is a correlation and should be near 1; below the limit, how many times too
/// small it is, up to ten.
Finding agrees(const Measure& measure, double correlation, double limit, std::string sentence);
/// A finding whose value should be far above the limit, where only its ratio to the limit matters.
Finding exceeds(const Measure& measure, double value, double limit, std::string sentence);

/// 1 + 9 / (1 + 1.25 s²): 10 at severity 0, 5 on the limit, 2.5 at twice it, towards 1.
double score_of(double severity);

}  // namespace ditto::stages::measure
