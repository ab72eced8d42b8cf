#pragma once

#include "ditto/models/model.h"

/// What Qwen2.5-VL's tensors are called, and what follows from their names and shapes.
namespace ditto::models::qwen {

/// The names that transformers' modules have (model.visual.*, model.language_model.*), and those of
/// published checkpoints and of what transformers 5 saves (visual.*, model.*), which are the module
/// tree's. The config of a file that comes without one, as ComfyUI's text encoders do, follows from
/// its shapes and from what all published sizes have in common: heads of 128 and of 80 in the
/// vision tower.
std::vector<Layout> layouts();

}  // namespace ditto::models::qwen
