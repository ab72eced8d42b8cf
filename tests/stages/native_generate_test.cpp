#include <gtest/gtest.h>

#include "ditto/config/load.h"
#include "ditto/core/error.h"
#include "ditto/nn/runtime.h"
#include "ditto/stages/generate.h"
#include "stages/moving_scene.h"

namespace ditto::stages {
namespace {

config::Generate tiny() {
  config::Generate config;
  config.backend = "native";
  config.weights = DITTO_SOURCE_DIR "/tests/reference/fixtures/pipeline-vace";
  config.steps = 2;
  config.guidance = 1;
  config.dtype = "float32";
  config.device = "cpu";
  return config;
}

std::string problem_of(const config::Generate& config) {
  try {
    make_generator(config, 1);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    return error.what();
  }
  return "";
}

class NativeGenerate : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { nn::set_up_torch(); }

  static Generation run(const Clip& clip, const cv::Mat& edited, const std::string& instruction) {
    const auto generator = make_generator(tiny(), 1);
    return generator->generate(clip, *generator->prepare(clip), {{clip.key_frame, edited}},
                               instruction, Stream(1, "scene_000000_0", "generate"));
  }
};

bool same(const media::Video& a, const media::Video& b) {
  for (std::size_t i = 0; i < a.frames.size(); ++i) {
    if (cv::norm(a.frames[i], b.frames[i], cv::NORM_INF) != 0) return false;
  }
  return a.frames.size() == b.frames.size();
}

TEST_F(NativeGenerate, AVideoOfTheClipsShapeFromClipKeyFrameAndText) {
  const Clip clip = moving_scene({70, 50}, 6, true);
  cv::Mat edited = clip.key().clone();
  const Generation result = run(clip, edited, "gold");
  ASSERT_EQ(result.video.frames.size(), 6U);
  EXPECT_EQ(result.video.size(), cv::Size(70, 50));
  EXPECT_EQ(result.video.fps, clip.video.fps);
  EXPECT_TRUE(same(result.video, run(clip, edited, "gold").video));
  EXPECT_FALSE(same(result.video, run(clip, edited, "the river").video));
  edited(cv::Rect(0, 0, 35, 50)).setTo(cv::Scalar(255, 0, 0));
  EXPECT_FALSE(same(result.video, run(clip, edited, "gold").video));
  Clip other = moving_scene({70, 50}, 6, false);
  EXPECT_FALSE(same(result.video, run(other, clip.key(), "gold").video));
}

TEST_F(NativeGenerate, TheControlHasNoColours) {
  const Clip clip = moving_scene({64, 48}, 5, true);
  Clip grey = clip;
  for (cv::Mat& frame : grey.video.frames) {
    cv::Mat one;
    cv::cvtColor(frame, one, cv::COLOR_RGB2GRAY);
    frame = cv::Mat();
    cv::cvtColor(one, frame, cv::COLOR_GRAY2RGB);
  }
  EXPECT_TRUE(same(run(clip, clip.key(), "gold").video, run(grey, clip.key(), "gold").video));
}

TEST_F(NativeGenerate, RefusesAKeyFrameOfAnotherSize) {
  const Clip clip = moving_scene({64, 48}, 5, true);
  EXPECT_THROW(run(clip, clip.key()(cv::Rect(0, 0, 32, 32)), "gold"), Error);
}

TEST_F(NativeGenerate, RefusesOtherKeysThanPreparedFor) {
  const Clip clip = moving_scene({64, 48}, 5, true);
  const auto generator = make_generator(tiny(), 1);
  EXPECT_THROW(generator->generate(clip, *generator->prepare(clip, {1}), {{2, clip.key()}}, "gold",
                                   Stream(1, "scene_000000_0", "generate")),
               Error);
}

TEST_F(NativeGenerate, RefusesAClipWithACut) {
  Clip clip = moving_scene({64, 48}, 9, false);
  for (std::size_t t = 5; t < 9; ++t) clip.video.frames[t] = cloud({64, 48}, 33, 4, 45);
  const Generation result = run(clip, clip.key(), "gold");
  EXPECT_NE(result.refusal.find("frame 5"), std::string::npos) << result.refusal;
  EXPECT_TRUE(result.video.frames.empty());
  EXPECT_EQ(result.details.at("cuts"), nlohmann::json({5}));

  config::Generate config = tiny();
  config.shot_threshold = 0;
  const auto generator = make_generator(config, 1);
  const Generation unasked =
      generator->generate(clip, *generator->prepare(clip), {{clip.key_frame, clip.key()}}, "gold",
                          Stream(1, "scene_000000_0", "generate"));
  EXPECT_EQ(unasked.refusal, "");
  EXPECT_EQ(unasked.video.frames.size(), 9U);
}

TEST_F(NativeGenerate, FaultsOfTheConfigComeOutAtOnce) {
  config::Generate config = tiny();
  EXPECT_EQ(problem_of(config), "");
  config.weights = "";
  EXPECT_NE(problem_of(config).find("generate.weights: "), std::string::npos);
  config.weights = "/none/at/all";
  EXPECT_NE(problem_of(config).find("/none/at/all"), std::string::npos);
  config = tiny();
  config.control = "depth";
  EXPECT_NE(problem_of(config).find("generate.control: depth"), std::string::npos);
  config = tiny();
  config.lora = {"none.safetensors:0.5"};
  EXPECT_NE(problem_of(config).find("none.safetensors doesn't exist"), std::string::npos);
  config = tiny();
  config.recipe = "vdot-4";
  EXPECT_NE(problem_of(config).find("steps: "), std::string::npos);
}

TEST_F(NativeGenerate, EveryRecipeOfTheSchemaIsOne) {
  const auto schema = config::json_schema();
  const auto& recipes =
      schema.at("properties").at("generate").at("properties").at("recipe").at("enum");
  ASSERT_GT(recipes.size(), 1U);
  for (const auto& recipe : recipes) {
    config::Generate config = tiny();
    config.steps = 0;
    config.recipe = recipe.get<std::string>();
    EXPECT_EQ(problem_of(config), "") << recipe;
  }
}

TEST_F(NativeGenerate, SaysWhatItNeedsAndWhoItIs) {
  const auto generator = make_generator(tiny(), 1);
  EXPECT_EQ(generator->id().name, "native");
  EXPECT_EQ(generator->id().weights_digest.size(), 64U);
  const ClipShape small{9, 64, 48}, large{81, 832, 480};
  EXPECT_GT(generator->working_bytes(small, 1), 3 * small.video_bytes());
  EXPECT_GT(generator->working_bytes(large, 1), 100 * generator->working_bytes(small, 1));
}

}  // namespace
}  // namespace ditto::stages
