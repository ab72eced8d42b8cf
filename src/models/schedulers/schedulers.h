#pragma once

#include "ditto/diffusion/solver.h"
#include "ditto/models/model.h"

/// Schedulers by their scheduler_config.json.
namespace ditto::models {

/// Of UniPCMultistepScheduler or FlowMatchEulerDiscreteScheduler. Throws Error(kInput) naming the
/// key for another class and for options that are not supported.
diffusion::SolverConfig solver_config(const ModelConfig& config);

/// "num_inference_steps", "sigmas" and "mu" of an entry's arguments.
diffusion::ScheduleRequest schedule_request(const ModelConfig& arguments);

/// Entry `step`: takes all steps, with the network's outputs given.
Model make_scheduler(const Source& source, const nn::Placement& placement);

}  // namespace ditto::models
