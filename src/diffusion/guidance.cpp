#include "ditto/diffusion/guidance.h"

namespace ditto::diffusion {

bool is_guided(double scale) { return scale > 1.0; }

at::Tensor guide(double scale, const std::function<at::Tensor(bool positive)>& network) {
  const at::Tensor positive = network(true);
  if (scale == 1.0) return positive;
  const at::Tensor negative = network(false);
  return negative + scale * (positive - negative);
}

}  // namespace ditto::diffusion
