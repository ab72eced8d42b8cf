#include <gtest/gtest.h>

#include "stages/judge/verdict.h"
#include "stages/judge/wording.h"
#include "stages/judge_scene.h"

namespace ditto::stages {
namespace {

using namespace scene;
using measure::at_most;
using measure::Finding;

/// That the first reason is the cause where one fault shows in several measurements, and that clean
/// edits which look like a fault pass.
class JudgeReasons : public testing::Test {
 protected:
  void SetUp() override { cv::setNumThreads(1); }
};

std::vector<std::string> ordered_faults(const std::vector<Finding>& more) {
  std::vector<Finding> findings;
  for (const char* criterion : {"instruction", "source", "quality", "temporal"}) {
    findings.push_back(at_most({criterion, "fine", criterion}, 0, 1, "nothing is wrong"));
  }
  findings.insert(findings.end(), more.begin(), more.end());
  std::vector<std::string> faults;
  for (const Reason& reason : measure::judgement_from(findings, true, {}, {}).reasons) {
    faults.push_back(reason.fault);
  }
  return faults;
}

cv::Mat outside_disc(int t) { return 255 - disc_mask(t); }

/// So many levels added to each channel where the frame's mask is set.
Frames lightened(const Frames& frames, const cv::Scalar& levels, cv::Mat (*mask)(int)) {
  return each(frames, [&](int t, const cv::Mat& f) {
    cv::Mat result = f.clone();
    cv::add(f, levels, result, mask(t));
    return result;
  });
}

TEST_F(JudgeReasons, NamesBlocksBeforeWhatTheyCause) {
  const Finding blocks = at_most({"quality", "blocking", "blocking"}, 2, 1, "steps on a grid"),
                frozen = at_most({"source", "frozen", "frozen_fraction"}, 9, 1, "still"),
                leak = at_most({"source", "leak", "leak"}, 9, 1, "outside the region"),
                words = at_most({"instruction", "wrong_edit", "wording"}, 9, 1, "not blue");
  EXPECT_EQ(ordered_faults({frozen, blocks, leak}),
            (std::vector<std::string>{"blocking", "leak", "frozen"}));
  EXPECT_EQ(ordered_faults({words, blocks}).front(), "blocking");
  const Finding fade = at_most({"temporal", "fade", "strength_change"}, 2, 1, "weaker");
  EXPECT_EQ(ordered_faults({words, fade}).front(), "fade") << "words are the least sure";
  EXPECT_EQ(ordered_faults({leak, frozen}), (std::vector<std::string>{"frozen", "leak"}));
}

TEST_F(JudgeReasons, NamesAFadeThroughGreyBeforeTheGreyFrames) {
  const Finding fade = at_most({"temporal", "fade", "strength_change"}, 2, 1, "weaker"),
                grey = at_most({"quality", "missing", "blank_fraction"}, 9, 1, "one even tone"),
                black = at_most({"quality", "black", "blank_fraction"}, 9, 1, "one even tone");
  EXPECT_EQ(ordered_faults({grey, fade}).front(), "fade");
  EXPECT_EQ(ordered_faults({black, fade}).front(), "black");
}

TEST_F(JudgeReasons, NamesTheFadeOfANegative) {
  Case sample = global_case();
  sample.edited =
      each(sample.source, [](int, const cv::Mat& f) { return cv::Mat(cv::Scalar::all(255) - f); });
  sample.context.edited_key_frame = sample.edited[kKey];
  const Frames fading = each(sample.edited, [&](int t, const cv::Mat& f) {
    return blend(f, sample.source[std::size_t(t)],
                 std::max(0, t - kKey) / double(kFrames - 1 - kKey));
  });
  EXPECT_EQ(judged(sample, fading).fault, "fade") << judged(sample, fading).reason;
}

TEST_F(JudgeReasons, CallsAFaintOtherEditAnotherEdit) {
  const Case sample = global_case();
  const Frames other = each(sample.source, [](int t, const cv::Mat& f) {
    return blend(f, recolour(f, disc_mask(t)), 0.4);
  });
  EXPECT_EQ(judged(sample, other).fault, "wrong_edit") << judged(sample, other).reason;
  const Frames noisy = each(sample.source, [](int t, const cv::Mat& f) {
    cv::RNG random(static_cast<unsigned>(t) + 1);
    cv::Mat noise(kSize, CV_16SC3), result;
    random.fill(noise, cv::RNG::NORMAL, 0, 3);
    cv::add(f, noise, result, {}, CV_8U);
    return result;
  });
  EXPECT_EQ(judged(sample, noisy).fault, "unedited") << judged(sample, noisy).reason;
}

TEST_F(JudgeReasons, CallsALeakAroundAFaintLocalEditALeak) {
  Case sample = local_case();
  sample.edited = lightened(sample.source, {0, 20, 35}, disc_mask);
  sample.context.instruction.text = "Make the disc paler";
  sample.context.edited_key_frame = sample.edited[kKey];
  EXPECT_TRUE(judged(sample, sample.edited).accepted) << judged(sample, sample.edited).reason;
  const Frames leaking = lightened(sample.edited, {15, 30, 30}, outside_disc);
  EXPECT_EQ(judged(sample, leaking).fault, "leak") << judged(sample, leaking).reason;
}

TEST_F(JudgeReasons, FindsAFaintEditThatIsGoneInAPart) {
  Case sample = global_case();
  sample.edited =
      each(sample.source, [](int, const cv::Mat& f) { return blend(f, sepia(f), 0.35); });
  sample.context.edited_key_frame = sample.edited[kKey];
  double before = 10;
  for (const double side : {0.1, 0.4, 0.6}) {
    const Frames partial = each(sample.edited, [&](int t, const cv::Mat& f) {
      cv::Mat result = f.clone();
      const cv::Rect part(20, 10, cvRound(kSize.width * side), cvRound(kSize.height * side));
      if (t == 5 || t == 6) sample.source[std::size_t(t)](part).copyTo(result(part));
      return result;
    });
    const Judgement judgement = judged(sample, partial);
    const double value = *score(judgement, "temporal").value;
    EXPECT_LT(value, before) << "side " << side;
    before = value;
    if (side > 0.3) {
      EXPECT_EQ(judgement.fault, "pop") << judgement.reason;
    }
  }
}

TEST_F(JudgeReasons, AsksForNoColourOnlyWhereTheTextDoes) {
  cv::Mat source(cv::Size(64, 64), CV_8UC3, cv::Scalar(200, 40, 30)), edited = source.clone();
  source(cv::Rect(0, 0, 32, 64)) = cv::Scalar(30, 180, 40);
  edited(cv::Rect(0, 0, 32, 64)) = cv::Scalar(120, 120, 120);
  Instruction instruction;
  instruction.text = "Make it black and white";
  const auto whole = measure::check_wording(instruction, {source}, {edited});
  ASSERT_TRUE(whole.has_value());
  EXPECT_GT(whole->severity, 1);
  instruction.text = "Keep one colour and make the rest black and white";
  EXPECT_FALSE(measure::check_wording(instruction, {source}, {edited}).has_value());
}

TEST_F(JudgeReasons, CallsALeakThatHidesTheColourOfTheTextALeak) {
  const Case sample = local_case();  // "Make the red disc blue"
  const Frames leaking = lightened(sample.edited, {0, 60, 0}, outside_disc);
  EXPECT_EQ(judged(sample, leaking).fault, "leak") << judged(sample, leaking).reason;
}

TEST_F(JudgeReasons, CallsAreasThatComeAndGoAtTheKeyFrameAPop) {
  const Case sample = global_case();
  const Frames blotched = each(sample.edited, [](int t, const cv::Mat& f) {
    cv::Mat result = f.clone();
    if (t / 3 % 2 == 1) cv::circle(result, {150, 70}, 45, cv::Scalar(20, 60, 200), cv::FILLED);
    return result;
  });
  EXPECT_EQ(judged(sample, blotched).fault, "pop") << judged(sample, blotched).reason;
}

TEST_F(JudgeReasons, HoldsTheWordsAgainstThePartThatTheTextIsAbout) {
  cv::Mat source(cv::Size(64, 64), CV_8UC3, cv::Scalar(200, 40, 30));
  const auto severity = [&](const std::string& text, const cv::Scalar& colour) {
    cv::Mat edited = source.clone();
    edited(cv::Rect(0, 0, 32, 64)) = colour;
    Instruction instruction;  // its task isn't known
    instruction.text = text;
    const auto finding = measure::check_wording(instruction, {source}, {edited});
    return finding ? finding->severity : -1.0;
  };
  const cv::Scalar grey(90, 90, 90), orange(210, 90, 20), dark(60, 12, 9);
  for (const char* text : {"Make the left half black and white", "Make the wall black and white"}) {
    EXPECT_GE(severity(text, grey), 0) << text;
    EXPECT_LT(severity(text, grey), 1) << text;
    EXPECT_GT(severity(text, orange), 1) << text;
  }
  EXPECT_LT(severity("Make the wall darker", dark), 1);
  EXPECT_GT(severity("Make the wall brighter", dark), 1);
  EXPECT_GT(severity("Make it night", cv::Scalar(90, 250, 90)), 1);
  EXPECT_LT(severity("Show it by night vision", cv::Scalar(90, 250, 90)), 1);
}

}  // namespace
}  // namespace ditto::stages
