#include "ditto/pipeline/journal.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "pipeline/fixtures.h"

namespace ditto::pipeline {
namespace {

TEST(JournalTest, KeepsAttemptsAndTellsHowRunsEnded) {
  const auto out = test_directory();
  {
    Journal journal(out, {1, 3}, "config");
    journal.record({"k_0", "edit", "f", "done", 1.5, 1.0, ""});
    journal.record({"k_1", "edit", "f", "failed", 0.5, 0.25, "no such colour"});
    journal.heartbeat(4, 1, 7, "7 samples");
    const auto running = read_journals(out);
    ASSERT_EQ(running.size(), 1u);
    EXPECT_TRUE(running[0].running);
    EXPECT_FALSE(running[0].exit_status);
    journal.end_run(kExitInterrupted);
  }
  const auto tasks = read_journals(out);
  ASSERT_EQ(tasks.size(), 1u);
  EXPECT_EQ(tasks[0].name, "task-1-of-3");
  EXPECT_FALSE(tasks[0].running);
  EXPECT_EQ(tasks[0].exit_status, kExitInterrupted);
  EXPECT_EQ(tasks[0].samples_done, 7);
  ASSERT_EQ(tasks[0].costs.size(), 1u);
  EXPECT_EQ(tasks[0].costs[0].attempts, 2);
  EXPECT_EQ(tasks[0].costs[0].failed, 1);
  EXPECT_DOUBLE_EQ(tasks[0].costs[0].seconds, 2.0);
  ASSERT_EQ(tasks[0].recent_errors.size(), 1u);
  EXPECT_NE(tasks[0].recent_errors[0].find("no such colour"), std::string::npos);
}

TEST(JournalTest, ATaskHasOneProcess) {
  const auto out = test_directory();
  const Journal first(out, {0, 1}, "config");
  try {
    const Journal second(out, {0, 1}, "config");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
  }
  EXPECT_NO_THROW(Journal(out, {0, 2}, "config"));
}

}  // namespace
}  // namespace ditto::pipeline
