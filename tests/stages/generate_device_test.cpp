#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/nn/runtime.h"
#include "ditto/stages/generate.h"
#include "stages/generate/edit_model.h"
#include "stages/moving_scene.h"

namespace ditto::stages {
namespace {

class GenerateOnADevice : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cv::setNumThreads(1);
    nn::set_up_torch();
  }

  static Generation run(const std::string& device) {
    config::Generate config;
    config.device = device;
    config.iterations = 300;
    const auto generator = make_generator(config, 2);
    const Clip clip = scene();
    return generator->generate(clip, *generator->prepare(clip),
                               {{clip.key_frame, sharper(clip.key())}}, "",
                               Stream(1, "scene_000000_0", "generate"));
  }

  static Clip scene() { return moving_scene({128, 80}, 5, true); }

  static cv::Mat sharper(const cv::Mat& rgb) {
    cv::Mat blurred, out;
    cv::GaussianBlur(rgb, blurred, {}, 1.5);
    cv::addWeighted(rgb, 2.0, blurred, -1.0, 0, out);
    return out;
  }
};

/// Whether "auto" is a device; else `problem` is the reason.
bool has_device(std::string& problem) {
  if (nn::chosen_device("auto") != "cpu") return true;
  nn::load_cuda_if_present(&problem);
  if (problem.empty()) problem = "this machine has no NVIDIA device";
  return false;
}

TEST_F(GenerateOnADevice, AModelByTensorsIsThatOfTheCpu) {
  // More pixels than go to a device at once.
  const Clip clip = moving_scene({512, 300}, 1, false);
  const ImagePair pair{clip.key(), sharper(clip.key()), {}};
  EditModel::Options options{.network = {.hidden = 16, .iterations = 40, .batch = 512},
                             .samples = 20000};
  const EditModel here({&pair, 1}, options);
  options.network.device = "cpu";
  const EditModel there({&pair, 1}, options);
  ASSERT_TRUE(here.has_network() && there.has_network());
  EXPECT_GT(here.psnr(), here.map_psnr() + 1);
  EXPECT_NEAR(there.psnr(), here.psnr(), 0.01);
  EXPECT_LT(cv::norm(here.apply(pair.source), there.apply(pair.source), cv::NORM_INF), 0.05);
}

TEST_F(GenerateOnADevice, TheCpuIsNoDevice) {
  const Generation made = run("cpu");
  EXPECT_FALSE(made.details.contains("device"));
  std::string problem;
  if (has_device(problem)) return;
  const Generation chosen = run("auto");
  EXPECT_EQ(chosen.details, made.details);
  for (std::size_t t = 0; t < made.video.frames.size(); ++t) {
    EXPECT_EQ(cv::norm(chosen.video.frames[t], made.video.frames[t], cv::NORM_INF), 0);
  }
}

TEST_F(GenerateOnADevice, AMissingDeviceIsAFaultOfTheConfig) {
  std::string problem;
  if (has_device(problem)) GTEST_SKIP() << "this machine has an NVIDIA device";
  try {
    run("cuda");
    ADD_FAILURE() << "there is no device";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find(problem), std::string::npos) << error.what();
  }
}

TEST_F(GenerateOnADevice, AnNvidiaDeviceDoesAsWell) {
  std::string problem;
  if (!has_device(problem)) GTEST_SKIP() << problem;
  const Generation here = run("cpu"), there = run("auto"), again = run("cuda:0");
  EXPECT_EQ(there.details.at("device"), "cuda");
  const Clip clip = scene();
  for (std::size_t t = 0; t < clip.video.frames.size(); ++t) {
    const cv::Mat oracle = sharper(clip.video.frames[t]);
    EXPECT_EQ(cv::norm(there.video.frames[t], again.video.frames[t], cv::NORM_INF), 0);
    EXPECT_GT(psnr(there.video.frames[t], oracle), psnr(here.video.frames[t], oracle) - 1)
        << "frame " << t;
  }
}

}  // namespace
}  // namespace ditto::stages
