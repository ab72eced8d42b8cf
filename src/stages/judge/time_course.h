#pragma once

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "stages/judge/findings.h"

namespace ditto::stages::measure {

/// How the edited clip's time runs against the source's, by the structure that changes.
struct TimeCourse {
  enum class Kind {
    kShift,  ///< one lag throughout, maybe none
    kGap,    ///< one lag before a frame and another from there on
    kSpeed   ///< a lag that grows steadily
  };
  double aligned = 0;  ///< correlation of the changing structure, frame against same frame
  double best = 0;     ///< with `lags`
  Kind kind = Kind::kShift;
  std::vector<int> lags;  ///< per edited frame: the source's frame that it shows is this much later
};

/// Of two clips' orientation fields: the simplest course whose correlation is within a little of
/// the best. Nothing when the source hardly changes, or is too short. Courses whose correlation
/// stays below `least` are not believed: two unrelated clips agree somewhat better at some lag than
/// without.
std::optional<TimeCourse> time_course(const std::vector<cv::Mat>& source,
                                      const std::vector<cv::Mat>& edited, double least);

/// The gain in correlation by the course's lags, named time_shift, missing or wrong_rate.
Finding time_finding(const TimeCourse& course, double limit);

}  // namespace ditto::stages::measure
