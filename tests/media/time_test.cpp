#include "media/time.h"

#include <gtest/gtest.h>

#include <vector>

namespace ditto::media {
namespace {

TEST(Rational, ComparesAndAddsExactly) {
  const Rational almost{1'000'000'007, 3'000'000'020};
  EXPECT_TRUE((almost < Rational{1, 3}) == (3 * 1'000'000'007LL < 3'000'000'020LL));
  EXPECT_EQ(compare(Rational{1, 3}, Rational{2, 6}), 0);
  EXPECT_EQ(compare(Rational{-1, 3}, Rational{-1, 4}), -1);
  EXPECT_EQ((Rational{1, 3} + Rational{1, 6}), (Rational{1, 2}));
  EXPECT_EQ((Rational{1, 3} - Rational{1, 3}), (Rational{0, 1}));
}

TEST(Scale, RoundsBothWaysWithoutOverflow) {
  EXPECT_EQ(scale_down(7, 1, 2), 3);
  EXPECT_EQ(scale_up(7, 1, 2), 4);
  EXPECT_EQ(scale_down(-7, 1, 2), -4);
  EXPECT_EQ(scale_up(-7, 1, 2), -3);
  EXPECT_EQ(scale_up(8, 1, 2), 4);
  EXPECT_EQ(scale_down(std::int64_t{1} << 60, 90000, 90000), std::int64_t{1} << 60);
}

TEST(FramesShown, AreThoseWhoseTimeIsInside) {
  const Rational fps{30, 1};
  const FrameSpan span = frames_shown(Rational{1, 30}, Rational{4, 30}, fps);
  EXPECT_EQ(span.begin, 1);
  EXPECT_EQ(span.end, 4);
  const FrameSpan between = frames_shown(Rational{101, 3000}, Rational{199, 3000}, fps);
  EXPECT_EQ(between.begin, between.end);
  // NTSC: frame n is at n * 1001 / 30000.
  const FrameSpan ntsc =
      frames_shown(Rational{1001, 30000}, Rational{1002, 30000}, Rational{30000, 1001});
  EXPECT_EQ(ntsc.begin, 1);
  EXPECT_EQ(ntsc.end, 2);
}

// Each picture's span of output frames, as decode() works it out.
std::vector<int> shown_pictures(PictureClock clock, const std::vector<std::int64_t>& timestamps,
                                std::int64_t duration, Rational fps) {
  std::vector<PictureClock::Times> times;
  for (const std::int64_t timestamp : timestamps) {
    const auto next = clock.next(timestamp, duration);
    if (!next) break;
    times.push_back(*next);
  }
  std::vector<int> shown;
  for (std::size_t i = 0; i < times.size(); ++i) {
    const Rational stop = i + 1 < times.size() ? times[i + 1].start : times[i].stop;
    const FrameSpan span = frames_shown(times[i].start, stop, fps);
    for (std::int64_t n = span.begin; n < span.end; ++n) shown.push_back(static_cast<int>(i));
  }
  return shown;
}

TEST(PictureClock, RecoversARateThatMillisecondsRound) {
  for (const Rational rate : {Rational{30, 1}, Rational{30000, 1001}, Rational{24000, 1001},
                              Rational{60, 1}, Rational{120, 1}, Rational{7, 1}}) {
    for (const std::int64_t origin : {0, 1, 7}) {
      std::vector<std::int64_t> timestamps;
      std::vector<int> all;
      for (int i = 0; i < 500; ++i) {
        // Rounded from an exact time that starts anywhere.
        timestamps.push_back((i * 1000 * rate.den * 10 + origin * rate.num + 5 * rate.num) /
                             (rate.num * 10));
        all.push_back(i);
      }
      const std::int64_t duration = 1000 * rate.den / rate.num;
      EXPECT_EQ(shown_pictures(PictureClock({1, 1000}, rate, false), timestamps, duration, rate),
                all)
          << rate.num << "/" << rate.den << " from " << origin;
    }
  }
}

TEST(PictureClock, TakesExactTimestampsAsTheyAre) {
  // One tick late at 1/90000 is late: the clock could have said 3000.
  EXPECT_EQ(shown_pictures(PictureClock({1, 90000}, {30, 1}, false), {0, 3001, 6000, 9000}, 3000,
                           {30, 1}),
            (std::vector<int>{0, 0, 2, 3}));
  // A coarse clock: 25 ticks a second.
  EXPECT_EQ(shown_pictures(PictureClock({1, 25}, {25, 1}, false), {0, 1, 2}, 1, {50, 1}),
            (std::vector<int>{0, 0, 1, 1, 2, 2}));
}

TEST(PictureClock, StartsAtTheFirstPictureWhateverItsTimestamp) {
  for (const std::int64_t origin : {-5000, 0, 123456789}) {
    EXPECT_EQ(shown_pictures(PictureClock({1, 1000}, {10, 1}, false),
                             {origin, origin + 100, origin + 300}, 100, {10, 1}),
              (std::vector<int>{0, 1, 1, 2}));
  }
}

TEST(PictureClock, CountsWhereTimestampsAreMissing) {
  PictureClock clock({1, 1000}, {25, 1}, false);
  for (int i = 0; i < 100; ++i) {
    const auto times = clock.next(std::nullopt, 0);
    ASSERT_TRUE(times);
    EXPECT_EQ(times->start, (Rational{i, 25}));
    EXPECT_EQ(times->stop, (Rational{i + 1, 25}));
  }
}

TEST(PictureClock, CountsWhereTimestampsDoNotAdvance) {
  PictureClock clock({1, 1000}, {25, 1}, false);
  EXPECT_EQ(clock.next(0, 40)->start, (Rational{0, 25}));
  EXPECT_EQ(clock.next(0, 40)->start, (Rational{1, 25}));
  EXPECT_EQ(clock.next(-80, 40)->start, (Rational{2, 25}));
  EXPECT_EQ(clock.next(120, 40)->start, (Rational{3, 25}));
}

TEST(PictureClock, GoesOnWhereABroadcastClockIsReset) {
  PictureClock clock({1, 90000}, {25, 1}, true);
  const std::int64_t late = 3600LL * 90000;
  EXPECT_EQ(clock.next(late, 3600)->start, (Rational{0, 25}));
  EXPECT_EQ(clock.next(late + 3600, 3600)->start, (Rational{1, 25}));
  EXPECT_EQ(clock.next(500, 3600)->start, (Rational{2, 25}));
  EXPECT_EQ(clock.next(500 + 3600, 3600)->start, (Rational{3, 25}));
  EXPECT_EQ(clock.next(late, 3600)->start, (Rational{4, 25}));
  EXPECT_EQ(clock.next(late + 7200, 3600)->start, (Rational{6, 25}));
}

TEST(PictureClock, EndsWhereAPictureWouldLastForHours) {
  PictureClock clock({1, 1000}, {25, 1}, false);
  EXPECT_TRUE(clock.next(0, 40));
  EXPECT_TRUE(clock.next(3'000'000, 40));
  EXPECT_FALSE(clock.next(7'000'000'000'000, 40));
}

TEST(PictureClock, SurvivesAbsurdTimestamps) {
  PictureClock clock({1, 90000}, {30, 1}, false);
  EXPECT_EQ(clock.next(std::int64_t{1} << 62, -5)->stop, (Rational{1, 30}));
  EXPECT_EQ(clock.next(-(std::int64_t{1} << 62), std::int64_t{1} << 61)->start, (Rational{1, 30}));
}

}  // namespace
}  // namespace ditto::media
