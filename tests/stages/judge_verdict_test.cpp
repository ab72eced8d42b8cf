#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "stages/judge_scene.h"

namespace ditto::stages {
namespace {

using namespace scene;

class JudgeVerdict : public testing::Test {
 protected:
  void SetUp() override { cv::setNumThreads(1); }
};

void expect_accepted(const Judgement& judgement) {
  EXPECT_TRUE(judgement.accepted) << to_json(judgement).dump(1);
  EXPECT_TRUE(judgement.reason.empty());
  for (const char* criterion : {"source", "quality", "temporal"}) {
    EXPECT_GE(*score(judgement, criterion).value, 6.5) << to_json(judgement).dump(1);
  }
}

TEST_F(JudgeVerdict, AcceptsCleanEdits) {
  for (const Case& sample : {global_case(), local_case()}) {
    const Judgement judgement = judged(sample, sample.edited);
    expect_accepted(judgement);
    EXPECT_GT(*score(judgement, "instruction").value, 8.0);
    EXPECT_FALSE(score(judgement, "safety").value.has_value());
    EXPECT_NE(score(judgement, "safety").reason.find("not assessed"), std::string::npos);
  }
}

TEST_F(JudgeVerdict, AcceptsCleanEditsThatAreALittleWorse) {
  for (const Case& sample : {global_case(), local_case()}) {
    cv::RNG random(9);
    expect_accepted(judged(sample, each(sample.edited, [&](int, const cv::Mat& f) {
                             cv::Mat noise(kSize, CV_16SC3), result;
                             random.fill(noise, cv::RNG::NORMAL, random.uniform(-1.5, 1.5), 1.5);
                             cv::add(blurred(f, 0.45), noise, result, {}, CV_8U);
                             return result;
                           })));
  }
}

TEST_F(JudgeVerdict, WorksWithOnlyClipsAndText) {
  Case sample = global_case();
  sample.context.edited_key_frame = cv::Mat();
  sample.context.key_frame = 0;
  sample.context.instruction.text = "Turn it into a sepia photograph";
  const Judgement sepia = judged(sample, sample.edited);
  expect_accepted(sepia);
  EXPECT_TRUE(score(sepia, "instruction").value.has_value())
      << "sepia is a word that can be measured";

  EXPECT_FALSE(judged(sample, sample.source).accepted);

  sample.context.instruction.text = "Turn it into a scene from a fairy tale";
  const Judgement vague = judged(sample, sample.edited);
  EXPECT_TRUE(vague.accepted);
  EXPECT_FALSE(score(vague, "instruction").value.has_value());
  EXPECT_NE(score(vague, "instruction").reason.find("not assessed"), std::string::npos);
}

TEST_F(JudgeVerdict, BlocksAreNoFaultWhereTheyAreAskedFor) {
  Case sample = global_case();
  const Frames mosaic =
      each(sample.source, [](int, const cv::Mat& f) { return blocky(sepia(f), 0.5); });
  sample.context.edited_key_frame = mosaic[kKey];
  EXPECT_TRUE(judged(sample, mosaic).accepted) << judged(sample, mosaic).reason;
  sample.context.edited_key_frame = cv::Mat();
  sample.context.instruction.text = "Make it a mosaic";
  EXPECT_TRUE(judged(sample, mosaic).accepted) << judged(sample, mosaic).reason;
  sample.context.instruction.text = "Make it an old photograph";
  EXPECT_NE(judged(sample, mosaic).reason.find("8-pixel grid"), std::string::npos);
}

TEST_F(JudgeVerdict, HoldsTheTextAgainstThePicture) {
  Case sample = global_case();
  sample.context.edited_key_frame = cv::Mat();
  const auto instruction_score = [&](const std::string& text, const Frames& edited) {
    sample.context.instruction.text = text;
    return score(judged(sample, edited), "instruction").value.value_or(-1);
  };
  const Frames dark = each(sample.source, [](int, const cv::Mat& f) { return night(f); });
  EXPECT_GT(instruction_score("Make it night", dark), 7);
  EXPECT_LT(instruction_score("Make it brighter", dark), 5);
  EXPECT_LT(instruction_score("Make it black and white", sample.edited), 5);
  EXPECT_LT(instruction_score("Turn it into a sepia print", dark), 5);

  Case local = local_case();
  local.context.instruction.text = "Make the red disc green";
  EXPECT_LT(*score(judged(local, local.edited), "instruction").value, 5);
  local.context.instruction.text = "Make the red disc blue";
  EXPECT_GT(*score(judged(local, local.edited), "instruction").value, 7);
  // A colour may also name what is to stay as it is.
  local.context.instruction.text = "Leave only the green wall as it is";
  EXPECT_GT(*score(judged(local, local.edited), "instruction").value, 7);
}

TEST_F(JudgeVerdict, RejectsByRuleBeforeMeasuring) {
  const Case sample = global_case();
  const auto judge = make_judge(config::Judge{});
  Frames shorter = sample.edited;
  shorter.pop_back();
  const Judgement length = judge->judge(video(sample.source), video(shorter), sample.context);
  EXPECT_FALSE(length.accepted);
  EXPECT_EQ(length.reason, "wrong_length: 20 frames, the source has 21");
  EXPECT_EQ(*score(length, "source").value, 1.0);
  EXPECT_FALSE(score(length, "temporal").value.has_value());

  Frames smaller = sample.edited;
  cv::resize(smaller[4], smaller[4], {128, 72});
  const Judgement size = judge->judge(video(sample.source), video(smaller), sample.context);
  EXPECT_EQ(size.reason, "wrong_size: frame 4 is 128x72, the source 256x144");

  const Judgement rate =
      judge->judge(video(sample.source), {sample.edited, {24, 1}}, sample.context);
  EXPECT_EQ(rate.reason, "wrong_rate: 24/1 frames per second, the source has 20/1");
  const Judgement same_rate =
      judge->judge(video(sample.source), {sample.edited, {40, 2}}, sample.context);
  EXPECT_TRUE(same_rate.accepted);
}

TEST_F(JudgeVerdict, ThresholdsDecide) {
  const Case sample = global_case();
  const Frames soft = each(sample.edited, [](int, const cv::Mat& f) { return blurred(f, 0.8); });
  config::Judge config;
  config.min_quality = 1.0;
  EXPECT_TRUE(
      make_judge(config)->judge(video(sample.source), video(soft), sample.context).accepted);
  config.min_quality = 9.9;
  EXPECT_FALSE(
      make_judge(config)->judge(video(sample.source), video(soft), sample.context).accepted);
}

TEST_F(JudgeVerdict, RefusesAContextThatDoesNotFit) {
  const Case sample = global_case();
  const auto expect_error = [&](const JudgeContext& context) {
    EXPECT_THROW(
        make_judge(config::Judge{})->judge(video(sample.source), video(sample.edited), context),
        Error);
  };
  JudgeContext context = sample.context;
  context.key_frame = kFrames;
  expect_error(context);
  context = sample.context;
  context.edited_key_frame = cv::Mat::zeros(20, 20, CV_8UC3);
  expect_error(context);
  context = sample.context;
  context.mask = cv::Mat::zeros(20, 20, CV_8UC1);
  expect_error(context);
  EXPECT_THROW(make_judge(config::Judge{})->judge(video({}), video({}), sample.context), Error);
}

TEST_F(JudgeVerdict, IsDeterministicAndSurvivesJson) {
  const Case sample = local_case();
  const Judgement first = judged(sample, sample.edited);
  const auto json = to_json(first);
  EXPECT_EQ(json.dump(), to_json(judged(sample, sample.edited)).dump());

  const Judgement read = judgement_from_json(nlohmann::json::parse(json.dump()));
  EXPECT_EQ(nlohmann::json(to_json(read)), nlohmann::json(json));
  EXPECT_FALSE(score(read, "safety").value.has_value());
  EXPECT_THROW(judgement_from_json({{"accepted", true}}), Error);
  EXPECT_THROW(judgement_from_json(nlohmann::json::array()), Error);
}

TEST_F(JudgeVerdict, HandlesTheShortestAndTheSmallestClips) {
  Case sample = global_case();
  const auto judge = make_judge(config::Judge{});
  for (const std::size_t frames : {1U, 2U, 3U}) {
    JudgeContext context = sample.context;
    context.key_frame = 0;
    context.edited_key_frame = sample.edited[0];
    const Judgement judgement =
        judge->judge(video({sample.source.begin(), sample.source.begin() + frames}),
                     video({sample.edited.begin(), sample.edited.begin() + frames}), context);
    EXPECT_TRUE(judgement.accepted) << to_json(judgement).dump(1);
  }
  const auto tiny = [](const Frames& frames) {
    return each(frames, [](int, const cv::Mat& f) {
      cv::Mat small;
      cv::resize(f, small, {32, 32}, 0, 0, cv::INTER_AREA);
      return small;
    });
  };
  JudgeContext context = sample.context;
  context.edited_key_frame = tiny(sample.edited)[kKey];
  const Judgement judgement =
      judge->judge(video(tiny(sample.source)), video(tiny(sample.edited)), context);
  EXPECT_TRUE(judgement.accepted) << to_json(judgement).dump(1);
}

TEST_F(JudgeVerdict, TellsWhereTheGeneratorWasLeastSure) {
  Case sample = global_case();
  sample.context.confidence.assign(sample.source.size(), 0.9f);
  sample.context.confidence[3] = 0.25f;
  const Judgement judgement = judged(sample, sample.edited);
  expect_accepted(judgement);
  const auto& least = judgement.measurements.at("least_generator_confidence");
  EXPECT_EQ(least.at("frame"), 3);
  EXPECT_NEAR(least.at("value").get<double>(), 0.25, 1e-3);
}

}  // namespace
}  // namespace ditto::stages
