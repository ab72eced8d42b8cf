#include "ditto/pipeline/backends.h"

namespace ditto::pipeline {

Backends make_backends(const config::Config& config, int generator_threads) {
  Backends backends;
  backends.instructor = stages::make_instructor(config.instruct);
  backends.editor = stages::make_editor(config.edit);
  backends.gate = stages::make_gate(config.gate);
  backends.generator = stages::make_generator(config.generate, generator_threads);
  backends.enhancer = stages::make_enhancer(config.enhance);
  backends.judge = stages::make_judge(config.judge);
  if (!config.sources.instructions.empty()) {
    backends.user_instructions = stages::UserInstructions::read(
        config.sources.instructions, stages::names_of(backends.editor->own_objects()));
  }
  return backends;
}

stages::ClipShape clip_shape(const config::Clip& clip) {
  return {clip.frames, clip.width, clip.height, clip.fps};
}

std::vector<stages::HeldModel> held_models(const Backends& backends,
                                           const stages::ClipShape& shape) {
  std::vector<stages::HeldModel> all = backends.instructor->held_models(shape);
  for (const stages::HeldModel& one : backends.judge->held_models(shape)) all.push_back(one);
  return stages::together(all);
}

MemoryNeed memory_need(const Backends& backends, const stages::ClipShape& shape) {
  const std::size_t video = shape.video_bytes();
  MemoryNeed need;
  // What is prepared comes after the instructor's work.
  need.clip = video + std::max(backends.instructor->working_bytes(shape),
                               backends.generator->prepared_bytes(shape, 1) +
                                   backends.enhancer->prepared_bytes(shape));
  // While the enhancer works the generated frames are held, and they stay until they are stored;
  // while the judge works both videos may still be waiting for the encoder.
  need.sample = std::max({backends.generator->working_bytes(shape, 1),
                          video + backends.enhancer->working_bytes(shape),
                          2 * video + backends.judge->working_bytes(shape)});
  return need;
}

}  // namespace ditto::pipeline
