#include "cli/stage_files.h"

#include "cli/machine.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/media/media.h"

namespace ditto::cli {
namespace {

namespace fs = std::filesystem;

void require_memory(const fs::path& path, const media::Probe& probe, const MemoryNeed& need) {
  const double frames = probe.frames > 0 ? static_cast<double>(probe.frames)
                                         : std::ceil(probe.duration * probe.fps.value());
  const auto available = available_memory();
  if (frames <= 0 || !available) return;  // not known beforehand
  // As a double first: a damaged header may claim any length.
  const double pixels = frames * probe.width * probe.height * 3;
  const auto refuse = [&](std::uint64_t bytes) {
    throw Error(ErrorKind::kUsage, fmt::format("{}: {:.0f} frames of {}x{} need about {} of "
                                               "memory, {} are free; cut or scale it down first",
                                               printable(path), frames, probe.width, probe.height,
                                               readable_bytes(bytes), readable_bytes(*available)));
  };
  if (pixels > 1e15) refuse(static_cast<std::uint64_t>(pixels));
  const stages::ClipShape shape{static_cast<int>(frames), probe.width, probe.height};
  const std::uint64_t bytes = shape.video_bytes() + need(shape);
  if (bytes > *available) refuse(bytes);
}

std::string ending_of(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return ending;
}

}  // namespace

media::Video read_whole_video(const fs::path& path, const MemoryNeed& need) {
  const media::Probe probe = media::probe(path);
  require_memory(path, probe, need);
  media::Video video = media::read_video(path);
  const cv::Size size = video.size();
  const cv::Size even(size.width / 2 * 2, size.height / 2 * 2);
  if (size != even) {
    if (even.empty())
      throw Error(ErrorKind::kInput, printable(path) + ": less than two pixels wide or high");
    spdlog::info("{}: {}x{} is cropped to the even size {}x{}", printable(path), size.width,
                 size.height, even.width, even.height);
    for (cv::Mat& frame : video.frames) frame = frame(cv::Rect({0, 0}, even)).clone();
  }
  return video;
}

cv::Mat fit_picture(const cv::Mat& picture, const fs::path& path, cv::Size size) {
  if (picture.size() == size) return picture;
  // Of a video with an odd side, which read_whole_video() crops.
  const cv::Size odd = picture.size() - size;
  if (odd.width >= 0 && odd.width <= 1 && odd.height >= 0 && odd.height <= 1) {
    return picture(cv::Rect({0, 0}, size)).clone();
  }
  const double shape = static_cast<double>(picture.cols) / picture.rows * size.height / size.width;
  constexpr double kSameShape = 0.02;  // editors round sides to multiples of 16 or 32
  if (std::abs(shape - 1) > kSameShape) {
    throw Error(ErrorKind::kUsage,
                fmt::format("{}: expected a picture of {}x{} or of that shape, found {}x{}",
                            printable(path), size.width, size.height, picture.cols, picture.rows));
  }
  spdlog::info("{}: {}x{} is scaled to {}x{}", printable(path), picture.cols, picture.rows,
               size.width, size.height);
  const bool smaller = size.area() < picture.size().area();
  cv::Mat scaled;
  cv::resize(picture, scaled, size, 0, 0, smaller ? cv::INTER_AREA : cv::INTER_CUBIC);
  return scaled;
}

stages::Clip clip_of(media::Video video, int key_frame) {
  stages::Clip clip;
  clip.id = media::pixel_hash(video).substr(0, 16);
  clip.video = std::move(video);
  clip.key_frame = key_frame;
  return clip;
}

int frame_at(double position, std::size_t frames) {
  return static_cast<int>(std::lround(position * static_cast<double>(frames - 1)));
}

void require_ending(const std::string& option, const fs::path& path,
                    const std::vector<std::string>& endings) {
  if (std::find(endings.begin(), endings.end(), ending_of(path)) != endings.end()) return;
  throw Error(ErrorKind::kUsage, fmt::format("{}: expected a name that ends in {}, found {}",
                                             option, fmt::join(endings, " or "), printable(path)));
}

void write_picture(const fs::path& path, const cv::Mat& picture) {
  constexpr int kQuality = 95;
  write_file(path, ending_of(path) == ".png" ? media::encode_png(picture)
                                             : media::encode_jpeg(picture, kQuality));
}

}  // namespace ditto::cli
