#include "ditto/diffusion/schedule.h"

#include <cmath>

#include "ditto/core/error.h"

namespace ditto::diffusion {
namespace {

constexpr std::int64_t kMostSteps = 10000;

/// Ends where it was told to, with the same proportions.
at::Tensor stretched(const at::Tensor& sigmas, double terminal) {
  const at::Tensor done = 1 - sigmas;
  if (done[-1].item<double>() == 0) {
    throw Error(ErrorKind::kInput, "shift_terminal can't be reached: the last sigma is 1");
  }
  return 1 - done / (done[-1] / (1 - terminal));
}

}  // namespace

at::Tensor Shift::operator()(const at::Tensor& sigmas, std::optional<double> mu) const {
  // One operator at a time: a compiler may fuse products and sums, and give other last digits.
  at::Tensor shifted;
  if (dynamic == Dynamic::kNone) {
    shifted = fixed * sigmas / (1 + (fixed - 1) * sigmas);
  } else {
    if (!mu) throw Error(ErrorKind::kInput, "mu is missing: the scheduler shifts dynamically");
    const double factor = dynamic == Dynamic::kExponential ? std::exp(*mu) : *mu;
    shifted = factor / (factor + (1 / sigmas - 1));
  }
  return terminal ? stretched(shifted, *terminal) : shifted;
}

at::Tensor linspace(double first, double last, std::int64_t count) {
  const at::Tensor index = at::arange(count, at::TensorOptions().dtype(at::kDouble));
  if (count < 2) return index + first;
  at::Tensor values = index * ((last - first) / static_cast<double>(count - 1)) + first;
  values[count - 1] = last;
  return values;
}

std::int64_t steps_of(const ScheduleRequest& request) {
  const auto given = static_cast<std::int64_t>(request.sigmas.size());
  const std::int64_t steps = given > 0 ? given : request.steps;
  if (steps < 1 || steps > kMostSteps) {
    throw Error(ErrorKind::kInput, "num_inference_steps must be 1 to " +
                                       std::to_string(kMostSteps) + ", or sigmas given");
  }
  if (request.steps > 0 && request.steps != steps) {
    throw Error(ErrorKind::kInput, "num_inference_steps is " + std::to_string(request.steps) +
                                       ", but there are " + std::to_string(given) + " sigmas");
  }
  for (const double sigma : request.sigmas) {
    if (!(sigma > 0 && sigma <= 1)) {
      throw Error(ErrorKind::kInput, "sigmas must be above 0 and at most 1");
    }
  }
  return steps;
}

}  // namespace ditto::diffusion
