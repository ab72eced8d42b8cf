#include <gtest/gtest.h>

#include "stages/curate/windows.h"

namespace ditto::stages::curate {
namespace {

constexpr int kLength = 10;

/// Pushes `frames` frames that pass every filter, changed by `change(index, measure)`.
class Cutting {
 public:
  Cutting() {
    clip.frames = kLength;
    curate.max_clips_per_source = 0;
  }

  template <class Change>
  WindowCutter& push(int frames, Change&& change) {
    if (!cutter_) cutter_.emplace(clip, curate);
    for (int i = 0; i < frames; ++i) {
      FrameMeasure measure{.luma = 120, .spread = 40, .motion = 0.01F};
      measure.index = next_;
      change(next_, measure);
      cutter_->push(measure, Descriptor{});
      ++next_;
    }
    return *cutter_;
  }
  WindowCutter& push(int frames) {
    return push(frames, [](std::int64_t, FrameMeasure&) {});
  }
  /// The only drop of a source of one clip.
  template <class Change>
  Drop drop_of(Change&& change) {
    WindowCutter& cutter = push(kLength, change);
    cutter.finish();
    EXPECT_TRUE(cutter.take_windows().empty());
    const std::vector<Drop> drops = cutter.take_drops();
    EXPECT_EQ(drops.size(), 1U);
    return drops.empty() ? Drop{} : drops.front();
  }

  config::Clip clip;
  config::Curate curate;

 private:
  std::optional<WindowCutter> cutter_;
  std::int64_t next_ = 0;
};

std::vector<std::int64_t> starts(const std::vector<Window>& windows) {
  std::vector<std::int64_t> starts;
  for (const Window& window : windows) starts.push_back(window.start);
  return starts;
}

using Starts = std::vector<std::int64_t>;

TEST(CurateWindows, SpreadsOverTheShotWithoutOverlap) {
  Cutting cutting;
  WindowCutter& cutter = cutting.push(38);
  cutter.finish();
  const std::vector<Window> windows = cutter.take_windows();
  EXPECT_EQ(starts(windows), (Starts{2, 14, 26}));
  EXPECT_NEAR(windows[0].motion, 9 * 0.01, 1e-6);
  EXPECT_EQ(cutter.passed(), 3);
}

TEST(CurateWindows, StaysWithinShotsAndNamesShortOnes) {
  Cutting cutting;
  WindowCutter& cutter = cutting.push(40);
  cutter.cut(11);
  cutter.cut(18);
  cutter.finish();
  const std::vector<Window> windows = cutter.take_windows();
  EXPECT_EQ(starts(windows), (Starts{0, 18, 29}));
  EXPECT_EQ(windows[0].shot, 0);
  EXPECT_EQ(windows[1].shot, 2);
  const std::vector<Drop> drops = cutter.take_drops();
  ASSERT_EQ(drops.size(), 1U);
  EXPECT_EQ(drops[0].reason, "too_short");
  EXPECT_EQ(drops[0].start_frame, 11);
  EXPECT_NEAR(*drops[0].score, 7 / 20.0, 1e-9);
}

TEST(CurateWindows, ChoosesEvenlyWhenThereAreMoreThanWanted) {
  Cutting cutting;
  cutting.curate.max_clips_per_source = 2;
  WindowCutter& cutter = cutting.push(80);
  cutter.finish();
  EXPECT_EQ(starts(cutter.take_windows()), (Starts{20, 60}));
  EXPECT_EQ(cutter.passed(), 8);
}

TEST(CurateWindows, AnotherTakesThePlaceOfOneThatFails) {
  Cutting cutting;
  cutting.curate.max_clips_per_source = 2;
  WindowCutter& cutter = cutting.push(40, [](std::int64_t at, FrameMeasure& measure) {
    if (at < 20) measure.luma = 3;
  });
  cutter.finish();
  EXPECT_EQ(starts(cutter.take_windows()), (Starts{20, 30}));
  const std::vector<Drop> drops = cutter.take_drops();
  ASSERT_EQ(drops.size(), 2U);
  EXPECT_EQ(drops[1].reason, "black");
  EXPECT_EQ(drops[1].start_frame, 10);
}

TEST(CurateWindows, MemoryDoesNotGrowWithTheSource) {
  Cutting cutting;
  cutting.curate.max_clips_per_source = 3;
  std::size_t most = 0;
  WindowCutter* cutter = nullptr;
  for (int i = 0; i < 2000; ++i) {
    cutter = &cutting.push(kLength);
    cutter->settle_before(cutter->frames());
    most = std::max(most, cutter->pending());
  }
  EXPECT_LE(most, cutter->stretch());
  cutter->finish();
  EXPECT_EQ(cutter->passed(), 2000);
  const Starts chosen = starts(cutter->take_windows());
  ASSERT_EQ(chosen.size(), 3U);
  EXPECT_NEAR(static_cast<double>(chosen[0]), 20000 / 6.0, 600);
  EXPECT_NEAR(static_cast<double>(chosen[1]), 20000 / 2.0, 600);
  EXPECT_NEAR(static_cast<double>(chosen[2]), 20000 * 5 / 6.0, 600);
  // Each of the others is listed once.
  std::set<std::int64_t> listed(chosen.begin(), chosen.end());
  for (const Drop& drop : cutter->take_drops()) {
    EXPECT_EQ(drop.reason, "surplus");
    EXPECT_TRUE(listed.insert(*drop.start_frame).second) << *drop.start_frame;
  }
  EXPECT_EQ(listed.size(), 2000U);
}

TEST(CurateWindows, DropsStaticAndFastOnes) {
  const auto moving = [](float motion) {
    return [=](std::int64_t, FrameMeasure& measure) { measure.motion = motion; };
  };
  const Drop still = Cutting().drop_of(moving(1e-5F));
  EXPECT_EQ(still.reason, "static");
  EXPECT_NEAR(*still.score, 9e-5, 1e-9);
  EXPECT_EQ(still.start_frame, 0);
  EXPECT_EQ(Cutting().drop_of(moving(0.6F)).reason, "too_fast");
}

TEST(CurateWindows, StepsThatCannotBeFollowedCountAsTheOthers) {
  Cutting cutting;
  WindowCutter& cutter = cutting.push(kLength, [](std::int64_t at, FrameMeasure& measure) {
    if (at % 3 == 1) measure = {.luma = 120, .motion = 0, .tracked = 0.05F};
  });
  cutter.finish();
  const std::vector<Window> windows = cutter.take_windows();
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_NEAR(windows[0].motion, 9 * 0.01, 1e-6);
}

TEST(CurateWindows, DropsLetterboxesThatMostFramesShow) {
  const Drop drop = Cutting().drop_of([](std::int64_t at, FrameMeasure& measure) {
    measure.bars = {.top = 0.1F, .bottom = at == 4 ? 0.3F : 0.1F};
  });
  EXPECT_EQ(drop.reason, "letterbox");
  EXPECT_NEAR(*drop.score, 0.2, 1e-6);
  // A scene that is dark at an edge for a while has no bars.
  Cutting cutting;
  WindowCutter& cutter = cutting.push(kLength, [](std::int64_t at, FrameMeasure& measure) {
    if (at < 6) measure.bars.top = 0.2F;
  });
  cutter.finish();
  EXPECT_EQ(cutter.take_windows().size(), 1U);
}

TEST(CurateWindows, RepeatsThatTheRateExplainsAreNotFrozen) {
  // 10 fps shown at 20 fps: every second frame repeats the one before.
  Cutting cutting;
  WindowCutter& cutter = cutting.push(
      kLength, [](std::int64_t at, FrameMeasure& measure) { measure.repeated = at % 2 == 1; });
  cutter.finish();
  const std::vector<Window> windows = cutter.take_windows();
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_EQ(windows[0].frozen, 0);
  EXPECT_NEAR(windows[0].fps, 10, 1e-9);

  const Drop drop = Cutting().drop_of(
      [](std::int64_t at, FrameMeasure& measure) { measure.frozen = at % 4 != 0; });
  EXPECT_EQ(drop.reason, "frozen");
  EXPECT_NEAR(*drop.score, 0.7, 1e-9);
}

TEST(CurateWindows, DropsStretchesWithTooFewPictures) {
  const Drop drop = Cutting().drop_of(
      [](std::int64_t at, FrameMeasure& measure) { measure.repeated = at % 5 != 0; });
  EXPECT_EQ(drop.reason, "low_frame_rate");
  EXPECT_NEAR(*drop.score, 4, 1e-9);
}

}  // namespace
}  // namespace ditto::stages::curate
