#include <cmath>
#include <stdexcept>

#include "ditto/diffusion/solver.h"

namespace ditto::diffusion {
namespace {

constexpr double kKarrasPower = 7.0;  // Karras et al., arXiv 2206.00364

/// Sigmas between the first and the last one, evenly spaced in another measure.
at::Tensor respaced(const at::Tensor& sigmas, EulerConfig::Spacing spacing) {
  const double first = sigmas[0].item<double>();
  const double last = sigmas[-1].item<double>();
  const std::int64_t count = sigmas.size(0);
  if (spacing == EulerConfig::Spacing::kExponential) {
    return at::exp(linspace(std::log(first), std::log(last), count));
  }
  const double high = std::pow(first, 1 / kKarrasPower);
  const double low = std::pow(last, 1 / kKarrasPower);
  return at::pow(high + linspace(0, 1, count) * (low - high), kKarrasPower);
}

/// The ends of the training schedule, computed in float32; shifted unless shifting is dynamic.
double training_sigma(const EulerConfig& config, double timestep) {
  const auto count = static_cast<double>(config.train_timesteps);
  at::Tensor sigma = at::full({1}, timestep, at::kFloat) / count;
  if (config.shift.dynamic == Shift::Dynamic::kNone) {
    const double shift = config.shift.fixed;
    sigma = shift * sigma / (1 + (shift - 1) * sigma);
  }
  return sigma.item<double>();
}

}  // namespace

Schedule make_schedule(const EulerConfig& config, const ScheduleRequest& request) {
  const std::int64_t steps = steps_of(request);
  const auto count = static_cast<double>(config.train_timesteps);
  // Explicit sigmas are computed with in float32, the default ones in float64.
  at::Tensor sigmas = request.sigmas.empty()
                          ? linspace(training_sigma(config, count) * count,
                                     training_sigma(config, 1) * count, steps) /
                                count
                          : at::tensor(request.sigmas, at::kDouble).to(at::kFloat);
  sigmas = config.shift(sigmas, request.mu);
  if (config.spacing != EulerConfig::Spacing::kAsShifted) {
    sigmas = respaced(sigmas, config.spacing);
  }
  sigmas = sigmas.to(at::kFloat);
  if (config.inverted) sigmas = 1 - sigmas;
  const at::Tensor end = at::full({1}, config.inverted ? 1.0 : 0.0, at::kFloat);
  return {sigmas * count, at::cat({sigmas, end})};
}

at::Tensor Euler::step(const at::Tensor& output, const at::Tensor& sample) {
  if (at_ >= schedule_.steps()) throw std::logic_error("all steps were taken");
  const at::Tensor way = schedule_.sigmas[at_ + 1] - schedule_.sigmas[at_];
  ++at_;
  return (sample.to(at::kFloat) + way * output).to(output.scalar_type());
}

}  // namespace ditto::diffusion
