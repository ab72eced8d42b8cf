#include "cli/start_up.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <opencv2/core/utility.hpp>

#include "ditto/nn/runtime.h"

namespace ditto::cli {
namespace {

constexpr const char* kGuard = "DITTO_CPU_PINNED";
constexpr const char* kOpenCvVariable = "OPENCV_CPU_DISABLE";
constexpr const char* kOpenCvFeature = "AVX512-SKX";  // all that Debian's OpenCV has beyond AVX2
constexpr std::array<std::string_view, 4> kComputing = {"run", "curate", "stage", "plan"};

/// The first argument that is no option.
std::string_view subcommand_of(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] != '-') return argv[i];
  }
  return {};
}

bool beyond_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0;
#else
  return false;
#endif
}

}  // namespace

void keep_standard_descriptors() {
  int descriptor = 0;
  do {
    descriptor = ::open("/dev/null", O_RDWR);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
}

void pin_opencv_before_anything(int argc, char** argv) {
  const std::string_view subcommand = subcommand_of(argc, argv);
  const bool computes =
      std::find(kComputing.begin(), kComputing.end(), subcommand) != kComputing.end();
  if (!computes || !beyond_avx2() || std::getenv(kGuard) != nullptr) return;
  const char* const before = std::getenv(kOpenCvVariable);
  const std::string value = before != nullptr && *before != '\0'
                                ? std::string(before) + "," + kOpenCvFeature
                                : kOpenCvFeature;
  ::setenv(kGuard, "1", 1);
  ::setenv(kOpenCvVariable, value.c_str(), 1);
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) ::execv(self.c_str(), argv);
}

void start_computing(const config::Config& config) {
  // LibTorch, MKL and oneDNN read these at their first use. MKL keeps AVX2's results on Intel CPUs
  // only; COMPATIBLE's hold for every maker's, at about 0.4 times the speed in matrix products.
  if (config.run.cpu != "native") {
    ::setenv("ATEN_CPU_CAPABILITY", "avx2", 1);
    ::setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
    ::setenv("MKL_CBWR", config.run.cpu == "compatible" ? "COMPATIBLE" : "AVX2,STRICT", 1);
  }
  cv::setNumThreads(1);
  nn::set_up_torch();
}

}  // namespace ditto::cli
