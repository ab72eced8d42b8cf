#pragma once

#include <memory>
#include <string>

#include "ditto/config/config.h"
#include "ditto/stages/instruct.h"

namespace ditto::stages {

struct GateResult {
  bool pass = false;
  std::string reason;  ///< why not; empty when it passes
  nlohmann::json scores;
};

/// The cheap check between edit and generate: is this key frame worth a video?
class Gate {
 public:
  virtual ~Gate() = default;
  virtual BackendId id() const = 0;
  /// `mask` as in EditResult; may be empty.
  virtual GateResult check(const cv::Mat& key_frame, const cv::Mat& edited, const cv::Mat& mask,
                           const Instruction& instruction) const = 0;
};
std::unique_ptr<Gate> make_gate(const config::Gate& config);

}  // namespace ditto::stages
