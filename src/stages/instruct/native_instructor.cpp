#include "stages/instruct/native_instructor.h"

#include <fmt/format.h>

#include "ditto/core/hash.h"
#include "stages/instruct/mix.h"
#include "stages/instruct/rounds.h"
#include "stages/native/answer_form.h"
#include "stages/native/pictures.h"
#include "stages/native/prompts.h"
#include "stages/native/vision_language.h"

namespace ditto::stages {
namespace {

constexpr const char* kWholePicture = "the whole picture";

Prompts prompts_of(const config::Instruct& config) {
  Prompts::Known known = {{"caption", {}}, {"instruct", {"caption"}}};
  for (int i = 0; i < kTasks; ++i) known[std::string(name_of(static_cast<Task>(i)))] = {"taken"};
  return Prompts("instruct", "instruct.prompts", config.prompts, known);
}

nlohmann::ordered_json instruction_schema(Task task) {
  nlohmann::ordered_json target = text_form(1, 80);
  if (is_global(task)) target = {{"const", kWholePicture}};
  return object_form({{"task", {{"const", name_of(task)}}},
                      {"target", target},
                      {"instruction", text_form(1, 240)}});
}

class NativeInstructor : public Instructor {
 public:
  explicit NativeInstructor(const config::Instruct& config)
      : config_(config),
        prompts_(prompts_of(config)),
        opened_(open_vision_language_model("instruct", config)),
        digest_(sha256_hex(opened_.digest + prompts_.digest())) {}

  BackendId id() const override { return {"native", 3, digest_}; }

  std::size_t working_bytes(const ClipShape& shape) const override {
    return opened_.model->memory_bytes(shown(shape));
  }
  std::vector<HeldModel> held_models(const ClipShape& shape) const override {
    return opened_.held_for(shown(shape));
  }

  Instructions instruct(const Clip& clip, const InstructRequest& request,
                        Stream stream) const override {
    if (clip.video.frames.empty() || request.count <= 0) return {.owed = request.owed};
    const auto video = opened_.model->begin("", {{.text = "",
                                                  .pictures = pictures_of(clip.video.frames),
                                                  .fps = clip.video.fps.value(),
                                                  .frames = config_.frames,
                                                  .max_pixels = config_.max_pixels}});
    const std::string caption = caption_of(video);
    const auto told =
        opened_.model->with(video, prompts_.text("instruct", {{"caption", caption}}) + "\n");
    return instructing::collect(
        caption, request, instructing::due(clip.ordinal, request, config_), config_,
        [&](const std::vector<Task>& tasks, const std::vector<Instruction>& taken) {
          return proposals(told, tasks, taken, stream);
        });
  }

 private:
  models::ShownSize shown(const ClipShape& shape) const {
    return {.count = shape.frames,
            .height = shape.height,
            .width = shape.width,
            .fps = shape.fps > 0 ? shape.fps : kSlowest,
            .frames = config_.frames,
            .max_pixels = config_.max_pixels};
  }

  using Conversation = models::VisionLanguageModel::Shared;

  std::string caption_of(const Conversation& video) const {
    models::Question question;
    question.text = prompts_.text("caption");
    question.form = object_form({{"caption", text_form(1, 800)}});
    // What Qwen's generation_config.json has: without it, long lists may repeat themselves.
    question.repetition_penalty = 1.05;
    question.max_tokens = 1000;
    return stripped(
        opened_.model->answer(video, {question}).front().at("caption").get<std::string>());
  }

  std::vector<Instruction> proposals(const Conversation& told, const std::vector<Task>& tasks,
                                     const std::vector<Instruction>& taken, Stream& stream) const {
    std::string list;
    for (const Instruction& one : taken) list += (list.empty() ? "\"" : ", \"") + one.text + "\"";
    std::vector<models::Question> questions;
    for (const Task task : tasks) {
      models::Question question;
      question.text = prompts_.text(std::string(name_of(task)),
                                    {{"taken", list.empty() ? "nothing yet" : list}});
      question.form = instruction_schema(task);
      question.temperature = config_.temperature;
      question.top_p = kTopP;
      question.seed = stream.next();
      question.max_tokens = 400;
      questions.push_back(std::move(question));
    }
    std::vector<Instruction> out;
    for (const nlohmann::json& answer : opened_.model->answer(told, questions)) {
      Instruction instruction;
      instruction.text = stripped(answer.at("instruction").get<std::string>());
      instruction.task = task_from(answer.at("task").get<std::string>());
      instruction.target = stripped(answer.at("target").get<std::string>());
      out.push_back(std::move(instruction));
    }
    return out;
  }

  /// Frames per second of a clip whose rate isn't known: all of its frames are seen.
  static constexpr double kSlowest = 1;
  /// Cuts off what is so unlikely that it is no English.
  static constexpr double kTopP = 0.95;

  config::Instruct config_;
  Prompts prompts_;
  StageModel opened_;
  std::string digest_;
};

}  // namespace

std::unique_ptr<Instructor> make_native_instructor(const config::Instruct& config) {
  return std::make_unique<NativeInstructor>(config);
}

}  // namespace ditto::stages
