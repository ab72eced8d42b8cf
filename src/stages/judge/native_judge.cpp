#include "stages/judge/native_judge.h"

#include <fmt/format.h>

#include <array>

#include "ditto/core/hash.h"
#include "ditto/core/random.h"
#include "stages/judge/series.h"
#include "stages/native/answer_form.h"
#include "stages/native/pictures.h"
#include "stages/native/prompts.h"
#include "stages/native/vision_language.h"

namespace ditto::stages {
namespace {

/// What the model is asked. The first that fails is the main reason.
struct Criterion {
  const char* prompt;  ///< its file's name
  const char* name;    ///< as in Score
  const char* fault;
  double config::Judge::* least;
};
constexpr std::array<Criterion, 5> kCriteria = {{
    {"safety", "safety", "unsafe", &config::Judge::min_safety},
    {"instruction", "model_instruction", "not_followed", &config::Judge::min_model_instruction},
    {"content", "model_content", "content_lost", &config::Judge::min_model_content},
    {"motion", "model_motion", "motion_lost", &config::Judge::min_model_motion},
    {"quality", "model_quality", "poor_quality", &config::Judge::min_model_quality},
}};

Prompts prompts_of(const config::Judge& config) {
  Prompts::Known known = {{"pairs", {"instruction"}}};
  for (const Criterion& criterion : kCriteria) known[criterion.prompt] = {};
  return Prompts("judge", "judge.prompts", config.prompts, known);
}

/// The reason comes first: a score that follows from it is better than one that is explained
/// afterwards.
nlohmann::ordered_json answer_schema() {
  return object_form({{"reason", text_form(1, 240)},
                      {"score", {{"type", "integer"}, {"minimum", 1}, {"maximum", 10}}}});
}

/// All turns of one criterion.
struct Turns {
  std::vector<int> scores;
  std::vector<std::string> reasons;

  double mean() const {
    double sum = 0;
    for (const int score : scores) sum += score;
    return measure::rounded(sum / static_cast<double>(scores.size()));
  }
  /// With the reason of the turn that liked it least.
  std::string sentence() const {
    const auto worst = std::min_element(scores.begin(), scores.end()) - scores.begin();
    return fmt::format("the model gives {}: {}", fmt::join(scores, ", "),
                       reasons[static_cast<std::size_t>(worst)]);
  }
};

/// Replaces a score of that criterion, or appends it.
void put(Judgement& judgement, Score score) {
  for (Score& one : judgement.scores) {
    if (one.criterion == score.criterion) {
      one = std::move(score);
      return;
    }
  }
  judgement.scores.push_back(std::move(score));
}

class NativeJudge : public Judge {
 public:
  NativeJudge(const config::Judge& config, std::unique_ptr<Judge> checks)
      : config_(config),
        checks_(std::move(checks)),
        prompts_(prompts_of(config)),
        opened_(open_vision_language_model("judge", config)),
        digest_(sha256_hex(opened_.digest + prompts_.digest())) {}

  BackendId id() const override {
    // What the checks find is a part of the result.
    return {"native", 100 * kVersion + checks_->id().version, digest_};
  }

  std::size_t working_bytes(const ClipShape& shape) const override {
    return checks_->working_bytes(shape) + opened_.model->memory_bytes(shown(shape));
  }
  std::vector<HeldModel> held_models(const ClipShape& shape) const override {
    return opened_.held_for(shown(shape));
  }

  Judgement judge(const media::Video& source, const media::Video& edited,
                  const JudgeContext& context) const override {
    Judgement judgement = checks_->judge(source, edited, context);
    if (!judgement.accepted) {
      for (const Criterion& criterion : kCriteria)
        put(judgement, {criterion.name, std::nullopt, "not assessed: " + judgement.reason});
      return judgement;
    }
    const std::array<Turns, kCriteria.size()> turns = asked(source, edited, context);
    for (std::size_t i = 0; i < kCriteria.size(); ++i) {
      const Criterion& criterion = kCriteria[i];
      const double mean = turns[i].mean();
      put(judgement, {criterion.name, mean, turns[i].sentence()});
      judgement.measurements["model"][criterion.prompt] = {{"scores", turns[i].scores},
                                                           {"reasons", turns[i].reasons}};
      const double least = config_.*criterion.least;
      if (mean >= least) continue;
      judgement.reasons.push_back(
          {criterion.fault, criterion.name,
           fmt::format("{:g} of 10 (at least {:g} wanted), {}", mean, least, turns[i].sentence())});
    }
    if (!judgement.reasons.empty()) {
      judgement.accepted = false;
      judgement.fault = judgement.reasons.front().fault;
      judgement.reason = judgement.fault + ": " + judgement.reasons.front().text;
    }
    return judgement;
  }

 private:
  static constexpr int kVersion = 2;

  models::ShownSize shown(const ClipShape& shape) const {
    return {.count = 2 * std::int64_t{std::min(config_.frames, shape.frames)},
            .height = shape.height,
            .width = shape.width,
            .max_pixels = config_.max_pixels};
  }

  std::vector<models::MessagePart> pairs(const media::Video& source,
                                         const media::Video& edited) const {
    std::vector<models::MessagePart> parts;
    const auto add = [&](const cv::Mat& frame) {
      parts.push_back(
          {.text = "", .pictures = pictures_of({frame}), .max_pixels = config_.max_pixels});
    };
    const auto frames = static_cast<std::int64_t>(source.frames.size());
    const std::int64_t count = std::min<std::int64_t>(config_.frames, frames);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto t = static_cast<std::size_t>((2 * i + 1) * frames / (2 * count));
      parts.push_back(models::MessagePart::words(
          fmt::format("At {:.2f} s, source: ", static_cast<double>(t) / source.fps.value())));
      add(source.frames[t]);
      parts.push_back(models::MessagePart::words(" edited: "));
      add(edited.frames[t]);
      parts.push_back(models::MessagePart::words("\n"));
    }
    return parts;
  }

  std::array<Turns, kCriteria.size()> asked(const media::Video& source, const media::Video& edited,
                                            const JudgeContext& context) const {
    const std::string& instruction = context.instruction.text;
    std::vector<models::MessagePart> parts = pairs(source, edited);
    parts.push_back(
        models::MessagePart::words(prompts_.text("pairs", {{"instruction", instruction}}) + "\n"));
    const auto shown = opened_.model->begin("", parts);
    std::vector<models::Question> questions;
    for (const Criterion& criterion : kCriteria) {
      for (int turn = 0; turn < config_.turns; ++turn) {
        models::Question question;
        question.text = prompts_.text(criterion.prompt);
        question.form = answer_schema();
        question.temperature = config_.temperature;
        // The judge has no stream of the run's: the same pair always has the same judgement.
        question.seed =
            Stream(static_cast<std::uint64_t>(turn), instruction, criterion.prompt).seed();
        question.max_tokens = 300;
        questions.push_back(std::move(question));
      }
    }
    const std::vector<nlohmann::json> answers = opened_.model->answer(shown, questions);
    std::array<Turns, kCriteria.size()> turns;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Turns& of = turns[i / static_cast<std::size_t>(config_.turns)];
      of.scores.push_back(answers[i].at("score").get<int>());
      of.reasons.push_back(answers[i].at("reason").get<std::string>());
    }
    return turns;
  }

  config::Judge config_;
  std::unique_ptr<Judge> checks_;
  Prompts prompts_;
  StageModel opened_;
  std::string digest_;
};

}  // namespace

std::unique_ptr<Judge> make_native_judge(const config::Judge& config,
                                         std::unique_ptr<Judge> checks) {
  return std::make_unique<NativeJudge>(config, std::move(checks));
}

}  // namespace ditto::stages
