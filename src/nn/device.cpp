#include "ditto/nn/device.h"

#include <ATen/Context.h>

#include <charconv>

#include "ditto/core/error.h"
#include "ditto/nn/dtype.h"
#include "ditto/nn/runtime.h"

namespace ditto::nn {
namespace {

constexpr std::string_view kCuda = "cuda";

[[noreturn]] void fail(const std::string& problem) { throw Error(ErrorKind::kUsage, problem); }

int cuda_index(const std::string& name) {
  int index = 0;
  if (name == kCuda) return index;
  const std::string_view digits = std::string_view(name).substr(kCuda.size());
  const char* const end = digits.data() + digits.size();
  const bool colon = digits.size() > 1 && digits.front() == ':';
  const auto [rest, error] = std::from_chars(digits.data() + 1, end, index);
  if (!colon || error != std::errc() || rest != end || index < 0 || index > 127) {
    fail("device \"" + shown(name) + "\" must be cpu, cuda or cuda:N");
  }
  return index;
}

}  // namespace

at::Device use_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (!name.starts_with(kCuda)) fail("device \"" + shown(name) + "\" must be cpu, cuda or cuda:N");
  const int index = cuda_index(name);
  std::string problem;
  if (!load_cuda_if_present(&problem)) {
    fail("device \"" + name +
         "\": " + (problem.empty() ? "this machine has no NVIDIA device" : problem));
  }
  const auto count = static_cast<int>(at::getNumGPUs());
  if (index >= count) {
    fail("device \"" + name + "\": this machine has " + std::to_string(count) + " CUDA device(s)");
  }
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

at::Device choose_device(const std::string& name) {
  if (name != "auto") return use_device(name);
  // The CUDA part may be there and see no device, as where they are hidden from a process.
  return load_cuda_if_present() && at::getNumGPUs() > 0 ? use_device(std::string(kCuda)) : at::kCPU;
}

Placement use_placement(const std::string& device, const std::string& dtype) {
  const auto format = dtype_from_torch(dtype);
  if (!format) fail("dtype \"" + shown(dtype) + "\" is unknown");
  return {*format, choose_device(device)};
}

}  // namespace ditto::nn
