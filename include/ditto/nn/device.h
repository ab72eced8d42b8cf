#pragma once

#include <c10/core/Device.h>

#include <string>

namespace ditto::nn {

/// "cpu", "cuda" or "cuda:N" as a device that can compute now: for CUDA, LibTorch's CUDA part is
/// loaded and set to full float32 precision (no TF32). Throws Error(kUsage) for another name, and
/// where there is no such device.
at::Device use_device(const std::string& name);

}  // namespace ditto::nn
