#include "models/qwen/image_processor.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "ditto/core/error.h"

namespace ditto::models::qwen {
namespace {

namespace fs = std::filesystem;

TEST(SmartResizeTest, RoundsHalfToEvenAndKeepsTheBounds) {
  const auto size = [](std::int64_t height, std::int64_t width) {
    return smart_resize({height, width}, 28, 3136, 12845056);
  };
  EXPECT_EQ(size(70, 126), (PictureSize{56, 112}));
  EXPECT_EQ(size(480, 832), (PictureSize{476, 840}));
  EXPECT_EQ(size(10, 10), (PictureSize{56, 56}));
  EXPECT_EQ(size(5000, 5000), (PictureSize{3556, 3556}));
  EXPECT_EQ(smart_resize({4000, 30}, 28, 3136, 12544), (PictureSize{1288, 28}));
  EXPECT_THROW(size(201, 1), Error);
}

TEST(FrameSamplingTest, ChoosesAsTheReference) {
  const ProcessorConfig config;
  const auto frames = [&](std::int64_t count, FrameSampling sampling) {
    return sampled_frames(config, count, sampling);
  };
  EXPECT_EQ(frames(3, {}), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(frames(30, {.fps = 2, .source_fps = 10}),
            (std::vector<std::int64_t>{0, 5, 10, 15, 20, 25}));
  EXPECT_EQ(frames(9, {.fps = 1, .source_fps = 30}), (std::vector<std::int64_t>{0, 2, 4, 6}));
  EXPECT_EQ(frames(3, {.fps = 1, .source_fps = 30}), (std::vector<std::int64_t>{0, 1}));
  EXPECT_EQ(frames(1, {.fps = 1, .source_fps = 30}), (std::vector<std::int64_t>{0}));
  EXPECT_EQ(frames(7, {.num_frames = 5}), (std::vector<std::int64_t>{0, 1, 3, 5}));
  EXPECT_EQ(frames(5000, {.fps = 30, .source_fps = 30}).size(), 768U);
  EXPECT_THROW(frames(7, {.num_frames = 9}), Error);
  EXPECT_THROW(frames(7, {.fps = 2}), Error);
  EXPECT_THROW(frames(7, {.fps = 2, .num_frames = 2, .source_fps = 10}), Error);
  EXPECT_DOUBLE_EQ(seconds_per_grid(config, 6, 30, 10.0), 1.0);
  EXPECT_DOUBLE_EQ(seconds_per_grid(config, 6, 30, {}), 2.0 / 24);
}

class ProcessorFilesTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  void put(const char* name, const char* text) const { std::ofstream(folder_ / name) << text; }
  std::string complaint() const {
    try {
      read_image_processor(folder_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  const fs::path folder_ =
      fs::temp_directory_path() / ("ditto-processor-" + std::to_string(::getpid()));
};

TEST_F(ProcessorFilesTest, ReadsEachKindOfFile) {
  EXPECT_THROW(read_image_processor(folder_), Error);
  put("preprocessor_config.json", R"({"min_pixels": 100, "max_pixels": 900})");
  EXPECT_EQ(read_image_processor(folder_).max_pixels, 900);
  EXPECT_EQ(read_video_processor(folder_).max_pixels, 900);
  put("video_preprocessor_config.json", R"({"size": {"shortest_edge": 5}})");
  EXPECT_EQ(read_video_processor(folder_).min_pixels, 5);
  EXPECT_EQ(read_video_processor(folder_).max_pixels, 28 * 28 * 768);
  put("processor_config.json",
      R"({"image_processor": {"patch_size": 16}, "video_processor": {"fps": 3,
          "do_sample_frames": true}})");
  EXPECT_EQ(read_image_processor(folder_).patch_size, 16);
  EXPECT_EQ(read_image_processor(folder_).max_pixels, 28 * 28 * 1280);
  EXPECT_EQ(read_video_processor(folder_).sampling.fps, 3);
}

TEST_F(ProcessorFilesTest, NamesWhatIsWrong) {
  put("preprocessor_config.json", R"({"resample": 2})");
  EXPECT_NE(complaint().find("resample must be 3"), std::string::npos);
  put("preprocessor_config.json", R"({"image_std": [1, 0, 1]})");
  EXPECT_NE(complaint().find("image_std must be positive"), std::string::npos);
  put("preprocessor_config.json", R"({"image_mean": [1, 0]})");
  EXPECT_NE(complaint().find("image_mean must hold 3 numbers"), std::string::npos);
}

TEST(ImageProcessorTest, CountsTokens) {
  ProcessorConfig config;
  config.min_pixels = 56 * 56;
  config.max_pixels = 1 << 20;
  config.deviation = {1, 1, 1};
  const VisionInputs made = process_images(
      config, {at::zeros({56, 84, 3}, at::kByte), at::zeros({112, 56, 3}, at::kByte)});
  EXPECT_EQ(token_counts(config, made.grid), (std::vector<std::int64_t>{6, 8}));
  EXPECT_EQ(made.patches.size(0), 4 * (6 + 8));
}

TEST(ImageProcessorTest, RefusesPixelsOfAnotherShape) {
  ProcessorConfig config;
  config.min_pixels = 1;
  config.max_pixels = 1 << 20;
  config.deviation = {1, 1, 1};
  EXPECT_THROW(process_images(config, {at::zeros({8, 8, 3})}), Error);
  EXPECT_THROW(process_images(config, {at::zeros({3, 8, 8}, at::kByte)}), Error);
  EXPECT_THROW(process_videos(config, {at::zeros({0, 8, 8, 3}, at::kByte)}), Error);
  config.resize = false;
  EXPECT_THROW(process_images(config, {at::zeros({8, 8, 3}, at::kByte)}), Error);
}

}  // namespace
}  // namespace ditto::models::qwen
