#pragma once

#include <string>

/// LibTorch as a whole: set-up and facts, without its headers.
namespace ditto::nn {

/// One thread within and between operators, unless told otherwise: parallelism is over samples, and
/// results must not depend on a thread count. May be called again.
void set_up_torch(int threads = 1);

/// Has the allocator keep what is freed, up to 256 MB, rather than return it to the system, which
/// clears it each time it is asked for again: 5 % of a language model's pass over 512 tokens. For
/// processes that run networks and nothing else.
void keep_freed_memory();

std::string torch_version();
/// The instruction set that LibTorch's own kernels use: "DEFAULT", "AVX2", "AVX512".
std::string torch_cpu_capability();
/// Multiplies small matrices and compares with the exact product.
bool torch_computes();

/// Loads libtorch_cuda.so, whose kernels register themselves, when this machine has an NVIDIA
/// device. False without a device or library; `problem` then tells why, empty without a device.
bool load_cuda_if_present(std::string* problem = nullptr);

/// choose_device() of nn/device.h for code that doesn't see LibTorch's headers: "cpu" or "cuda:N".
std::string chosen_device(const std::string& name);

}  // namespace ditto::nn
