#include "stages/edit/user_objects.h"

#include <filesystem>
#include <set>

#include "ditto/core/error.h"
#include "ditto/core/hash.h"
#include "ditto/media/media.h"
#include "stages/edit/lexicon.h"

namespace ditto::stages::editing {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what) {
  throw Error(ErrorKind::kUsage, "edit.objects: " + what);
}

cv::Mat visible_part(const cv::Mat& rgba, const fs::path& file) {
  cv::Mat alpha;
  cv::extractChannel(rgba, alpha, 3);
  const cv::Rect box = cv::boundingRect(alpha > 7);
  if (box.width < 8 || box.height < 8)
    fail(fmt::format("{}: nothing visible of at least 8x8 pixels", file.string()));
  cv::Mat out;
  rgba(box).convertTo(out, CV_32FC4, 1.0 / 255);
  return out;
}

}  // namespace

UserObjects read_objects(const std::string& folder) {
  UserObjects out;
  std::error_code error;
  // Sorted, so that messages don't depend on the file system's order.
  std::set<fs::path> files;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::string ending = it->path().extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (ending == ".png") files.insert(it->path());
  }
  if (error) fail(fmt::format("can't read the folder {}: {}", folder, error.message()));
  if (files.empty()) fail(fmt::format("{} holds no .png files", folder));
  for (const fs::path& file : files) {
    const std::string name = normalised(file.stem().string());
    if (name.empty()) fail(fmt::format("{}: a name needs letters or digits", file.string()));
    cv::Mat rgba;
    try {
      rgba = media::read_image_with_alpha(file);
    } catch (const Error& e) {
      fail(e.what());
    }
    if (!out.emplace(name, visible_part(rgba, file)).second)
      fail(fmt::format("two files are called \"{}\", one of them {}", name, file.string()));
  }
  return out;
}

double aspect_of(const cv::Mat& rgba) { return static_cast<double>(rgba.cols) / rgba.rows; }

Placement placement_of_own(double aspect, const std::string& place) {
  Placement out;
  out.size = 0.25;
  out.aspect = aspect;
  // Wide things would fill the frame.
  if (out.aspect > 1.6) out.size *= 1.6 / out.aspect;
  out.in_the_air = place == "sky" || place == "top" || place.starts_with("upper");
  return out;
}

std::string digest_of(const UserObjects& objects) {
  if (objects.empty()) return "";
  Sha256 hash;
  for (const auto& [name, rgba] : objects) {
    hash.update(fmt::format("{} {}x{}\n", name, rgba.cols, rgba.rows));
    for (int y = 0; y < rgba.rows; ++y) {
      hash.update(rgba.ptr(y), static_cast<std::size_t>(rgba.cols) * rgba.elemSize());
    }
  }
  return hash.hex();
}

}  // namespace ditto::stages::editing
