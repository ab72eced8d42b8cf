#include "media/inputs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <opencv2/imgproc.hpp>

namespace ditto::media::testing {

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "ditto-media-XXXXXX").string();
  path_ = mkdtemp(name.data());
}

Folder::~Folder() { std::filesystem::remove_all(path_); }

cv::Mat numbered_frame(int number, cv::Size size) {
  cv::Mat blocks(2, 4, CV_8UC3);
  for (int bit = 0; bit < 8; ++bit) {
    blocks.at<cv::Vec3b>(bit / 4, bit % 4) =
        (number >> bit & 1) != 0 ? cv::Vec3b(220, 220, 220) : cv::Vec3b(30, 30, 30);
  }
  cv::Mat frame;
  cv::resize(blocks, frame, size, 0, 0, cv::INTER_NEAREST);
  return frame;
}

Video numbered_video(int frames, Rational fps, cv::Size size) {
  Video video;
  video.fps = fps;
  for (int i = 0; i < frames; ++i) video.frames.push_back(numbered_frame(i, size));
  return video;
}

int number_in(const cv::Mat& rgb) {
  int number = 0;
  for (int bit = 0; bit < 8; ++bit) {
    const int x = (2 * (bit % 4) + 1) * rgb.cols / 8;
    const int y = (2 * (bit / 4) + 1) * rgb.rows / 4;
    if (rgb.at<cv::Vec3b>(y, x)[1] > 125) number |= 1 << bit;
  }
  return number;
}

std::string quoted(const std::filesystem::path& path) {
  std::string text = "'";
  for (const char c : path.native()) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

void ffmpeg(const std::string& arguments, const std::filesystem::path& path) {
  const std::string command =
      fmt::format("ffmpeg -v error -y -nostdin {} {} </dev/null", arguments, quoted(path));
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

void make_numbered(const std::filesystem::path& path, int frames, const std::string& rate,
                   const std::string& arguments, cv::Size size) {
  const std::string command =
      fmt::format("ffmpeg -v error -y -f rawvideo -pix_fmt rgb24 -s {}x{} -r {} -i - {} {}",
                  size.width, size.height, rate, arguments, quoted(path));
  FILE* pipe = popen(command.c_str(), "w");
  ASSERT_NE(pipe, nullptr);
  for (int i = 0; i < frames; ++i) {
    const cv::Mat frame = numbered_frame(i, size);
    std::fwrite(frame.data, 1, frame.total() * frame.elemSize(), pipe);
  }
  ASSERT_EQ(pclose(pipe), 0) << command;
}

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> piece{};
  while (const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe)) {
    text.append(piece.data(), count);
  }
  pclose(pipe);
  return text;
}

std::vector<int> numbers(const std::filesystem::path& path, const DecodeRequest& request) {
  std::vector<int> found;
  const std::int64_t delivered =
      decode(path, request, [&](std::int64_t index, const cv::Mat& rgb, bool repeated) {
        EXPECT_EQ(index, static_cast<std::int64_t>(found.size()));
        found.push_back(number_in(rgb));
        if (found.size() > 1) {
          EXPECT_EQ(repeated, found.back() == found[found.size() - 2]);
        }
        return true;
      });
  EXPECT_EQ(delivered, static_cast<std::int64_t>(found.size()));
  return found;
}

std::vector<int> counting(int first, int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(first + i);
  return all;
}

}  // namespace ditto::media::testing
