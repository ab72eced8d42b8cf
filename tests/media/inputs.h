#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "ditto/core/error.h"
#include "ditto/media/media.h"

/// Inputs made with the ffmpeg program when a test runs. Frames carry their number in eight blocks
/// of black and white, so that it can be read back from what was decoded.
namespace ditto::media::testing {

/// A directory that is removed with the object.
class Folder {
 public:
  Folder();
  ~Folder();
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

cv::Mat numbered_frame(int number, cv::Size size = {64, 48});
Video numbered_video(int frames, Rational fps, cv::Size size = {64, 48});
/// The number in a frame, whatever its size.
int number_in(const cv::Mat& rgb);

/// Runs `ffmpeg ARGUMENTS PATH`, failing the test when ffmpeg does.
void ffmpeg(const std::string& arguments, const std::filesystem::path& path);
/// Encodes numbered frames: `ffmpeg -f rawvideo ... -i - ARGUMENTS PATH`.
void make_numbered(const std::filesystem::path& path, int frames, const std::string& rate,
                   const std::string& arguments, cv::Size size = {64, 48});
/// What a program prints.
std::string output_of(const std::string& command);
std::string quoted(const std::filesystem::path& path);

/// The numbers of the frames that decode() gives.
std::vector<int> numbers(const std::filesystem::path& path, const DecodeRequest& request);
/// first, first + 1, ...
std::vector<int> counting(int first, int count);

/// The message of the Error(kInput) that `action` throws; fails the test when it throws none.
template <class Action>
std::string input_error(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

}  // namespace ditto::media::testing
