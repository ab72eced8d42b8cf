#pragma once

#include <memory>

#include "ditto/config/config.h"
#include "ditto/stages/edit.h"
#include "ditto/stages/enhance.h"
#include "ditto/stages/gate.h"
#include "ditto/stages/generate.h"
#include "ditto/stages/instruct.h"
#include "ditto/stages/judge.h"
#include "ditto/stages/user_instructions.h"

namespace ditto::pipeline {

/// The stages of one run, made from its config. Shared read-only by all workers.
struct Backends {
  std::unique_ptr<stages::Instructor> instructor;
  std::unique_ptr<stages::Editor> editor;
  std::unique_ptr<stages::Gate> gate;
  std::unique_ptr<stages::Generator> generator;
  std::unique_ptr<stages::Enhancer> enhancer;
  std::unique_ptr<stages::Judge> judge;
  stages::UserInstructions user_instructions;
};

/// `generator_threads`: threads one generation may use; never changes results.
Backends make_backends(const config::Config& config, int generator_threads);

/// Of the clips that a run makes; portrait ones have the sides swapped, which changes no sizes.
stages::ClipShape clip_shape(const config::Clip& clip);

/// Memory one clip holds while it is open (frames and what generator and enhancer prepared), and
/// one sample while it is computed. Bytes, without the networks that stages hold.
struct MemoryNeed {
  std::size_t clip = 0;
  std::size_t sample = 0;
};
/// The networks that stages hold for the whole run, each once; clips of no other shape than this
/// one, or smaller ones, are worked at.
std::vector<stages::HeldModel> held_models(const Backends& backends,
                                           const stages::ClipShape& shape);

MemoryNeed memory_need(const Backends& backends, const stages::ClipShape& shape);

}  // namespace ditto::pipeline
