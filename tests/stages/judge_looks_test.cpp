#include <gtest/gtest.h>

#include "ditto/media/flow.h"
#include "stages/judge_scene.h"

namespace ditto::stages {
namespace {

using namespace scene;

/// Looks that hide or amplify what the source shows.
class JudgeLooks : public testing::Test {
 protected:
  /// Drawn with lines fixed to the screen, whose width is the tone.
  static cv::Mat engraved(const cv::Mat& frame) {
    cv::Mat grey, soft, result(frame.size(), CV_8UC3);
    cv::cvtColor(frame, grey, cv::COLOR_RGB2GRAY);
    cv::GaussianBlur(grey, soft, {0, 0}, 1.0);
    for (int y = 0; y < frame.rows; ++y) {
      for (int x = 0; x < frame.cols; ++x) {
        const double wave = std::sin((y + 2 * std::sin(x / 30.0)) * 2 * CV_PI / 4);
        const double paper = 0.5 + 0.02 * (soft.at<uchar>(y, x) - 120.0) + 0.5 * wave;
        result.at<cv::Vec3b>(y, x) =
            cv::Vec3b(30, 60, 50) + cv::Vec3b(205, 180, 180) * std::clamp(paper, 0.0, 1.0);
      }
    }
    return result;
  }

  static Frames engraved(const Frames& frames) {
    return each(frames, [](int, const cv::Mat& f) { return engraved(f); });
  }

  static Case engraving() {
    Case result = global_case();
    result.edited = engraved(result.source);
    result.context.instruction.text = "Engrave it";
    result.context.edited_key_frame = result.edited[kKey];
    return result;
  }

  static Case without_key(Case sample) {
    sample.context.edited_key_frame.release();
    return sample;
  }

  /// A thing that passes a wall whose light changes by so many levels over the clip.
  static Case wall(double dimming) {
    Case result;
    for (int t = 0; t < kFrames; ++t) {
      cv::Mat frame = background(5)(cv::Rect({4 * t, 0}, kSize)).clone();
      for (int y = 40; y < kSize.height; ++y) {
        for (int x = 0; x < kSize.width; ++x) {
          const double light = 210 - 0.1 * x - dimming * t / (kFrames - 1);
          frame.at<cv::Vec3b>(y, x) = cv::Vec3b::all(cv::saturate_cast<uchar>(light));
        }
      }
      cv::circle(frame, disc_centre(t), kDiscRadius, cv::Scalar(90, 30, 30), cv::FILLED);
      result.source.push_back(frame);
    }
    // Two inks; the light of the wall crosses from one to the other.
    result.edited = each(result.source, [](int, const cv::Mat& f) {
      cv::Mat poster(f.size(), CV_8UC3, cv::Scalar(245, 235, 190));
      poster.setTo(cv::Scalar(200, 40, 35), cv::Mat(media::grey(f) < 182));
      poster.setTo(cv::Scalar(20, 50, 80), cv::Mat(media::grey(f) < 100));
      return poster;
    });
    result.context.instruction.text = "Make it a poster";
    result.context.instruction.task = Task::kGlobalStyle;
    result.context.key_frame = kKey;
    result.context.edited_key_frame = result.edited[kKey];
    return result;
  }
};

TEST_F(JudgeLooks, AcceptsALookOfLinesThatHideTheStructure) {
  const Case sample = engraving();
  for (const Case& asked : {sample, without_key(sample)}) {
    const Judgement judgement = judged(asked, asked.edited);
    EXPECT_TRUE(judgement.accepted) << judgement.reason;
    EXPECT_GT(*score(judgement, "source").value, 7) << score(judgement, "source").reason;
  }
}

TEST_F(JudgeLooks, TellsAnotherClipBehindTheLines) {
  const Case sample = engraving();
  for (const Case& asked : {sample, without_key(sample)}) {
    EXPECT_EQ(judged(asked, engraved(source(0, 77))).fault, "swapped");
  }
}

TEST_F(JudgeLooks, NamesTheFaultsOfALookOfLines) {
  const Case sample = engraving();
  const Frames late = engraved(source(4));
  const Frames beside =
      each(sample.edited, [](int, const cv::Mat& f) { return shifted(f, 5, -2); });
  const Frames still(kFrames, sample.edited[kKey]);
  for (const Case& asked : {sample, without_key(sample)}) {
    EXPECT_EQ(judged(asked, late).fault, "time_shift") << judged(asked, late).reason;
    EXPECT_EQ(judged(asked, beside).fault, "misaligned") << judged(asked, beside).reason;
    EXPECT_EQ(judged(asked, still).fault, "frozen") << judged(asked, still).reason;
  }
  const Frames soft = each(sample.edited, [](int, const cv::Mat& f) { return blurred(f, 1.5); });
  EXPECT_EQ(judged(sample, soft).fault, "blur") << judged(sample, soft).reason;
}

TEST_F(JudgeLooks, FindsAreasThatSpreadSlowlyWhereTheSourceHardlyChanges) {
  EXPECT_TRUE(judged(wall(0), wall(0).edited).accepted) << judged(wall(0), wall(0).edited).reason;
  const Case dimming = wall(12);
  for (const Case& asked : {dimming, without_key(dimming)}) {
    const Judgement judgement = judged(asked, asked.edited);
    EXPECT_EQ(judgement.fault, "pop") << judgement.reason;
    EXPECT_NE(judgement.reason.find("have another colour"), std::string::npos) << judgement.reason;
  }
}

/// What the light of a wall decides stays steady; what a propagation gets wrong comes and goes.
TEST_F(JudgeLooks, FindsAreasThatComeAndGoThoughTheirSourceDoesNot) {
  const auto unsteady = [](const Judgement& judgement) {
    return judgement.measurements["unsteady_areas"]["value"].get<double>();
  };
  for (const double dimming : {0.0, 12.0}) {
    EXPECT_LT(unsteady(judged(wall(dimming), wall(dimming).edited)), 0.003) << dimming;
  }
  const Case sample = wall(0);
  double before = 0;
  for (const int radius : {8, 18, 36}) {
    const Frames blotched = each(sample.edited, [&](int t, const cv::Mat& f) {
      cv::Mat result = f.clone();
      const int size = cvRound(radius * std::clamp(1.5 * std::sin(0.6 * t), 0.0, 1.0));
      cv::circle(result, {210, 110}, size, cv::Scalar(200, 40, 35), cv::FILLED);
      return result;
    });
    for (const Case& asked : {sample, without_key(sample)}) {
      const Judgement judgement = judged(asked, blotched);
      EXPECT_GT(unsteady(judgement), before) << radius;
      if (radius > 10) {
        EXPECT_EQ(judgement.fault, "pop") << radius << judgement.reason;
      }
    }
    before = unsteady(judged(sample, blotched));
  }
}

}  // namespace
}  // namespace ditto::stages
