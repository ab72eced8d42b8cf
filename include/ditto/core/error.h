#pragma once

#include <stdexcept>
#include <string>

namespace ditto {

/// What a failure means to the run. The exit status and the retry rule follow from it.
enum class ErrorKind {
  kFatal,        ///< ends the run (exit 1): a full disk, a broken output directory
  kUsage,        ///< wrong command line, config or preflight (exit 2)
  kInput,        ///< this input is unusable: the source is skipped or the sample quarantined
  kTransient,    ///< may pass when tried again; retried a bounded number of times
  kInterrupted,  ///< a stop was asked for; resumable (exit 75)
};

/// The one exception type thrown by ditto's own code. `what()` names the file, key or tensor and
/// says what was expected; it is shown to the user as it is.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// Exit statuses of the program, documented in `ditto help exit-codes`.
enum ExitStatus : int {
  kExitComplete = 0,
  kExitFatal = 1,
  kExitUsage = 2,
  kExitQuarantined = 3,
  kExitFaultsFound = 4,
  kExitInterrupted = 75,
  kExitKilled = 130,
};

}  // namespace ditto
