#include <gtest/gtest.h>

#include "stages/judge_scene.h"

namespace ditto::stages {
namespace {

using namespace scene;

/// A planted fault, at rising severity; the first need only lower the score.
struct Fault {
  std::string name;
  bool local = false;
  std::function<Frames(const Case&, double)> plant;
  std::vector<double> severities;
  std::string criterion;
  std::string word;    ///< the main reason's fault
  std::string phrase;  ///< in the main reason
};

std::ostream& operator<<(std::ostream& out, const Fault& fault) { return out << fault.name; }

Frames with_range(Frames frames, int first, int count, const std::function<cv::Mat(int)>& make) {
  for (int t = first; t < first + count; ++t) frames[static_cast<std::size_t>(t)] = make(t);
  return frames;
}

/// From frame 13 on, `count` frames of one grey level.
Frames with_even_frames(const Frames& frames, double count, int level) {
  return with_range(frames, 13, static_cast<int>(count),
                    [&](int) { return cv::Mat(kSize, CV_8UC3, cv::Scalar::all(level)); });
}

std::vector<Fault> faults() {
  return {
      {"Unedited",
       false,
       [](const Case& c, double amount) {
         return each(c.edited, [&](int t, const cv::Mat& f) {
           return blend(f, c.source[std::size_t(t)], amount);
         });
       },
       {0.9, 1.0},
       "instruction",
       "unedited",
       "mean visible change"},
      {"OtherSample",
       false,
       [](const Case& c, double) {
         return each(c.source, [](int, const cv::Mat& f) { return night(f); });
       },
       {1.0},
       "instruction",
       "wrong_edit",
       "differs from the edited key frame"},
      {"Frozen",
       false,
       [](const Case& c, double count) {
         return with_range(c.edited, 4, int(count), [&](int) { return c.edited[3]; });
       },
       {1, 3, 8},
       "source",
       "frozen",
       "frozen while the source moves: frames 4-"},
      {"Black",
       false,
       [](const Case& c, double count) { return with_even_frames(c.edited, count, 1); },
       {1, 4},
       "quality",
       "black",
       "one even tone: 13"},
      {"TimeShift",
       false,
       [](const Case&, double frames) {
         return each(source(int(frames)), [](int, const cv::Mat& f) { return sepia(f); });
       },
       {1, 3, 6},
       "source",
       "time_shift",
       "shifted by"},
      {"OtherClip",
       false,
       [](const Case&, double) {
         return each(source(0, 77), [](int, const cv::Mat& f) { return sepia(f); });
       },
       {1},
       "source",
       "swapped",
       "look like no frame of the source"},
      {"Misaligned",
       false,
       [](const Case& c, double pixels) {
         return each(c.edited,
                     [&](int, const cv::Mat& f) { return shifted(f, pixels / 3, pixels); });
       },
       {1, 4, 8},
       "source",
       "misaligned",
       "of the width from the source's"},
      {"Enlarged",
       false,
       [](const Case& c, double percent) {
         return each(c.edited,
                     [&](int, const cv::Mat& f) { return turned(f, 0, 1 + percent / 100); });
       },
       {2, 4, 7},
       "source",
       "misaligned",
       "larger by"},
      {"Turned",
       false,
       [](const Case& c, double degrees) {
         return each(c.edited, [&](int, const cv::Mat& f) { return turned(f, degrees, 1); });
       },
       {1.5, 3, 5},
       "source",
       "misaligned",
       "degrees clockwise"},
      {"GreySegment",
       false,
       [](const Case& c, double count) { return with_even_frames(c.edited, count, 128); },
       {1, 4},
       "quality",
       "missing",
       "one even tone: 13"},
      {"Flicker",
       false,
       [](const Case& c, double levels) {
         return each(c.edited, [&](int t, const cv::Mat& f) {
           cv::Mat result;
           f.convertTo(result, -1, 1, t % 2 == 0 ? levels : -levels);
           return result;
         });
       },
       {1, 5, 12},
       "temporal",
       "flicker",
       "flicker"},
      {"FadesOut",
       false,
       [](const Case& c, double amount) {
         return each(c.edited, [&](int t, const cv::Mat& f) {
           return blend(f, c.source[std::size_t(t)],
                        amount * std::max(0, t - kKey) / double(kFrames - 1 - kKey));
         });
       },
       {0.15, 0.7, 1.0},
       "temporal",
       "fade",
       "strength differs"},
      {"FadesThroughout",
       false,
       [](const Case& c, double amount) {
         return each(c.edited, [&](int t, const cv::Mat& f) {
           return blend(f, c.source[std::size_t(t)], amount * t / double(kFrames - 1));
         });
       },
       {0.2, 0.4, 0.55},
       "temporal",
       "fade",
       "in the first quarter"},
      {"MissingEdit",
       false,
       [](const Case& c, double amount) {
         return with_range(c.edited, 14, 4, [&](int t) {
           return blend(c.edited[std::size_t(t)], c.source[std::size_t(t)], amount);
         });
       },
       {0.1, 0.5, 1},
       "temporal",
       "pop",
       "frames beyond it: 14-17"},
      {"Boiling",
       false,
       [](const Case& c, double sigma) {
         cv::RNG random(3);
         return each(c.edited, [&](int, const cv::Mat& f) {
           cv::Mat noise(kSize, CV_16SC3), result;
           random.fill(noise, cv::RNG::NORMAL, 0, sigma);
           cv::add(f, noise, result, {}, CV_8U);
           return result;
         });
       },
       {3, 10, 20},
       "temporal",
       "noise",
       "along the motion"},
      {"Blur",
       false,
       [](const Case& c, double sigma) {
         return each(c.edited, [&](int, const cv::Mat& f) { return blurred(f, sigma); });
       },
       {0.5, 1.5, 2.5},
       "quality",
       "blur",
       "blurred by"},
      {"Blocking",
       false,
       [](const Case& c, double amount) {
         return each(c.edited, [&](int, const cv::Mat& f) { return blocky(f, amount); });
       },
       {0.05, 0.4, 0.7},
       "quality",
       "blocking",
       "8-pixel grid"},
      {"Leak",
       true,
       [](const Case& c, double amount) {
         return each(c.edited, [&](int t, const cv::Mat& f) {
           if (t <= kKey) return f;
           const int side = cvRound(amount * 100);
           cv::Mat patch = f.clone();
           patch(cv::Rect(kSize.width - side - 10, 10, side, side)) += cv::Scalar(0, 45, 0);
           return patch;
         });
       },
       {0.1, 0.7, 1.0},
       "source",
       "leak",
       "outside its region"},
      {"LocalUnedited",
       true,
       [](const Case& c, double) { return c.source; },
       {1},
       "instruction",
       "unedited",
       "mean visible change"},
      {"LocalFadesOut",
       true,
       [](const Case& c, double amount) {
         return each(c.edited, [&](int t, const cv::Mat& f) {
           return blend(f, c.source[std::size_t(t)], amount * std::abs(t - kKey) / double(kKey));
         });
       },
       {0.1, 0.8, 1.0},
       "temporal",
       "fade",
       "strength differs"},
  };
}

class JudgeFault : public testing::TestWithParam<Fault> {
 protected:
  void SetUp() override { cv::setNumThreads(1); }
};

TEST_P(JudgeFault, LowersItsCriterionMonotonicallyAndIsTheMainReason) {
  const Fault& fault = GetParam();
  const Case sample = fault.local ? local_case() : global_case();
  double before = *score(judged(sample, sample.edited), fault.criterion).value;
  Judgement judgement;
  for (const double severity : fault.severities) {
    judgement = judged(sample, fault.plant(sample, severity));
    const double value = *score(judgement, fault.criterion).value;
    EXPECT_LT(value, before) << "at severity " << severity << ": " << to_json(judgement).dump(1);
    before = value;
  }
  EXPECT_LT(before, 5.0);
  EXPECT_FALSE(judgement.accepted);
  EXPECT_NE(judgement.reason.find(fault.phrase), std::string::npos) << to_json(judgement).dump(1);
  EXPECT_EQ(judgement.fault, fault.word) << to_json(judgement).dump(1);
  EXPECT_EQ(judgement.reason.find(fault.word + ": "), 0U) << judgement.reason;
  ASSERT_FALSE(judgement.reasons.empty());
  EXPECT_EQ(judgement.reasons[0].fault, fault.word);
  EXPECT_EQ(judgement.reasons[0].criterion, fault.criterion);
}

INSTANTIATE_TEST_SUITE_P(Planted, JudgeFault, testing::ValuesIn(faults()),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace ditto::stages
