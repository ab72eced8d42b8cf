#include "ditto/diffusion/solver.h"

namespace ditto::diffusion {
namespace {

std::variant<Euler, UniPc> make_solver(const SolverConfig& config, const ScheduleRequest& request) {
  if (const auto* euler = std::get_if<EulerConfig>(&config)) return Euler(*euler, request);
  return UniPc(std::get<UniPcConfig>(config), request);
}

}  // namespace

Solver::Solver(const SolverConfig& config, const ScheduleRequest& request)
    : solver_(make_solver(config, request)) {}

const Schedule& Solver::schedule() const {
  return std::visit([](const auto& solver) -> const Schedule& { return solver.schedule(); },
                    solver_);
}

at::Tensor Solver::step(const at::Tensor& output, const at::Tensor& sample) {
  return std::visit([&](auto& solver) { return solver.step(output, sample); }, solver_);
}

}  // namespace ditto::diffusion
