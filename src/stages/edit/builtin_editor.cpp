#include "ditto/core/error.h"
#include "ditto/stages/edit.h"
#include "stages/edit/filters.h"
#include "stages/edit/local_edits.h"
#include "stages/edit/looks.h"
#include "stages/edit/parser.h"

namespace ditto::stages {
namespace {

using editing::Program;

double contrast_of(const cv::Mat& rgb) {
  cv::Scalar mean;
  cv::Scalar deviation;
  cv::meanStdDev(editing::luma_of(rgb), mean, deviation);
  return deviation[0];
}

// How far one may go past a look: one that hides the picture, as fog does, would turn inside out.
double reach_past(const cv::Mat& rgb, const cv::Mat& styled) {
  const double kept = contrast_of(styled) / std::max(0.01, contrast_of(rgb));
  return 0.6 * editing::smoothstep(0.35F, 0.80F, static_cast<float>(kept));
}

cv::Mat apply_look(const cv::Mat& key_frame, const editing::Look& look, const Program& program,
                   double strength) {
  const cv::Mat rgb = editing::to_float(key_frame);
  // Below 1 the look is laid over the picture thinly; above, it is exaggerated, by the look itself
  // and by going past it, away from the picture.
  const cv::Mat styled = look.apply(rgb, {std::clamp(strength, 0.6, 2.0), program.colour});
  cv::Mat clipped;
  cv::min(cv::max(styled, 0.0), 1.0, clipped);
  const double weight = strength < 1 ? strength : 1 + reach_past(rgb, clipped) * (strength - 1);
  return editing::to_bytes(editing::mixed(rgb, clipped, weight));
}

class BuiltinEditor : public Editor {
 public:
  explicit BuiltinEditor(const config::Edit& config) : config_(config) {
    if (!config.objects.empty()) objects_ = editing::read_objects(config.objects);
    for (const auto& [name, rgba] : objects_)
      own_objects_.push_back({name, editing::aspect_of(rgba)});
    names_ = names_of(own_objects_);
    digest_ = editing::digest_of(objects_);
  }

  BackendId id() const override { return {"builtin", 6, digest_}; }
  std::vector<OwnObject> own_objects() const override { return own_objects_; }

  EditResult edit(const cv::Mat& key_frame, const Clip* clip, const Instruction& instruction,
                  Stream stream) const override {
    EditResult result;
    Program program;
    if (instruction.program.is_null()) {
      editing::Parsed parsed = editing::parse_instruction(instruction.text, names_);
      if (!parsed.program) {
        result.refusal = parsed.refusal;
        return result;
      }
      program = *parsed.program;
    } else {
      try {
        program = editing::program_from_json(instruction.program, names_);
      } catch (const Error& e) {
        result.refusal = e.what();
        return result;
      }
    }
    // No two samples get the very same dose, as no two artists would give it.
    const double dose =
        std::clamp(program.strength * config_.strength * stream.uniform(0.92, 1.08), 0.05, 2.5);
    if (const editing::Look* look = editing::find_look(program.name)) {
      result.image = apply_look(key_frame, *look, program, dose);
    } else {
      result = editing::apply_local(key_frame, clip, program, dose, objects_);
    }
    nlohmann::json details = editing::to_json(program);
    details["applied_strength"] = std::round(dose * 1e4) / 1e4;
    details["task"] = name_of(editing::task_of(program));
    if (result.details.is_object()) details.update(result.details);
    result.details = details;
    return result;
  }

 private:
  config::Edit config_;
  editing::UserObjects objects_;
  std::vector<OwnObject> own_objects_;
  std::vector<std::string> names_;
  std::string digest_;
};

}  // namespace

std::unique_ptr<Editor> make_editor(const config::Edit& config) {
  if (config.backend != "builtin") {
    throw Error(ErrorKind::kUsage, "edit.backend: expected builtin, found " + config.backend);
  }
  return std::make_unique<BuiltinEditor>(config);
}

}  // namespace ditto::stages
