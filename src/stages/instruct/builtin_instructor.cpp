#include "ditto/core/error.h"
#include "ditto/stages/instruct.h"
#include "stages/instruct/candidates.h"
#include "stages/instruct/measure.h"
#include "stages/instruct/wording.h"

namespace ditto::stages {
namespace {

// Global instructions of the clip with this ordinal. In whole millionths, so that no rounding lets
// the total drift: over the first k clips it is floor(k * count * fraction).
int global_quota(std::int64_t ordinal, int count, double fraction) {
  const std::int64_t millionths = std::llround(fraction * 1e6) * count;
  const auto total = [&](std::int64_t clips) { return clips * millionths / 1'000'000; };
  return static_cast<int>(total(ordinal + 1) - total(ordinal));
}

double drawn_strength(const editing::Program& program, Stream& stream) {
  // Things that are there or not have no degree.
  static const std::set<std::string> kNoDegree = {"add", "remove", "replace", "isolate",
                                                  "material"};
  const double u = stream.uniform();
  if (kNoDegree.contains(program.name)) return 1;
  if (u < 0.12) return 0.7;
  return u > 0.82 ? 1.3 : 1;
}

class BuiltinInstructor : public Instructor {
 public:
  explicit BuiltinInstructor(const config::Instruct& config) : config_(config) {}

  BackendId id() const override { return {"builtin", 1, ""}; }

  std::vector<Instruction> instruct(const Clip& clip, int count, Stream stream) const override {
    if (clip.video.frames.empty() || count <= 0) return {};
    const instructing::Measurements m = instructing::measure(clip);
    const auto globals = shuffled(instructing::global_candidates(m, stream), config_, stream);
    const auto locals = shuffled(instructing::local_candidates(clip, m, stream), config_, stream);
    // What one kind lacks, the other makes up for.
    const int available_globals = static_cast<int>(globals.size());
    const int available_locals = static_cast<int>(locals.size());
    int wanted_globals =
        std::min(global_quota(clip.ordinal, count, config_.global_fraction), available_globals);
    const int wanted_locals = std::min(count - wanted_globals, available_locals);
    wanted_globals = std::min(count - wanted_locals, available_globals);
    std::vector<Instruction> out;
    for (int i = 0; i < wanted_globals; ++i)
      out.push_back(worded(globals[static_cast<std::size_t>(i)].program, stream));
    for (int i = 0; i < wanted_locals; ++i)
      out.push_back(worded(locals[static_cast<std::size_t>(i)].program, stream));
    return out;
  }

 private:
  static Instruction worded(editing::Program program, Stream& stream) {
    program.strength = drawn_strength(program, stream);
    Instruction instruction;
    instruction.text = instructing::phrase(program, stream);
    instruction.task = task_of(program);
    instruction.target = editing::target_text(program);
    instruction.program = editing::to_json(program);
    return instruction;
  }

  config::Instruct config_;
};

}  // namespace

std::unique_ptr<Instructor> make_instructor(const config::Instruct& config) {
  if (config.backend != "builtin") {
    throw Error(ErrorKind::kUsage, "instruct.backend: expected builtin, found " + config.backend);
  }
  return std::make_unique<BuiltinInstructor>(config);
}

}  // namespace ditto::stages
