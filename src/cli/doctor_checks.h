#pragma once

#include <string>
#include <vector>

namespace ditto::cli {

/// One thing that the program needs or would like.
struct Check {
  enum class Result { kOk, kWarn, kFail };
  std::string name;
  Result result = Result::kOk;
  std::string detail;  ///< what was found, and what to do about it
};

/// Looks at the machine and tries LibTorch, OpenCV and FFmpeg in this process. A check that throws
/// has failed. Takes about a second.
std::vector<Check> examine_machine();

}  // namespace ditto::cli
