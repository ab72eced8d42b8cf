#pragma once

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>
#include <vector>

#include "ditto/core/random.h"

/// Scenes and folders for the tests of the curate stage.
namespace ditto::stages::curate::testing {

/// A directory that is removed with the object.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "ditto-curate-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// Writes a file, making the directories above it.
  void write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << bytes;
  }

 private:
  std::filesystem::path path_;
};

/// A textured picture: random blobs of several sizes and colours, CV_8UC3.
inline cv::Mat texture(int seed, cv::Size size) {
  Stream random(static_cast<std::uint64_t>(seed), "scene", "texture");
  cv::Mat sum(
      size, CV_32FC3,
      cv::Scalar(random.uniform(70, 180), random.uniform(70, 180), random.uniform(70, 180)));
  for (const int cell : {48, 16, 6}) {
    cv::Mat coarse(size.height / cell + 2, size.width / cell + 2, CV_32FC3);
    for (int i = 0; i < coarse.rows * coarse.cols * 3; ++i) {
      coarse.ptr<float>()[i] = static_cast<float>(random.uniform(-45, 45));
    }
    cv::Mat fine;
    cv::resize(coarse, fine, size, 0, 0, cv::INTER_CUBIC);
    sum += fine;
  }
  cv::Mat picture;
  sum.convertTo(picture, CV_8UC3);
  return picture;
}

/// `frames` views of `size` into a texture, moving by (dx, dy) pixels a frame.
inline std::vector<cv::Mat> pan(int seed, cv::Size size, int frames, double dx, double dy = 0) {
  const cv::Size large(size.width + static_cast<int>(std::abs(dx) * frames) + 8,
                       size.height + static_cast<int>(std::abs(dy) * frames) + 8);
  const cv::Mat world = texture(seed, large);
  std::vector<cv::Mat> views;
  for (int i = 0; i < frames; ++i) {
    const double x = 2 + (dx < 0 ? -dx * (frames - i) : dx * i);
    const double y = 2 + (dy < 0 ? -dy * (frames - i) : dy * i);
    const cv::Matx23d shift(1, 0, -x, 0, 1, -y);
    cv::Mat view;
    cv::warpAffine(world, view, shift, size, cv::INTER_LINEAR);
    views.push_back(view);
  }
  return views;
}

inline void append(std::vector<cv::Mat>& to, const std::vector<cv::Mat>& frames) {
  to.insert(to.end(), frames.begin(), frames.end());
}

/// The folder of real clips, found upwards from the working directory; empty where it isn't set up.
inline std::optional<std::filesystem::path> real_clips() {
  for (auto at = std::filesystem::current_path(); at != at.root_path(); at = at.parent_path()) {
    if (std::filesystem::exists(at / ".deps/clips/bikes.mp4")) return at / ".deps/clips";
  }
  return std::nullopt;
}

}  // namespace ditto::stages::curate::testing
