#include "stages/judge/native_judge.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "ditto/core/error.h"
#include "ditto/nn/runtime.h"
#include "stages/tiny_agent.h"

namespace ditto::stages {
namespace {

/// Stands for the builtin judge, which has its own tests.
class Checks : public Judge {
 public:
  explicit Checks(bool pass) : pass_(pass) {}
  BackendId id() const override { return {"builtin", 4, ""}; }
  std::size_t working_bytes(const ClipShape&) const override { return 1000; }
  Judgement judge(const media::Video&, const media::Video&, const JudgeContext&) const override {
    Judgement judgement;
    judgement.scores = {{"instruction", std::nullopt, "not assessed"},
                        {"source", 9.0, "fine"},
                        {"safety", std::nullopt, "not assessed"}};
    judgement.accepted = pass_;
    if (!pass_) {
      judgement.fault = "blur";
      judgement.reason = "blur: soft";
      judgement.reasons = {{"blur", "quality", "soft"}};
    }
    return judgement;
  }

 private:
  bool pass_;
};

config::Judge tiny() {
  auto config = with_tiny_agent<config::Judge>();
  config.frames = 2;
  return config;
}

media::Video video(unsigned seed) {
  media::Video made;
  made.fps = {20, 1};
  cv::RNG random(seed);
  for (int i = 0; i < 5; ++i) {
    cv::Mat frame(48, 64, CV_8UC3);
    random.fill(frame, cv::RNG::UNIFORM, 0, 256);
    made.frames.push_back(frame);
  }
  return made;
}

Judgement judged(const config::Judge& config, bool pass = true, unsigned edited = 2,
                 const std::string& text = "Make it anime") {
  JudgeContext context;
  context.instruction.text = text;
  return make_native_judge(config, std::make_unique<Checks>(pass))
      ->judge(video(1), video(edited), context);
}

const Score& score(const Judgement& judgement, const std::string& criterion) {
  for (const Score& one : judgement.scores) {
    if (one.criterion == criterion) return one;
  }
  throw std::runtime_error("no score " + criterion);
}

constexpr std::array kModelCriteria = {"model_instruction", "model_content", "model_motion",
                                       "model_quality", "safety"};

class NativeJudgeTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { nn::set_up_torch(); }
};

TEST_F(NativeJudgeTest, AScoreIsTheMeanOfItsTurnsWithAReason) {
  const Judgement judgement = judged(tiny());
  EXPECT_EQ(*score(judgement, "source").value, 9.0);
  bool differ = false;
  for (const char* criterion : kModelCriteria) {
    const Score& one = score(judgement, criterion);
    ASSERT_TRUE(one.value.has_value()) << criterion;
    const std::string prompt = std::string(criterion).starts_with("model_")
                                   ? std::string(criterion).substr(6)
                                   : std::string(criterion);
    const auto scores =
        judgement.measurements.at("model").at(prompt).at("scores").get<std::vector<int>>();
    ASSERT_EQ(scores.size(), 3U);
    EXPECT_NEAR(*one.value, (scores[0] + scores[1] + scores[2]) / 3.0, 0.01);
    differ = differ || scores[0] != scores[1] || scores[1] != scores[2];
    EXPECT_FALSE(one.reason.empty());
  }
  EXPECT_TRUE(differ) << "turns are drawn";
  EXPECT_EQ(to_json(judgement).dump(), to_json(judged(tiny())).dump());
  EXPECT_NE(to_json(judgement).dump(), to_json(judged(tiny(), true, 3)).dump());
  EXPECT_NE(to_json(judgement).dump(), to_json(judged(tiny(), true, 2, "Paint it red")).dump());
}

TEST_F(NativeJudgeTest, EveryFrameGoesThroughTheVisionTowerOnce) {
  const auto judge = make_native_judge(tiny(), std::make_unique<Checks>(true));
  const auto model = model_of(tiny());
  judge->judge(video(1), video(2), {});
  EXPECT_EQ(model->work().pictures, 2 * tiny().frames);
  // Another sample of the clip.
  const std::string known = to_json(judge->judge(video(1), video(3), {})).dump();
  EXPECT_EQ(model->work().pictures, 3 * tiny().frames);
  EXPECT_EQ(to_json(judge->judge(video(1), video(3), {})).dump(), known);
  EXPECT_EQ(model->work().pictures, 3 * tiny().frames);
  EXPECT_EQ(model->work().videos, 0);
}

TEST_F(NativeJudgeTest, SamplesShareThePassesAndDoNotNoticeIt) {
  config::Judge config = tiny();
  config.frames = config.turns = 1;
  config.slots = 16;
  config.weights += "/.";  // a network of its own
  const auto judge = make_native_judge(config, std::make_unique<Checks>(true));
  const auto model = model_of(config);
  constexpr unsigned kSamples = 3;
  const auto judged_one = [&](unsigned i) {
    return to_json(judge->judge(video(1), video(2 + i), {})).dump();
  };
  std::array<std::string, kSamples> alone;
  for (unsigned i = 0; i < kSamples; ++i) alone[i] = judged_one(i);
  const auto before = model->work();
  std::latch start(kSamples);
  std::vector<std::jthread> workers;
  for (unsigned i = 0; i < kSamples; ++i) {
    workers.emplace_back([&, i] {
      start.arrive_and_wait();
      EXPECT_EQ(judged_one(i), alone[i]);
    });
  }
  workers.clear();
  const auto after = model->work();
  EXPECT_EQ(after.drawn, 2 * before.drawn);
  EXPECT_LT(after.passes - before.passes, before.passes);
}

TEST_F(NativeJudgeTest, ThresholdsDecide) {
  config::Judge config = tiny();
  config.min_model_instruction = config.min_model_content = config.min_model_motion = 1;
  config.min_model_quality = config.min_safety = 1;
  const Judgement kept = judged(config);
  EXPECT_TRUE(kept.accepted);
  EXPECT_TRUE(kept.reason.empty());
  config.temperature = 3;
  config.min_model_motion = 10;
  config.turns = 9;  // nine tens don't come by chance
  const Judgement rejected = judged(config);
  EXPECT_FALSE(rejected.accepted);
  EXPECT_EQ(rejected.fault, "motion_lost");
  ASSERT_EQ(rejected.reasons.size(), 1U);
  EXPECT_EQ(rejected.reasons[0].criterion, "model_motion");
  EXPECT_NE(rejected.reason.find("at least 10 wanted"), std::string::npos);
}

TEST_F(NativeJudgeTest, TheModelIsNotAskedAboutWhatTheChecksReject) {
  const Judgement judgement = judged(tiny(), false);
  EXPECT_FALSE(judgement.accepted);
  EXPECT_EQ(judgement.fault, "blur");
  EXPECT_FALSE(judgement.measurements.contains("model"));
  for (const char* criterion : kModelCriteria) {
    EXPECT_FALSE(score(judgement, criterion).value.has_value());
    EXPECT_EQ(score(judgement, criterion).reason, "not assessed: blur: soft");
  }
}

TEST_F(NativeJudgeTest, SaysWhatItNeedsAndWhoItIs) {
  const auto judge = make_judge(tiny());
  EXPECT_EQ(judge->id().name, "native");
  EXPECT_EQ(judge->id().weights_digest.size(), 64U);
  config::Judge builtin;
  EXPECT_GT(judge->working_bytes({9, 64, 48}), make_judge(builtin)->working_bytes({9, 64, 48}));
  ASSERT_EQ(judge->held_models({9, 64, 48}).size(), 1U);
  EXPECT_GT(judge->held_models({9, 64, 48})[0].cache_bytes, 0U);
  EXPECT_TRUE(make_judge(builtin)->held_models({9, 64, 48}).empty());
  config::Judge none = tiny();
  none.weights = "";
  try {
    make_judge(none);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_EQ(std::string(error.what()).find("judge.weights: "), 0U);
  }
}

}  // namespace
}  // namespace ditto::stages
