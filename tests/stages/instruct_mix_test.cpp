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
      const TaskCounts part = planned_for_clip(ordinal, count, config);
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

TEST(Mix, PrefersWhatIsOwedThenTheSameKind) {
  TaskCounts owed = {};
  owed[at(Task::kLocalRemove)] = 2;
  owed[at(Task::kGlobalEnvironment)] = 1;
  owed[at(Task::kLocalAdd)] = -3;
  const std::vector<Task> tasks = preferences(owed, {});
  ASSERT_EQ(tasks.size(), 6U);
  EXPECT_EQ(tasks[0], Task::kLocalRemove);
  EXPECT_EQ(tasks[1], Task::kGlobalEnvironment);
  EXPECT_EQ(tasks[4], Task::kLocalAdd);
  EXPECT_EQ(tasks[5], Task::kGlobalStyle);
  EXPECT_EQ(preferences(owed, uneven()).size(), 5U) << "additions have no weight";
}

// Fifty clips, units of eight, where two in three offer no removal and one in five no attribute:
// what the units make up for is exact, and no clip's tasks depend on another unit.
TEST(Mix, UnitsMakeUpForWhatTheirClipsLack) {
  const config::Instruct config;
  constexpr int kCount = 5;
  constexpr std::int64_t kClips = 48;
  std::array<std::int64_t, kTasks> given = {};
  TaskCounts owed = {};
  std::int64_t left_over = 0;
  for (std::int64_t ordinal = 0; ordinal < kClips; ++ordinal) {
    if (ordinal % 8 == 0) owed = {};
    const TaskCounts part = planned_for_clip(ordinal, kCount, config);
    for (std::size_t i = 0; i < part.size(); ++i) owed[i] += part[i];
    std::array<int, kTasks> offered = {20, 10, 2, 5, 2, 4};
    if (ordinal % 3 != 2) offered[at(Task::kLocalRemove)] = 0;
    if (ordinal % 5 == 0) offered[at(Task::kLocalAttribute)] = 0;
    for (int i = 0; i < kCount; ++i) {
      for (const Task task : preferences(owed, config)) {
        if (offered[at(task)] == 0) continue;
        --offered[at(task)];
        --owed[at(task)];
        ++given[at(task)];
        break;
      }
    }
    if (ordinal % 8 == 7) {
      for (const int o : owed) left_over += std::abs(o);
    }
  }
  const auto wanted = planned(kClips * kCount, config);
  EXPECT_EQ(given[0], wanted[0]);
  EXPECT_EQ(given[1], wanted[1]);
  std::int64_t difference = 0;
  for (std::size_t i = 0; i < given.size(); ++i) difference += std::abs(given[i] - wanted[i]);
  EXPECT_LE(difference, left_over);
  EXPECT_LE(left_over, 2 * kClips / 8) << "at most one instruction in a unit";
}

}  // namespace
}  // namespace ditto::stages::instructing
