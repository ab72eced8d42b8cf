#include <gtest/gtest.h>

#include "ditto/nn/runtime.h"
#include "ditto/stages/generate.h"
#include "stages/generate/key_alignment.h"
#include "stages/moving_scene.h"

namespace ditto::stages {
namespace {

const cv::Size kSize(240, 144);

/// The picture with its content moved: out(p) = picture(p + displacement(p)).
template <class F>
cv::Mat displaced(const cv::Mat& picture, F displacement) {
  cv::Mat map(picture.size(), CV_32FC2), out;
  for (int y = 0; y < map.rows; ++y) {
    for (int x = 0; x < map.cols; ++x) {
      const cv::Point2f at(static_cast<float>(x), static_cast<float>(y));
      const cv::Point2f to = at + displacement(at);
      map.at<cv::Vec2f>(y, x) = {to.x, to.y};
    }
  }
  cv::remap(picture, out, map, cv::noArray(), cv::INTER_CUBIC, cv::BORDER_REFLECT_101);
  return out;
}

/// About 1.5 px long on average, half a wave over 60 px.
cv::Mat warped(const cv::Mat& picture) {
  return displaced(picture, [](cv::Point2f p) {
    return cv::Point2f(2 * std::sin(p.x / 19 + 0.5f) * std::cos(p.y / 23),
                       2 * std::cos(p.x / 21) * std::sin(p.y / 19 + 1));
  });
}

/// What scaling to a width that is 3 % off and cropping back does.
cv::Mat scaled(const cv::Mat& picture) {
  return displaced(picture, [](cv::Point2f p) {
    return cv::Point2f(0.03f * (p.x - 100) + 1.5f, 0.03f * (p.y - 80) - 1);
  });
}

cv::Mat edited(const cv::Mat& rgb) {
  cv::Mat out, blurred;
  cv::transform(rgb, out, cv::Matx34f(1.1f, 0.1f, 0, 12, 0, 0.9f, 0, 8, 0, 0.1f, 0.6f, 4));
  cv::GaussianBlur(out, blurred, {}, 1.5);
  cv::addWeighted(out, 1.6, blurred, -0.6, 0, out);
  return out;
}

/// Lit from one side: an edit that knows directions.
cv::Mat embossed(const cv::Mat& rgb) {
  cv::Mat out;
  cv::filter2D(rgb, out, -1, cv::Matx33f(-2, -1, 0, -1, 1, 1, 0, 1, 2) * 0.5f, {-1, -1}, 60);
  return out;
}

cv::Mat inner(const cv::Mat& picture) {
  return picture(cv::Rect(12, 12, kSize.width - 24, kSize.height - 24));
}

class GenerateAlignment : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cv::setNumThreads(1);
    nn::set_up_torch();
  }
  const Clip clip_ = moving_scene(kSize, 5, true);
};

TEST_F(GenerateAlignment, MovesADisplacedPictureBack) {
  const cv::Mat picture = edited(clip_.key());
  for (const auto& displace : {warped, scaled}) {
    const cv::Mat given = displace(picture);
    const KeyAlignment aligned = align_key(clip_.key(), given, 1);
    EXPECT_TRUE(aligned.applied);
    EXPECT_GT(aligned.displacement, 1);
    EXPECT_GT(psnr(inner(aligned.picture), inner(picture)), psnr(inner(given), inner(picture)) + 8);
  }
}

TEST_F(GenerateAlignment, KnowsWhatCameFromBeyondTheEdge) {
  const cv::Mat given =
      displaced(edited(clip_.key()), [](cv::Point2f) { return cv::Point2f(-4, 0); });
  const KeyAlignment aligned = align_key(clip_.key(), given, 1);
  ASSERT_TRUE(aligned.applied);
  EXPECT_EQ(aligned.unknown.at<uchar>(70, kSize.width - 2), 255);
  EXPECT_EQ(aligned.unknown.at<uchar>(70, kSize.width - 8), 0);
  EXPECT_EQ(aligned.unknown.at<uchar>(70, 1), 0);
}

TEST_F(GenerateAlignment, LeavesAPictureThatLiesRightAsItIs) {
  for (const auto& edit : {edited, embossed}) {
    const cv::Mat picture = edit(clip_.key());
    const KeyAlignment aligned = align_key(clip_.key(), picture, 1);
    EXPECT_FALSE(aligned.applied) << aligned.displacement << " px, " << aligned.gain << " dB";
    EXPECT_EQ(aligned.picture.data, picture.data);
  }
}

TEST_F(GenerateAlignment, LeavesALookThatMovesSomeColoursOnly) {
  // For red and cyan glasses. Two channels would lie better if all were moved.
  cv::Mat source = cloud(kSize, 7, 2.5, 12);
  cv::RNG random(3);
  for (int i = 0; i < 60; ++i) {
    const cv::Rect box(random.uniform(-10, 230), random.uniform(-10, 130), random.uniform(10, 60),
                       random.uniform(10, 50));
    const double grey = random.uniform(30, 220);
    cv::rectangle(source, box,
                  {grey + random.uniform(-25, 25), grey, grey + random.uniform(-25, 25)},
                  cv::FILLED);
  }
  const auto moved = [&](float by) {
    return displaced(source, [&](cv::Point2f) { return cv::Point2f(by, 0); });
  };
  for (const float by : {3.0f, 4.0f}) {
    cv::Mat picture = moved(-by);
    cv::mixChannels(std::vector<cv::Mat>{moved(by)}, std::vector<cv::Mat>{picture}, {0, 0});
    const KeyAlignment aligned = align_key(source, picture, 1);
    EXPECT_FALSE(aligned.applied) << aligned.displacement << " px, " << aligned.gain << " dB";
  }
}

TEST_F(GenerateAlignment, MakesTheVideoLieOnItsSource) {
  const auto run = [&](bool align) {
    config::Generate config;
    config.iterations = 300;
    config.align_key = align;
    const auto generator = make_generator(config, 1);
    return generator->generate(clip_, *generator->prepare(clip_),
                               {{2, warped(edited(clip_.key()))}}, "",
                               Stream(1, "scene_000000_0", "generate"));
  };
  const Generation with = run(true), without = run(false);
  EXPECT_TRUE(with.details.at("keys").at(0).at("aligned"));
  EXPECT_FALSE(without.details.at("keys").at(0).at("aligned"));
  for (const std::size_t t : {0U, 2U, 4U}) {
    const cv::Mat oracle = inner(edited(clip_.video.frames[t]));
    EXPECT_GT(psnr(inner(with.video.frames[t]), oracle),
              psnr(inner(without.video.frames[t]), oracle) + 4)
        << "frame " << t;
  }
}

}  // namespace
}  // namespace ditto::stages
