#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ditto/diffusion/solver.h"

namespace ditto::diffusion {

/// A schedule of few steps for a network that was distilled to need no more, and no guidance: it is
/// for these weights only, and others give bad pictures with it. All take plain Euler steps.
struct Recipe {
  std::string_view name;
  std::string_view weights;  ///< whose it is
  EulerConfig solver;
  std::vector<double> sigmas;  ///< before the solver's shift
};

///     lightx2v-4  timesteps 1000, 937.5, 833.3, 625: four even steps, shifted by 5. LightX2V's
///                 step-distilled Wan2.1-T2V-14B (denoising_step_list 1000, 750, 500, 250 and
///                 sample_shift 5 of its configs/distill).
///     causvid-3   1000, 757, 522, as they are: they lie on a grid shifted by 8. CausVid
///                 (denoising_step_list and timestep_shift of its configs).
///     causvid-9   999, 934, 862, 756, 603, 410, 250, 140, 74, as they are. CausVid on Wan2.1-14B
///                 (denoising_step_list in LightX2V, "flowmatch_causvid" in WanVideoWrapper).
///     vdot-4      1000, 960, 888.9, 727.3: four even steps, shifted by 8. VDOT-14B, distilled on
///                 VACE.
/// The numbers are those with which the weights are used elsewhere; none was tried on them here.
std::span<const Recipe> recipes();

/// Null when there is none of that name.
const Recipe* find_recipe(std::string_view name);
/// "lightx2v-4, causvid-3, ..."
std::string recipe_names();

}  // namespace ditto::diffusion
