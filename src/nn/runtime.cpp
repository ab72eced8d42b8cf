#include "ditto/nn/runtime.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/version.h>

#include <filesystem>

#include "ditto/nn/device.h"

namespace ditto::nn {

void set_up_torch(int threads) {
  at::set_num_threads(threads);
  // The number of inter-op threads can be set only once in a process.
  static const bool done = [] {
    at::set_num_interop_threads(1);
    return true;
  }();
  static_cast<void>(done);
}

void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);  // the largest that is taken
  ::mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

std::string torch_version() { return TORCH_VERSION; }

std::string torch_cpu_capability() { return at::get_cpu_capability(); }

bool torch_computes() {
  const c10::InferenceMode inference;
  // Small whole numbers: every sum is exact in any order.
  constexpr std::int64_t kSize = 24;
  const at::Tensor a = at::arange(kSize * kSize, at::kFloat).remainder(7).reshape({kSize, kSize});
  const at::Tensor b = at::arange(kSize * kSize, at::kFloat).remainder(5).reshape({kSize, kSize});
  const at::Tensor product = at::mm(a, b).contiguous();
  const float* x = a.const_data_ptr<float>();
  const float* y = b.const_data_ptr<float>();
  const float* z = product.const_data_ptr<float>();
  for (std::int64_t i = 0; i < kSize; ++i) {
    for (std::int64_t j = 0; j < kSize; ++j) {
      float sum = 0;
      for (std::int64_t k = 0; k < kSize; ++k) sum += x[i * kSize + k] * y[k * kSize + j];
      if (z[i * kSize + j] != sum) return false;
    }
  }
  return true;
}

bool load_cuda_if_present(std::string* problem) {
  std::error_code ignored;
  if (problem != nullptr) problem->clear();
  if (!std::filesystem::exists("/dev/nvidiactl", ignored)) return false;
  // Found by the run path of the program. Its symbols are nobody's business but its own.
  static void* const library = ::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr && problem != nullptr) {
    const char* reason = ::dlerror();
    *problem = reason != nullptr ? reason : "libtorch_cuda.so can't be loaded";
  }
  return library != nullptr;
}

std::string chosen_device(const std::string& name) { return choose_device(name).str(); }

}  // namespace ditto::nn
