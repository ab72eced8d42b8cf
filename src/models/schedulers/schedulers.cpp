#include "models/schedulers/schedulers.h"

namespace ditto::models {
namespace {

using diffusion::EulerConfig;
using diffusion::Shift;
using diffusion::UniPcConfig;

void refuse(const ModelConfig& config, const char* key) {
  if (config.flag(key, false)) config.fail(key, "is not supported");
}

Shift shift_of(const ModelConfig& config, const char* fixed) {
  Shift shift;
  shift.fixed = config.number(fixed, 1.0);
  if (!(shift.fixed > 0)) config.fail(fixed, "must be above 0");
  if (config.flag("use_dynamic_shifting", false)) {
    const std::string kind = config.text("time_shift_type", "exponential");
    if (kind != "exponential" && kind != "linear") {
      config.fail("time_shift_type", "must be \"exponential\" or \"linear\"");
    }
    shift.dynamic = kind == "linear" ? Shift::Dynamic::kLinear : Shift::Dynamic::kExponential;
  }
  const double terminal = config.number("shift_terminal", 0.0);
  if (terminal != 0) {
    if (!(terminal > 0 && terminal < 1)) config.fail("shift_terminal", "must be between 0 and 1");
    shift.terminal = terminal;
  }
  return shift;
}

EulerConfig euler_config(const ModelConfig& config) {
  EulerConfig euler;
  euler.train_timesteps = config.integer("num_train_timesteps", 1000);
  euler.shift = shift_of(config, "shift");
  euler.inverted = config.flag("invert_sigmas", false);
  refuse(config, "stochastic_sampling");
  refuse(config, "use_beta_sigmas");
  const bool karras = config.flag("use_karras_sigmas", false);
  const bool exponential = config.flag("use_exponential_sigmas", false);
  if (karras && exponential) {
    config.fail("use_karras_sigmas", "excludes use_exponential_sigmas");
  }
  if (karras) euler.spacing = EulerConfig::Spacing::kKarras;
  if (exponential) euler.spacing = EulerConfig::Spacing::kExponential;
  return euler;
}

UniPcConfig unipc_config(const ModelConfig& config) {
  UniPcConfig unipc;
  unipc.train_timesteps = config.integer("num_train_timesteps", 1000);
  unipc.shift = shift_of(config, "flow_shift");
  constexpr std::int64_t kHighestOrder = 8;
  unipc.order = config.integer("solver_order", 2, 1, kHighestOrder);
  if (config.text("prediction_type", "epsilon") != "flow_prediction") {
    config.fail("prediction_type", "must be \"flow_prediction\"; others are not supported");
  }
  if (!config.flag("use_flow_sigmas", false)) {
    config.fail("use_flow_sigmas", "must be true; other sigmas are not supported");
  }
  if (!config.flag("predict_x0", true)) config.fail("predict_x0", "must be true");
  for (const char* key :
       {"thresholding", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"}) {
    refuse(config, key);
  }
  if (config.has("solver_p")) config.fail("solver_p", "is not supported");
  // The reference takes these names of other solvers for bh2.
  static const std::set<std::string> kBh2 = {"bh2", "midpoint", "heun", "logrho"};
  const std::string solver = config.text("solver_type", "bh2");
  if (solver != "bh1" && !kBh2.contains(solver)) {
    config.fail("solver_type", "must be \"bh1\" or \"bh2\"");
  }
  unipc.bh2 = solver != "bh1";
  unipc.lower_order_final = config.flag("lower_order_final", true);
  const std::string end = config.text("final_sigmas_type", "zero");
  if (end != "zero" && end != "sigma_min") {
    config.fail("final_sigmas_type", "must be \"zero\" or \"sigma_min\"");
  }
  unipc.ends_at_zero = end == "zero";
  const auto left_out = config.integers("disable_corrector", std::vector<std::int64_t>{});
  unipc.not_corrected = {left_out.begin(), left_out.end()};
  return unipc;
}

}  // namespace

diffusion::SolverConfig solver_config(const ModelConfig& config) {
  const std::string name = config.class_name();
  if (name == "UniPCMultistepScheduler") return unipc_config(config);
  if (name == "FlowMatchEulerDiscreteScheduler") return euler_config(config);
  config.fail("_class_name", "is \"" + name +
                                 "\"; schedulers that are supported: UniPCMultistepScheduler, "
                                 "FlowMatchEulerDiscreteScheduler");
}

diffusion::ScheduleRequest schedule_request(const ModelConfig& arguments) {
  diffusion::ScheduleRequest request;
  if (arguments.has("num_inference_steps"))
    request.steps = arguments.integer("num_inference_steps");
  request.sigmas = arguments.numbers("sigmas", std::vector<double>{});
  if (arguments.has("mu")) request.mu = arguments.number("mu");
  return request;
}

Model make_scheduler(const Source& source, const nn::Placement& /*placement*/) {
  const diffusion::SolverConfig config = solver_config(source.config);
  const auto step = [config](const Inputs& inputs) {
    at::Tensor sample = inputs.tensor("sample");
    const at::Tensor& outputs = inputs.tensor("model_output");
    diffusion::Solver solver(config, schedule_request(inputs.arguments()));
    const diffusion::Schedule& schedule = solver.schedule();
    if (outputs.dim() != sample.dim() + 1 || outputs.size(0) != schedule.steps() ||
        outputs.sizes().slice(1) != sample.sizes()) {
      inputs.fail("model_output", "must hold one tensor of the sample's shape for each of the " +
                                      std::to_string(schedule.steps()) + " steps");
    }
    std::vector<at::Tensor> samples;
    for (std::int64_t i = 0; i < schedule.steps(); ++i) {
      sample = solver.step(outputs[i], sample);
      samples.push_back(sample);
    }
    return Values{{{"timesteps", schedule.timesteps},
                   {"sigmas", schedule.sigmas},
                   {"samples", at::stack(samples)}},
                  {}};
  };
  Model model;
  model.entries = {{"step",
                    {"sample", "model_output"},
                    {"num_inference_steps", "sigmas", "mu"},
                    step,
                    /*needs_weights=*/false}};
  return model;
}

}  // namespace ditto::models
