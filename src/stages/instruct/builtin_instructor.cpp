#include "ditto/core/error.h"
#include "ditto/stages/face_data.h"
#include "ditto/stages/instruct.h"
#include "stages/edit/parser.h"
#include "stages/instruct/candidates.h"
#include "stages/instruct/measure.h"
#include "stages/instruct/mix.h"
#include "stages/instruct/native_instructor.h"
#include "stages/instruct/wording.h"

namespace ditto::stages {
namespace {

using instructing::Candidate;

// Whether there is more or less of it: a drawing is one or isn't, a thing is there or not, and half
// a new colour is the mud between two.
bool has_degree(const editing::Program& program) {
  static const std::set<std::string> kGraded = {
      "vivid", "pastel", "dreamy", "vintage_film", "teal_and_orange", "brighten", "darken"};
  static const std::set<std::string> kElsewhere = {"underwater", "mars",           "alien_planet",
                                                   "frost",      "cherry_blossom", "candlelight"};
  if (task_of(program) == Task::kGlobalEnvironment) return !kElsewhere.contains(program.name);
  return kGraded.contains(program.name);
}

double drawn_strength(const editing::Program& program, Stream& stream) {
  const double u = stream.uniform();
  if (!has_degree(program)) return 1;
  if (u < 0.15) return 0.7;
  return u > 0.80 ? 1.3 : 1;
}

// The edits that a clip offers, by task. What is drawn takes all that ask for the same with it.
class Pool {
 public:
  Pool(std::vector<Candidate> globals, std::vector<Candidate> locals) {
    for (auto* list : {&globals, &locals}) {
      for (Candidate& candidate : *list)
        by_task_[task_of(candidate.program)].push_back(std::move(candidate));
    }
  }

  void take_out(const std::vector<std::string>& senses) {
    for (auto& [task, list] : by_task_) {
      std::erase_if(list, [&](const Candidate& c) {
        return std::find_first_of(c.senses.begin(), c.senses.end(), senses.begin(), senses.end()) !=
               c.senses.end();
      });
    }
  }

  std::optional<Candidate> draw(Task task, Stream& stream) {
    const std::vector<Candidate>& list = by_task_[task];
    if (list.empty()) return std::nullopt;
    Candidate drawn = list[stream.index(list.size())];
    take_out(drawn.senses);
    return drawn;
  }

 private:
  std::map<Task, std::vector<Candidate>> by_task_;
};

class BuiltinInstructor : public Instructor {
 public:
  explicit BuiltinInstructor(const config::Instruct& config) : config_(config) {}

  BackendId id() const override { return {"builtin", 6, face_data().digest}; }

  Instructions instruct(const Clip& clip, const InstructRequest& request,
                        Stream stream) const override {
    Instructions out;
    out.owed = request.owed;
    if (clip.video.frames.empty() || request.count <= 0) return out;
    instructing::Due due = instructing::due(clip.ordinal, request, config_);

    const instructing::Measurements m = instructing::measure(clip);
    Pool pool(instructing::global_candidates(m, stream),
              instructing::local_candidates(clip, m, request.count, request.objects, stream));
    const std::vector<std::string> own = names_of(request.objects);
    for (const Instruction& taken : request.taken) {
      if (const auto program = program_of(taken, own))
        pool.take_out(instructing::senses_of(*program));
    }
    for (int i = 0; i < request.count; ++i) {
      const auto candidate = next(pool, due, stream);
      if (!candidate) break;
      --due.owed[static_cast<std::size_t>(task_of(candidate->program))];
      out.list.push_back(worded(*candidate, m, own, stream));
    }
    out.owed = due.owed;
    return out;
  }

 private:
  std::optional<Candidate> next(Pool& pool, const instructing::Due& due, Stream& stream) const {
    for (const Task task : instructing::preferences(due, config_)) {
      if (auto candidate = pool.draw(task, stream)) return candidate;
    }
    return std::nullopt;
  }

  static std::optional<editing::Program> program_of(const Instruction& instruction,
                                                    std::span<const std::string> own) {
    if (!instruction.program.is_null()) return editing::program_from_json(instruction.program, own);
    return editing::parse_instruction(instruction.text, own).program;
  }

  static Instruction worded(const Candidate& candidate, const instructing::Measurements& m,
                            std::span<const std::string> own, Stream& stream) {
    editing::Program program = candidate.program;
    program.strength = drawn_strength(program, stream);
    const instructing::Facts facts = {.outdoors = m.outdoors(),
                                      .sky = m.sky.has_value(),
                                      .greenery = m.green_enough(),
                                      .moving = candidate.moving,
                                      .faces = m.faces};
    Instruction instruction;
    instruction.text = instructing::phrase(program, facts, stream, own);
    instruction.task = task_of(program);
    instruction.target = editing::target_text(program);
    // A program that only this config's editor knows would mean nothing elsewhere: its text does.
    if (std::find(own.begin(), own.end(), program.object) == own.end())
      instruction.program = editing::to_json(program);
    return instruction;
  }

  config::Instruct config_;
};

}  // namespace

std::unique_ptr<Instructor> make_instructor(const config::Instruct& config) {
  if (config.backend == "builtin") return std::make_unique<BuiltinInstructor>(config);
  if (config.backend == "native") return make_native_instructor(config);
  throw Error(ErrorKind::kUsage,
              "instruct.backend: expected builtin or native, found " + config.backend);
}

}  // namespace ditto::stages
