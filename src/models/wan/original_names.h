#pragma once

#include "ditto/models/model.h"

/// The names that Wan's own code gives to the transformer's parameters, which its checkpoints,
/// those of ComfyUI (with a prefix) and most LoRA files have.
namespace ditto::models::wan {

/// With all that Architecture wants to know of it.
Layout original_layout();

/// diffusers' names, which are the module tree's: for single files, with a prefix or without.
Layout diffusers_layout();

/// A file with VACE's control branch alone is told what it lacks. In one directory with the
/// text-to-video model's file, the two are read as one checkpoint of the layout above.
Layout vace_module_layout();

}  // namespace ditto::models::wan
