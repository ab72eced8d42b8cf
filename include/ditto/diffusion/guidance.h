#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace ditto::diffusion {

/// Whether classifier-free guidance of this scale needs the network's second pass: above 1.
bool is_guided(double scale);

/// uncond + scale * (cond - uncond), where `network(true)` gives the output for the prompt and
/// `network(false)` the one for the negative prompt, which is not called at a scale of 1.
at::Tensor guide(double scale, const std::function<at::Tensor(bool positive)>& network);

}  // namespace ditto::diffusion
