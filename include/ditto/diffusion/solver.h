#pragma once

#include <set>
#include <variant>
#include <vector>

#include "ditto/diffusion/schedule.h"

/// Solvers of the flow's differential equation, numerically equal to the schedulers of the same
/// names in diffusers 0.42. Results of one step at a time; the network is the caller's business:
///
///     Solver solver(config, {.steps = 50});
///     for (std::int64_t i = 0; i < solver.schedule().steps(); ++i)
///       x = solver.step(network(x, solver.schedule().timesteps[i]), x);
namespace ditto::diffusion {

/// FlowMatchEulerDiscreteScheduler, without its stochastic sampling.
struct EulerConfig {
  enum class Spacing { kAsShifted, kKarras, kExponential };
  std::int64_t train_timesteps = 1000;
  Shift shift;
  bool inverted = false;  ///< sigma counts from noise to clean: Mochi
  Spacing spacing = Spacing::kAsShifted;
};

/// The default schedule is shifted a second time at its low end, where sigma_min already is, as the
/// reference does: shift 5 and 4 steps give timesteps 1000, 909.7, 717.3, 24.4.
Schedule make_schedule(const EulerConfig& config, const ScheduleRequest& request);

/// UniPCMultistepScheduler for flow prediction (use_flow_sigmas, predict_x0).
struct UniPcConfig {
  std::int64_t train_timesteps = 1000;
  Shift shift;
  std::int64_t order = 2;
  bool bh2 = true;                       ///< B(h) = exp(h) - 1, else h
  bool lower_order_final = true;         ///< order 1 in the last step, 2 in the one before, ...
  bool ends_at_zero = true;              ///< else at the last sigma once more
  std::set<std::int64_t> not_corrected;  ///< steps after which the corrector is left out
};

/// Timesteps are whole numbers, truncated: the first one is 999.
Schedule make_schedule(const UniPcConfig& config, const ScheduleRequest& request);

/// x + (sigma' - sigma) * output, in float32, cast to the output's dtype.
class Euler {
 public:
  Euler(const EulerConfig& config, const ScheduleRequest& request)
      : schedule_(make_schedule(config, request)) {}
  const Schedule& schedule() const { return schedule_; }
  at::Tensor step(const at::Tensor& output, const at::Tensor& sample);

 private:
  Schedule schedule_;
  std::int64_t at_ = 0;
};

/// Predictor and corrector of several orders over what the steps before predicted (Zhao et al.,
/// arXiv 2302.04867).
class UniPc {
 public:
  UniPc(const UniPcConfig& config, const ScheduleRequest& request)
      : config_(config), schedule_(make_schedule(config, request)) {}
  const Schedule& schedule() const { return schedule_; }
  at::Tensor step(const at::Tensor& output, const at::Tensor& sample);

 private:
  struct Update;
  /// The integral from sigma number `from` to number `to`, with the predictions before `from`.
  Update update(std::int64_t from, std::int64_t to, std::int64_t order) const;
  at::Tensor predict(const at::Tensor& sample, std::int64_t order) const;
  at::Tensor correct(const at::Tensor& prediction) const;

  UniPcConfig config_;
  Schedule schedule_;
  std::int64_t at_ = 0;
  std::vector<at::Tensor> predictions_;  ///< of the clean sample, the latest last
  at::Tensor last_sample_;
  std::int64_t last_order_ = 0;
};

using SolverConfig = std::variant<EulerConfig, UniPcConfig>;

/// Either of them.
class Solver {
 public:
  /// Throws Error(kInput) for a request that can't be met.
  Solver(const SolverConfig& config, const ScheduleRequest& request);
  const Schedule& schedule() const;
  /// The sample after the next step. output and sample are of one shape; throws std::logic_error
  /// after the last step.
  at::Tensor step(const at::Tensor& output, const at::Tensor& sample);

 private:
  std::variant<Euler, UniPc> solver_;
};

}  // namespace ditto::diffusion
