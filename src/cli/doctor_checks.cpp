#include "cli/doctor_checks.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <opencv2/core/utility.hpp>

#include "cli/machine.h"
#include "ditto/config/config.h"
#include "ditto/core/files.h"
#include "ditto/media/media.h"
#include "ditto/nn/runtime.h"
#include "ditto/stages/face_data.h"

namespace ditto::cli {
namespace {

using Result = Check::Result;

Check check_cpu() {
#if defined(__x86_64__)
  std::string sets = "AVX2 and FMA";
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (!has_avx2)
    return {"cpu", Result::kFail, cpu_model() + ": no AVX2 and FMA, which this build uses"};
  if (__builtin_cpu_supports("avx512f") != 0) sets = "AVX2, FMA and AVX-512";
  return {"cpu", Result::kOk, fmt::format("{}: {}", cpu_model(), sets)};
#else
  return {"cpu", Result::kWarn, cpu_model() + ": not x86-64; run.cpu pins nothing here"};
#endif
}

Check check_cores() { return {"cores", Result::kOk, fmt::format("{} usable", usable_cores())}; }

Check check_memory() {
  const auto available = available_memory();
  if (!available) return {"memory", Result::kWarn, "the system doesn't tell how much is free"};
  const double wanted = config::Run().memory_megabytes * 1e6;
  const std::string text = readable_bytes(*available) + " free";
  if (static_cast<double>(*available) >= wanted) return {"memory", Result::kOk, text};
  return {"memory", Result::kWarn,
          fmt::format("{}, less than the default run.memory_megabytes of {:g}; set it lower", text,
                      config::Run().memory_megabytes)};
}

Check check_disk() {
  const std::filesystem::path here = std::filesystem::current_path();
  const auto available = free_disk(here);
  if (!available)
    return {"disk", Result::kWarn, printable(here) + ": the system doesn't tell how much is free"};
  const std::string text =
      fmt::format("{} free in {}", readable_bytes(*available), printable(here));
  if (static_cast<double>(*available) >= config::Run().min_free_megabytes * 1e6)
    return {"disk", Result::kOk, text};
  return {"disk", Result::kWarn,
          fmt::format("{}, less than run.min_free_megabytes ({:g})", text,
                      config::Run().min_free_megabytes)};
}

Check check_torch() {
  nn::set_up_torch();
  const std::string text =
      fmt::format("{}, kernels for {}", nn::torch_version(), nn::torch_cpu_capability());
  if (!nn::torch_computes())
    return {"libtorch", Result::kFail, text + ": a matrix product came out wrong"};
  return {"libtorch", Result::kOk, text};
}

Check check_opencv() {
  const std::string text = fmt::format("{} ({})", cv::getVersionString(), cv::getCPUFeaturesLine());
  // A smooth ramp halved by averaging: every pixel is known.
  cv::Mat ramp(8, 64, CV_32FC1);
  for (int x = 0; x < ramp.cols; ++x) ramp.col(x).setTo(static_cast<float>(x));
  cv::Mat half;
  cv::resize(ramp, half, {}, 0.5, 0.5, cv::INTER_AREA);
  for (int x = 0; x < half.cols; ++x) {
    if (std::abs(half.at<float>(1, x) - (2 * static_cast<float>(x) + 0.5f)) > 1e-4f) {
      return {"opencv", Result::kFail, text + ": a resized picture came out wrong"};
    }
  }
  return {"opencv", Result::kOk, text};
}

Check check_faces() {
  const stages::FaceData& data = stages::face_data();
  if (data.found())
    return {"faces", Result::kOk, "OpenCV's detector, data in " + printable(data.folder)};
  return {"faces", Result::kWarn,
          data.problem +
              "; no instruction will speak of a face (Debian package opencv-data, or "
              "set DITTO_HAARCASCADES to the folder)"};
}

/// Encodes a few frames with libx264 and decodes them again.
Check check_ffmpeg() {
  media::Video video;
  video.fps = {20, 1};
  for (int i = 0; i < 5; ++i)
    video.frames.emplace_back(64, 96, CV_8UC3, cv::Scalar(40 + 30 * i, 90, 160));
  const media::Video back = media::read_video_bytes(
      media::encode_mp4(video, {.crf = 12, .preset = "veryfast", .threads = 1}));
  const std::string text = media::versions() + "; libx264 works";
  if (back.frames.size() != video.frames.size() || back.size() != video.size()) {
    return {"ffmpeg", Result::kFail, media::versions() + ": encoded frames don't come back"};
  }
  constexpr double kTolerance = 6;  // of 255: YUV 4:2:0 and the quantiser
  for (std::size_t i = 0; i < video.frames.size(); ++i) {
    if (cv::norm(video.frames[i], back.frames[i], cv::NORM_INF) > kTolerance) {
      return {"ffmpeg", Result::kFail, media::versions() + ": encoded colours don't come back"};
    }
  }
  return {"ffmpeg", Result::kOk, text};
}

Check check_sqlite() {
  const std::string text = sqlite3_libversion();
  if (sqlite3_threadsafe() == 0)
    return {"sqlite", Result::kFail, text + " was built without threads"};
  return {"sqlite", Result::kOk, text};
}

Check check_gpu() {
  std::string problem;
  if (nn::load_cuda_if_present(&problem))
    return {"gpu", Result::kOk, "an NVIDIA device; libtorch_cuda is loaded"};
  if (problem.empty()) return {"gpu", Result::kOk, "none; the builtin backends need none"};
  return {"gpu", Result::kWarn, "an NVIDIA device, but no use of it: " + problem};
}

Check check_terminal() {
  const auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string(text != nullptr ? text : "");
  };
  // The order in which the C library looks them up.
  std::string locale = value("LC_ALL");
  if (locale.empty()) locale = value("LC_CTYPE");
  if (locale.empty()) locale = value("LANG");
  const bool colour = ::isatty(STDERR_FILENO) != 0 && std::getenv("NO_COLOR") == nullptr;
  return {"terminal", Result::kOk,
          fmt::format("locale {}, {}, {}", locale.empty() ? "C" : locale,
                      ::isatty(STDERR_FILENO) != 0 ? "messages go to a terminal"
                                                   : "messages go to no terminal",
                      colour ? "in colour" : "without colour")};
}

}  // namespace

std::vector<Check> examine_machine() {
  struct Named {
    const char* name;
    Check (*check)();
  };
  constexpr std::array kChecks = {
      Named{"cpu", check_cpu},     Named{"cores", check_cores},       Named{"memory", check_memory},
      Named{"disk", check_disk},   Named{"libtorch", check_torch},    Named{"opencv", check_opencv},
      Named{"faces", check_faces}, Named{"ffmpeg", check_ffmpeg},     Named{"sqlite", check_sqlite},
      Named{"gpu", check_gpu},     Named{"terminal", check_terminal},
  };
  std::vector<Check> checks;
  for (const auto& [name, check] : kChecks) {
    try {
      checks.push_back(check());
    } catch (const std::exception& error) {
      checks.push_back({name, Result::kFail, error.what()});
    }
  }
  return checks;
}

}  // namespace ditto::cli
