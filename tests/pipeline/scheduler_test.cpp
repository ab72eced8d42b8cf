#include "ditto/pipeline/scheduler.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "pipeline/fixtures.h"

namespace ditto::pipeline {
namespace {

class SchedulerTest : public ::testing::Test {
 protected:
  std::vector<std::shared_ptr<ClipJob>> clips(int count, std::size_t clip_bytes,
                                              std::size_t sample_bytes) {
    std::vector<std::shared_ptr<ClipJob>> jobs;
    for (int i = 0; i < count; ++i) {
      auto job = std::make_shared<ClipJob>();
      job->chain = std::make_unique<ClipChain>(context_, clip_record(i), UnitPlace{.ordinal = i});
      job->need = {clip_bytes, sample_bytes};
      jobs.push_back(job);
    }
    return jobs;
  }

  config::Config config_;
  Backends backends_ = make_backends(config_, 1);
  Lineage lineage_{config_, backends_};
  WorkStore store_{std::filesystem::path(::testing::TempDir()) / "unused"};
  ChainContext context_{config_, backends_, lineage_, store_, "", {}, {}};
};

TEST_F(SchedulerTest, RunsEverySampleOnceWithinTheMemory) {
  constexpr int kClips = 12, kSamples = 3;
  for (const int workers : {1, 2, 4}) {
    Scheduler scheduler(clips(kClips, 10, 5), 32, workers);
    std::atomic<int> closed{0}, samples{0};
    std::atomic<int> used{0}, peak{0};
    const auto take = [&](int bytes) {
      const int now = used += bytes;
      int seen = peak;
      while (now > seen && !peak.compare_exchange_weak(seen, now)) {
      }
    };
    scheduler.on_closed = [&](const auto& clip) {
      EXPECT_EQ(clip->samples.size(), static_cast<std::size_t>(kSamples));
      used -= 10;
      ++closed;
    };
    std::vector<std::jthread> threads;
    threads.emplace_back([&] {
      while (const auto clip = scheduler.next_clip()) {
        take(10);
        scheduler.decoded(clip);
      }
    });
    for (int i = 0; i < workers; ++i) {
      threads.emplace_back([&] {
        while (const auto task = scheduler.next_task()) {
          if (!task->sample) {
            task->clip->samples.resize(kSamples);
            scheduler.opened(task->clip, {0, 1, 2});
            continue;
          }
          take(5);
          ++samples;
          scheduler.add_pending(task->clip, *task->sample);
          std::this_thread::yield();
          scheduler.finished(task->clip, *task->sample);
          used -= 5;
          scheduler.finished(task->clip, *task->sample);
        }
      });
    }
    threads.clear();
    EXPECT_EQ(closed, kClips);
    EXPECT_EQ(samples, kClips * kSamples);
    EXPECT_LE(peak, 32);
    EXPECT_TRUE(scheduler.all_closed());
  }
}

TEST_F(SchedulerTest, SamplesOfTheEarliestClipComeFirst) {
  Scheduler scheduler(clips(2, 1, 1), 100, 2);
  const auto first = scheduler.next_clip();
  scheduler.decoded(first);
  auto task = scheduler.next_task();
  ASSERT_TRUE(task && !task->sample);
  first->samples.resize(3);
  scheduler.opened(first, {0, 2});
  const auto second = scheduler.next_clip();
  scheduler.decoded(second);
  task = scheduler.next_task();
  ASSERT_TRUE(task && task->sample);
  EXPECT_EQ(task->clip, first);
  EXPECT_EQ(*task->sample, 0u);
  task = scheduler.next_task();
  EXPECT_EQ(*task->sample, 2u);
  task = scheduler.next_task();
  EXPECT_EQ(task->clip, second);
  EXPECT_FALSE(task->sample);
}

TEST_F(SchedulerTest, StopWakesEverybody) {
  Scheduler scheduler(clips(1, 1, 1), 100, 1);
  std::jthread waiting([&] { EXPECT_FALSE(scheduler.next_task()); });
  scheduler.stop();
  waiting.join();
  EXPECT_EQ(scheduler.next_clip(), nullptr);
}

}  // namespace
}  // namespace ditto::pipeline
