#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ditto/config/config.h"
#include "ditto/stages/held_model.h"
#include "ditto/stages/instruct.h"

namespace ditto::stages {

/// One criterion's result. No score means that it could not be assessed without a model.
struct Score {
  /// instruction, source, quality, temporal, safety; of a native judge also model_instruction,
  /// model_content, model_motion, model_quality.
  std::string criterion;
  std::optional<double> value;  ///< 1 (worst) .. 10
  std::string reason;           ///< checkable by a person: the measured quantity and its size
};

/// Why a sample is rejected. `fault` is a stable word: wrong_length, wrong_size, wrong_rate, black,
/// missing, unedited, frozen, time_shift, swapped, misaligned, wrong_edit, fade, pop, leak,
/// flicker, noise, blur, blocking (docs/judge.md says what each stands for); of a native judge also
/// unsafe, not_followed, content_lost, motion_lost, poor_quality (docs/native.md).
struct Reason {
  std::string fault;
  std::string criterion;  ///< as in Score
  std::string text;       ///< checkable by a person
};

struct Judgement {
  std::vector<Score> scores;
  bool accepted = false;
  std::string fault;            ///< of the main reason; empty when accepted
  std::string reason;           ///< "FAULT: TEXT" of the main reason; empty when accepted
  std::vector<Reason> reasons;  ///< all, the main one first; empty when accepted
  nlohmann::json measurements;
};

/// What the judge knows of a sample besides its pixels.
struct JudgeContext {
  Instruction instruction;
  int key_frame = 0;
  cv::Mat edited_key_frame;  ///< empty when unknown (`ditto stage judge`)
  cv::Mat mask;  ///< region of a local edit on the key frame; empty when global or unknown
  std::vector<float> confidence;  ///< of the generator; may be empty
};

class Judge {
 public:
  virtual ~Judge() = default;
  virtual BackendId id() const = 0;
  /// Beside the networks that it holds.
  virtual std::size_t working_bytes(const ClipShape& shape) const = 0;
  virtual std::vector<HeldModel> held_models(const ClipShape&) const { return {}; }
  virtual Judgement judge(const media::Video& source, const media::Video& edited,
                          const JudgeContext& context) const = 0;
};
std::unique_ptr<Judge> make_judge(const config::Judge& config);
nlohmann::ordered_json to_json(const Judgement& judgement);
Judgement judgement_from_json(const nlohmann::json& value);

}  // namespace ditto::stages
