#include "ditto/diffusion/recipes.h"

namespace ditto::diffusion {
namespace {

const std::vector<double> kFourEven = {1.0, 0.75, 0.5, 0.25};

EulerConfig shifted(double shift) {
  EulerConfig config;
  config.shift.fixed = shift;
  return config;
}

}  // namespace

std::span<const Recipe> recipes() {
  static const std::vector<Recipe> all = {
      {"lightx2v-4", "LightX2V's step-distilled LoRA files for Wan2.1", shifted(5), kFourEven},
      {"causvid-3", "CausVid", {}, {1.0, 0.757, 0.522}},
      {"causvid-9",
       "CausVid's LoRA files for Wan2.1-14B",
       {},
       {0.999, 0.934, 0.862, 0.756, 0.603, 0.41, 0.25, 0.14, 0.074}},
      {"vdot-4", "VDOT-14B", shifted(8), kFourEven},
  };
  return all;
}

const Recipe* find_recipe(std::string_view name) {
  for (const Recipe& one : recipes()) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

std::string recipe_names() {
  std::string names;
  for (const Recipe& one : recipes()) {
    names += (names.empty() ? "" : ", ") + std::string(one.name);
  }
  return names;
}

}  // namespace ditto::diffusion
