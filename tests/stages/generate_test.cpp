#include "ditto/stages/generate.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/nn/runtime.h"
#include "stages/moving_scene.h"

namespace ditto::stages {
namespace {

const cv::Size kSize(128, 80);
const Stream kStream(1, "scene_000000_0", "generate");

class Generate : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cv::setNumThreads(1);
    nn::set_up_torch();
  }

  static Generation run(const Clip& clip, const cv::Mat& edited, int threads = 1,
                        int iterations = 300) {
    config::Generate config;
    config.iterations = iterations;
    const auto generator = make_generator(config, threads);
    return generator->generate(clip, *generator->prepare(clip), {{clip.key_frame, edited}}, "",
                               kStream);
  }
};

cv::Mat warmer(const cv::Mat& rgb) {
  cv::Mat out;
  cv::transform(rgb, out, cv::Matx34f(1.1f, 0.1f, 0, 12, 0, 0.9f, 0, 8, 0, 0.1f, 0.6f, 4));
  return out;
}

cv::Mat sharper(const cv::Mat& rgb) {
  cv::Mat blurred, out;
  cv::GaussianBlur(rgb, blurred, {}, 1.5);
  cv::addWeighted(rgb, 2.0, blurred, -1.0, 0, out);
  return out;
}

/// Orange to blue.
cv::Mat recoloured(const cv::Mat& rgb) {
  cv::Mat out = rgb.clone();
  for (auto& p : cv::Mat_<cv::Vec3b>(out)) {
    if (p[0] > p[2] + 60) std::swap(p[0], p[2]);
  }
  return out;
}

TEST_F(Generate, KeepsTheGivenKeyFrameAndTheClipsShape) {
  const Clip clip = moving_scene(kSize, 7, true);
  const cv::Mat edited = warmer(clip.key());
  const Generation result = run(clip, edited);
  ASSERT_EQ(result.video.frames.size(), clip.video.frames.size());
  EXPECT_EQ(result.confidence.size(), clip.video.frames.size());
  EXPECT_EQ(result.video.size(), kSize);
  EXPECT_EQ(result.video.fps, clip.video.fps);
  EXPECT_EQ(cv::norm(result.video.frames[3], edited, cv::NORM_INF), 0);
  EXPECT_NE(result.video.frames[3].data, edited.data);
  for (const float c : result.confidence) {
    EXPECT_GE(c, 0.0f);
    EXPECT_LE(c, 1.0f);
  }
}

TEST_F(Generate, SpreadsAColourEditNearlyExactly) {
  const Clip clip = moving_scene(kSize, 9, true);
  const Generation result = run(clip, warmer(clip.key()));
  for (std::size_t t = 0; t < clip.video.frames.size(); ++t) {
    EXPECT_GT(psnr(result.video.frames[t], warmer(clip.video.frames[t])), 42) << "frame " << t;
  }
}

TEST_F(Generate, LearnsAFilterOfTheNeighbourhood) {
  const Clip clip = moving_scene(kSize, 7, true);
  const Generation result = run(clip, sharper(clip.key()), 1, 600);
  for (const std::size_t t : {0U, 6U}) {
    const cv::Mat oracle = sharper(clip.video.frames[t]);
    EXPECT_GT(psnr(result.video.frames[t], oracle), psnr(clip.video.frames[t], oracle) + 6)
        << "frame " << t;
  }
}

TEST_F(Generate, LearnsFogThatDarkensAndLightensByThePlace) {
  const Clip clip = moving_scene({192, 112}, 7, false);
  const auto foggy = [](const cv::Mat& rgb) {
    cv::Mat out = rgb.clone();
    for (int y = 0; y < out.rows; ++y) {
      const double fog = 0.85 - 0.6 * y / (out.rows - 1);
      cv::addWeighted(rgb.row(y), 1 - fog, cv::Mat(1, out.cols, CV_8UC3, cv::Scalar::all(120)), fog,
                      0, out.row(y));
    }
    return out;
  };
  const Generation result = run(clip, foggy(clip.key()), 1, 600);
  EXPECT_TRUE(result.details["screen_position"].get<bool>());
  for (const std::size_t t : {0U, 6U})
    EXPECT_GT(psnr(result.video.frames[t], foggy(clip.video.frames[t])), 44) << "frame " << t;
}

TEST_F(Generate, LocalRecolourFollowsTheMovingDisk) {
  const Clip clip = moving_scene(kSize, 9, true);
  const Generation result = run(clip, recoloured(clip.key()), 1, 600);
  for (const int t : {0, 8}) {
    const auto i = static_cast<std::size_t>(t);
    cv::Mat disk = cv::Mat::zeros(kSize, CV_8U);
    cv::circle(disk, disk_centre(t), kDiskRadius - 2, 255, cv::FILLED);
    const cv::Mat oracle = recoloured(clip.video.frames[i]);
    EXPECT_GT(psnr(result.video.frames[i], oracle, disk), 25) << "frame " << t;
    cv::Mat outside = cv::Mat::ones(kSize, CV_8U);
    cv::circle(outside, disk_centre(t), kDiskRadius + 3, 0, cv::FILLED);
    EXPECT_GT(psnr(result.video.frames[i], clip.video.frames[i], outside), 32) << "frame " << t;
  }
}

TEST_F(Generate, ALightHasNoHolesWhereFlowIsUnsure) {
  // A lamp lights a part of a still scene, of which every other patch is another in each frame.
  const cv::Size size(192, 112);
  Clip clip;
  clip.video.fps = {20, 1};
  clip.key_frame = 1;
  for (unsigned t = 0; t < 3; ++t) {
    cv::Mat frame = cloud(size, 7, 2.5, 35);
    const cv::Mat other = cloud(size, 20 + t, 1.5, 35);
    for (int y = 0; y < size.height; y += 8) {
      for (int x = y % 16; x < size.width; x += 16) {
        const cv::Rect patch = cv::Rect(x, y, 8, 8) & cv::Rect({}, size);
        other(patch).copyTo(frame(patch));
      }
    }
    clip.video.frames.push_back(frame);
  }
  cv::Mat lit = cv::Mat::zeros(size, CV_8U);
  cv::circle(lit, {96, 56}, 32, 255, cv::FILLED);
  const auto with_light = [&](const cv::Mat& rgb) {
    cv::Mat out = rgb.clone();
    cv::add(rgb, cv::Scalar::all(50), out, lit);
    return out;
  };
  const Generation result = run(clip, with_light(clip.key()));
  for (const std::size_t t : {0U, 2U})
    EXPECT_GT(psnr(result.video.frames[t], with_light(clip.video.frames[t]), lit), 21)
        << "frame " << t;
}

TEST_F(Generate, ADrawnObjectMovesWithWhatLiesUnderIt) {
  const Clip clip = moving_scene({192, 112}, 9, false);
  // A chequered plate, fixed to the ground.
  const auto with_plate = [&](int t) {
    cv::Mat frame = clip.video.frames[static_cast<std::size_t>(t)].clone();
    const float left = 90 - 1.25f * static_cast<float>(t - 4),
                top = 50 - 0.5f * static_cast<float>(t - 4);
    cv::Mat plate(24, 32, CV_8UC3), shifted, alpha(24, 32, CV_32F, cv::Scalar(1));
    for (int y = 0; y < 24; ++y) {
      for (int x = 0; x < 32; ++x) {
        plate.at<cv::Vec3b>(y, x) =
            (x / 8 + y / 8) % 2 ? cv::Vec3b(230, 30, 200) : cv::Vec3b(20, 240, 60);
      }
    }
    const cv::Mat m(cv::Matx23f(1, 0, left, 0, 1, top));
    cv::warpAffine(plate, shifted, m, frame.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    cv::warpAffine(alpha, alpha, m, frame.size());
    for (int y = 0; y < frame.rows; ++y) {
      for (int x = 0; x < frame.cols; ++x) {
        auto& p = frame.at<cv::Vec3b>(y, x);
        const float a = alpha.at<float>(y, x);
        p = cv::Vec3b(cv::Vec3f(p) * (1 - a) + cv::Vec3f(shifted.at<cv::Vec3b>(y, x)) * a);
      }
    }
    return frame;
  };
  const Generation result = run(clip, with_plate(4));
  EXPECT_EQ(result.details.at("object_layers"), 1);
  for (const int t : {0, 8}) {
    const auto i = static_cast<std::size_t>(t);
    const cv::Rect place(95 - static_cast<int>(1.25 * (t - 4)), 54 - (t - 4) / 2, 22, 16);
    EXPECT_GT(psnr(result.video.frames[i](place), with_plate(t)(place)), 24) << "frame " << t;
    EXPECT_GT(psnr(result.video.frames[i], with_plate(t)), 30) << "frame " << t;
  }
}

TEST_F(Generate, ADrawnObjectFollowsTheThingUnderItsMiddle) {
  // A plate on a thing that moves over still ground, reaching over it on all sides: most of what
  // the plate hides is ground.
  const cv::Size size(320, 180);
  const cv::Mat ground = cloud(size, 7, 2.5, 35), thing = cloud({44, 44}, 9, 2.5, 50);
  const auto middle = [](int t) { return cv::Point(120 + 3 * t, 80 + t); };
  Clip clip;
  clip.video.fps = {20, 1};
  clip.key_frame = 3;
  for (int t = 0; t < 7; ++t) {
    cv::Mat frame = ground.clone();
    thing.copyTo(frame(cv::Rect(middle(t) - cv::Point(22, 22), thing.size())));
    clip.video.frames.push_back(frame);
  }
  const auto with_plate = [&](int t) {
    cv::Mat frame = clip.video.frames[static_cast<std::size_t>(t)].clone();
    for (int y = -32; y < 32; ++y) {
      for (int x = -32; x < 32; ++x) {
        frame.at<cv::Vec3b>(middle(t) + cv::Point(x, y)) =
            ((x + 32) / 16 + (y + 32) / 16) % 2 ? cv::Vec3b(230, 30, 200) : cv::Vec3b(20, 240, 60);
      }
    }
    return frame;
  };
  const Generation result = run(clip, with_plate(3));
  ASSERT_EQ(result.details.at("object_layers"), 1);
  for (const int t : {0, 6}) {
    const cv::Rect place(middle(t) - cv::Point(26, 26), cv::Size(52, 52));
    EXPECT_GT(psnr(result.video.frames[static_cast<std::size_t>(t)](place), with_plate(t)(place)),
              14)
        << "frame " << t;
  }
}

TEST_F(Generate, BytesDontDependOnTheNumberOfThreads) {
  const Clip clip = moving_scene(kSize, 7, true);
  const cv::Mat edited = sharper(clip.key());
  const Generation one = run(clip, edited, 1, 60), two = run(clip, edited, 2, 60),
                   again = run(clip, edited, 1, 60);
  for (std::size_t t = 0; t < one.video.frames.size(); ++t) {
    EXPECT_EQ(cv::norm(one.video.frames[t], two.video.frames[t], cv::NORM_INF), 0) << "frame " << t;
    EXPECT_EQ(cv::norm(one.video.frames[t], again.video.frames[t], cv::NORM_INF), 0)
        << "frame " << t;
    EXPECT_EQ(one.confidence[t], two.confidence[t]);
  }
}

TEST_F(Generate, WorksWithTheKeyAtEitherEndAndAlone) {
  Clip clip = moving_scene(kSize, 5, false);
  for (const int key : {0, 4}) {
    clip.key_frame = key;
    const Generation result = run(clip, warmer(clip.key()), 2, 30);
    EXPECT_GT(psnr(result.video.frames[static_cast<std::size_t>(4 - key)],
                   warmer(clip.video.frames[static_cast<std::size_t>(4 - key)])),
              38);
  }
  clip.video.frames.resize(1);
  clip.key_frame = 0;
  EXPECT_EQ(run(clip, warmer(clip.key()), 2, 30).video.frames.size(), 1U);
}

TEST_F(Generate, TakesFromASecondKeyWhatTheFirstDoesntShow) {
  // A pan over more than the picture's width. Dots that are drawn all over the ground are known
  // from a key frame that shows the place alone.
  const Clip wide = moving_scene({400, 112}, 1, false);
  cv::Mat drawn = wide.key().clone();
  cv::RNG rng(3);
  for (int i = 0; i < 300; ++i) {
    cv::circle(drawn, {rng.uniform(0, 400), rng.uniform(0, 112)}, rng.uniform(1, 3),
               cv::Scalar(rng.uniform(0, 255), rng.uniform(0, 255), rng.uniform(0, 255)),
               cv::FILLED, cv::LINE_AA);
  }
  Clip clip;
  std::vector<cv::Mat> oracle;
  for (int t = 0; t < 17; ++t) {
    const cv::Rect view(t * 7, 0, 96, 112);
    clip.video.frames.push_back(wide.key()(view).clone());
    oracle.push_back(drawn(view).clone());
  }
  clip.video.fps = {20, 1};
  config::Generate config;
  config.iterations = 60;
  config.align_key = false;
  const auto generator = make_generator(config, 2);
  const auto run = [&](const std::vector<int>& frames) {
    std::vector<EditedKey> keys;
    for (const int frame : frames) keys.push_back({frame, oracle[static_cast<std::size_t>(frame)]});
    return generator->generate(clip, *generator->prepare(clip, frames), keys, "", kStream);
  };
  const Generation first = run({2}), both = run({2, 14});
  EXPECT_EQ(cv::norm(both.video.frames[2], oracle[2], cv::NORM_INF), 0);
  EXPECT_EQ(cv::norm(both.video.frames[14], oracle[14], cv::NORM_INF), 0);
  EXPECT_EQ(both.details.at("keys").size(), 2U);
  EXPECT_GT(psnr(both.video.frames[16], oracle[16]), psnr(first.video.frames[16], oracle[16]) + 4);
  EXPECT_GT(psnr(both.video.frames[0], oracle[0]), psnr(first.video.frames[0], oracle[0]) - 1);
  // What no key shows is told.
  EXPECT_LT(first.confidence[16], first.confidence[3] - 0.1f);
  EXPECT_GT(both.confidence[16], first.confidence[16] + 0.1f);
  ASSERT_EQ(first.details.at("confidence").size(), 17U);
  EXPECT_NEAR(first.details.at("confidence").at(16).get<float>(), first.confidence[16], 0.001f);
  const Generation turned = run({14, 2});
  EXPECT_EQ(cv::norm(turned.video.frames[14], oracle[14], cv::NORM_INF), 0);
}

TEST_F(Generate, RefusesAClipWithACut) {
  Clip clip = moving_scene(kSize, 12, false);
  for (int t = 7; t < 12; ++t)
    clip.video.frames[static_cast<std::size_t>(t)] =
        cloud({kSize.width + 20, kSize.height}, 33, 4, 45)(cv::Rect({t, 0}, kSize)).clone();
  const Generation result = run(clip, warmer(clip.key()));
  EXPECT_NE(result.refusal.find("frame 7"), std::string::npos) << result.refusal;
  EXPECT_TRUE(result.video.frames.empty());
  EXPECT_EQ(result.details.at("cuts"), nlohmann::json({7}));

  config::Generate config;
  config.iterations = 30;
  config.shot_threshold = 0;
  const auto generator = make_generator(config, 1);
  const Generation unasked = generator->generate(
      clip, *generator->prepare(clip), {{clip.key_frame, warmer(clip.key())}}, "", kStream);
  EXPECT_EQ(unasked.refusal, "");
  EXPECT_EQ(unasked.video.frames.size(), 12U);
}

TEST_F(Generate, RefusesKeysThatItWasntPreparedFor) {
  const Clip clip = moving_scene(kSize, 3, false);
  const auto generator = make_generator(config::Generate{}, 1);
  const auto prepared = generator->prepare(clip);
  EXPECT_THROW(generator->generate(clip, *prepared, {{0, clip.key()}}, "", kStream), Error);
  EXPECT_THROW(generator->generate(clip, *prepared, {}, "", kStream), Error);
}

TEST_F(Generate, RefusesAnEditedKeyFrameOfAnotherSize) {
  const Clip clip = moving_scene(kSize, 3, false);
  try {
    run(clip, cv::Mat(60, 80, CV_8UC3, cv::Scalar::all(0)));
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(e.what()).find("80x60"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("128x80"), std::string::npos) << e.what();
  }
}

TEST_F(Generate, StatedMemoryBoundsHoldAndGrowWithTheClip) {
  const auto generator = make_generator(config::Generate{}, 2);
  const Clip clip = moving_scene(kSize, 9, false);
  EXPECT_LE(generator->prepare(clip)->bytes(),
            generator->prepared_bytes({9, kSize.width, kSize.height}, 1));
  const ClipShape small{49, 832, 480}, longer{101, 832, 480}, large{101, 1280, 720};
  EXPECT_LT(generator->prepared_bytes(small, 1), generator->prepared_bytes(longer, 1));
  EXPECT_LT(generator->working_bytes(small, 1), generator->working_bytes(longer, 1));
  EXPECT_LT(generator->working_bytes(longer, 1), generator->working_bytes(large, 1));
  EXPECT_GE(generator->working_bytes(small, 1), small.video_bytes());
  EXPECT_LT(generator->prepared_bytes(large, 1), 250e6);
  EXPECT_LT(generator->working_bytes(large, 1), 600e6);
}

}  // namespace
}  // namespace ditto::stages
