#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Noise levels of flow matching: x = (1 - sigma) * clean + sigma * noise, and the network predicts
/// noise - clean.
namespace ditto::diffusion {

/// What a run asks for. Without sigmas there must be a number of steps; with both they must agree.
struct ScheduleRequest {
  std::int64_t steps = 0;
  std::vector<double> sigmas;  ///< before shifting, descending from at most 1
  std::optional<double> mu;    ///< for dynamic shifting only
};

/// The steps of a run, on the CPU.
struct Schedule {
  at::Tensor timesteps;  ///< [N] what the network is told: i64 or f32, in 0..1000
  at::Tensor sigmas;     ///< [N+1] f32; the last one is where the run ends

  std::int64_t steps() const { return timesteps.size(0); }
};

/// How sigmas are moved towards noise: t' = s t / (1 + (s - 1) t), with a fixed s ("shift"), or
/// with one that follows from the size of the picture, s = exp(mu) or mu.
struct Shift {
  enum class Dynamic { kNone, kExponential, kLinear };
  double fixed = 1.0;
  Dynamic dynamic = Dynamic::kNone;
  std::optional<double> terminal;  ///< the last sigma after stretching; in (0, 1)

  /// sigmas [N] of either floating type, which the arithmetic keeps. Throws Error(kInput) when mu
  /// is missing.
  at::Tensor operator()(const at::Tensor& sigmas, std::optional<double> mu) const;
};

/// Numbers from `first` to `last`, [count] f64, in numpy's arithmetic: truncated to integers they
/// must give the reference's timesteps.
at::Tensor linspace(double first, double last, std::int64_t count);

/// The number of steps of a request. Throws Error(kInput) for one that asks for none, too many
/// (above 10000), for two different numbers, or for sigmas outside of (0, 1].
std::int64_t steps_of(const ScheduleRequest& request);

}  // namespace ditto::diffusion
