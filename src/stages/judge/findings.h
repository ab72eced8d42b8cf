#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ditto::stages::measure {

/// One thing that was measured against its limit.
struct Finding {
  std::string criterion;  ///< as in Score
  std::string name;       ///< key in Judgement::measurements
  double value = 0;       ///< in the unit that `sentence` states
  double limit = 0;
  double severity = 0;       ///< 0: perfect, 1: on the limit, 2: twice as bad
  std::string sentence;      ///< true whether it passes or not
  bool consequence = false;  ///< another finding explains it better: never the main reason
};

/// A finding whose value should be small.
Finding at_most(std::string criterion, std::string name, double value, double limit,
                std::string sentence);
/// A finding whose value should be near `best`, above the limit.
Finding at_least(std::string criterion, std::string name, double value, double limit, double best,
                 std::string sentence);

/// A finding whose value should be far above the limit, where only its ratio to the limit matters.
Finding exceeds(std::string criterion, std::string name, double value, double limit,
                std::string sentence);

/// 1 + 9 / (1 + 1.25 s²): 10 at severity 0, 5 on the limit, 2.5 at twice it, towards 1.
double score_of(double severity);

}  // namespace ditto::stages::measure
