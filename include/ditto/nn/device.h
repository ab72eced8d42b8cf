#pragma once

#include <string>

#include "ditto/nn/module.h"

namespace ditto::nn {

/// "cpu", "cuda" or "cuda:N" as a device that can compute now: for CUDA, LibTorch's CUDA part is
/// loaded and set to full float32 precision (no TF32). Throws Error(kUsage) for another name, and
/// where there is no such device.
at::Device use_device(const std::string& name);

/// The device by the name that configs have for it, in which "auto" is cuda where there is an
/// NVIDIA device, else cpu. Throws as use_device() does.
at::Device choose_device(const std::string& name);

/// A device and a number format by the names that configs have for them. Throws Error(kUsage) as
/// use_device() does, and for an unknown format.
Placement use_placement(const std::string& device, const std::string& dtype);

}  // namespace ditto::nn
