#include <gtest/gtest.h>

#include <numeric>

#include "stages/instruct/mix.h"

namespace ditto::stages::instructing {
namespace {

std::size_t at(Task task) { return static_cast<std::size_t>(task); }

config::Instruct uneven() {
  config::Instruct config;
  config.global_fraction = 0.37;
  config.style_fraction = 0.81;
  config.replace_weight = 5;
  config.add_weight = 0;
  config.remove_weight = 0.5;
  config.attribute_weight = 2;
  return config;
}

TEST(Mix, FollowsTheFractionsAtEveryPointOfARun) {
  for (const config::Instruct& config : {config::Instruct(), uneven()}) {
    const double local = 1 - config.global_fraction;
    const double weights =
        config.replace_weight + config.add_weight + config.remove_weight + config.attribute_weight;
    const std::array<double, kTasks> shares = {config.global_fraction * config.style_fraction,
                                               config.global_fraction * (1 - config.style_fraction),
                                               local * config.replace_weight / weights,
                                               local * config.add_weight / weights,
                                               local * config.remove_weight / weights,
                                               local * config.attribute_weight / weights};
    auto before = planned(0, config);
    for (std::int64_t n = 1; n <= 1000; ++n) {
      const auto now = planned(n, config);
      EXPECT_EQ(std::accumulate(now.begin(), now.end(), std::int64_t{0}), n);
      const double globals = static_cast<double>(now[0] + now[1]);
      EXPECT_NEAR(globals, static_cast<double>(n) * config.global_fraction, 0.501);
      for (std::size_t i = 0; i < now.size(); ++i) {
        EXPECT_GE(now[i], before[i]) << n;
        EXPECT_NEAR(static_cast<double>(now[i]), static_cast<double>(n) * shares[i], 2) << n;
      }
      before = now;
    }
  }
}

TEST(Mix, ClipsShareOutTheRunWithoutRest) {
  const config::Instruct config;
  for (const int count : {1, 3, 5, 64}) {
    std::array<std::int64_t, kTasks> sum = {};
    for (std::int64_t ordinal = 0; ordinal < 50; ++ordinal) {
      const TaskCounts part = due(ordinal, {.count = count}, config).owed;
      EXPECT_EQ(std::accumulate(part.begin(), part.end(), 0), count);
      for (std::size_t i = 0; i < part.size(); ++i) sum[i] += part[i];
    }
    EXPECT_EQ(sum, planned(std::int64_t{50} * count, config));
  }
  // The paper's mix, exactly, where it comes out even.
  EXPECT_EQ(planned(1000, config)[0] + planned(1000, config)[1], 700);
  EXPECT_EQ(planned(1000, config)[0], 420);
}

TEST(Mix, LeavesOutWhatHasNoWeight) {
  EXPECT_FALSE(is_wanted(Task::kLocalAdd, uneven()));
  EXPECT_EQ(planned(100'000, uneven())[at(Task::kLocalAdd)], 0);
  config::Instruct config;
  config.replace_weight = config.add_weight = config.remove_weight = config.attribute_weight = 0;
  EXPECT_FALSE(is_wanted(Task::kLocalRemove, config));
  EXPECT_EQ(planned(10, config)[0] + planned(10, config)[1], 10);
  config = {};
  config.style_fraction = 1;
  EXPECT_EQ(planned(1000, config)[at(Task::kGlobalEnvironment)], 0);
  EXPECT_FALSE(is_wanted(Task::kGlobalEnvironment, config));
}

TEST(Mix, PrefersWhatIsOwedMost) {
  Due due;
  due.owed[at(Task::kLocalRemove)] = 2;
  due.owed[at(Task::kGlobalEnvironment)] = 1;
  due.owed[at(Task::kLocalAdd)] = -3;
  const std::vector<Task> tasks = preferences(due, {});
  ASSERT_EQ(tasks.size(), 6U);
  EXPECT_EQ(tasks.front(), Task::kLocalRemove);
  EXPECT_EQ(tasks[1], Task::kGlobalEnvironment);
  EXPECT_EQ(tasks.back(), Task::kLocalAdd);
  EXPECT_EQ(preferences(due, uneven()).size(), 5U) << "additions have no weight";
  due.ahead[at(Task::kLocalReplace)] = 3;
  EXPECT_EQ(preferences(due, {}).front(), Task::kLocalReplace);
}

TEST(Mix, GivesAheadOnlyWhatLaterClipsOfTheUnitMakeUpFor) {
  const auto ahead = [](std::int64_t ordinal, int clips_after) {
    return due(ordinal, {.count = 5, .clips_after = clips_after}, {}).ahead;
  };
  EXPECT_EQ(ahead(7, 0), TaskCounts{});
  EXPECT_EQ(ahead(0, 3)[at(Task::kLocalRemove)], 1);
  for (const Task task : {Task::kGlobalStyle, Task::kGlobalEnvironment, Task::kLocalAdd})
    EXPECT_EQ(ahead(0, 100)[at(task)], 0) << name_of(task);
  const auto few = due(0, {.count = 1, .clips_after = 9}, uneven());
  EXPECT_EQ(few.ahead[at(Task::kLocalReplace)], 1);
  EXPECT_EQ(few.ahead[at(Task::kLocalRemove)], 0) << "rarer than one in a unit";
}

// Twelve units of eight clips, where only one clip in four offers a removal, one in two a
// replacement or another attribute: each unit's mix is the configured one.
TEST(Mix, UnitsMakeUpForWhatTheirClipsLack) {
  const config::Instruct config;
  constexpr int kCount = 5;
  constexpr int kUnit = 8;
  for (int unit = 0; unit < 12; ++unit) {
    TaskCounts owed = {};
    for (int i = 0; i < kUnit; ++i) {
      const int ordinal = kUnit * unit + i;
      Due due = instructing::due(
          ordinal, {.count = kCount, .owed = owed, .clips_after = kUnit - 1 - i}, config);
      std::array<int, kTasks> offered = {20, 10, 2, 5, 2, 4};
      if (ordinal % 4 != unit % 4) offered[at(Task::kLocalRemove)] = 0;
      if (ordinal % 2 != unit % 2) offered[at(Task::kLocalReplace)] = 0;
      if (ordinal % 2 == unit % 2) offered[at(Task::kLocalAttribute)] = 0;
      for (int n = 0; n < kCount; ++n) {
        for (const Task task : preferences(due, config)) {
          if (offered[at(task)] == 0) continue;
          --offered[at(task)];
          --due.owed[at(task)];
          break;
        }
      }
      owed = due.owed;
      for (std::size_t t = 0; t < owed.size(); ++t)
        EXPECT_LE(std::abs(owed[t]), 3) << "unit " << unit << ", clip " << i << ", task " << t;
    }
    for (std::size_t t = 0; t < owed.size(); ++t)
      EXPECT_LE(std::abs(owed[t]), 1) << "unit " << unit;
  }
}

}  // namespace
}  // namespace ditto::stages::instructing
