#include "ditto/pipeline/plan.h"

#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "pipeline/fixtures.h"

namespace ditto::pipeline {
namespace {

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() {
    config_.run.unit_clips = 4;
    for (int i = 0; i < 10; ++i) manifest_.push_back(clip_record(i));
  }
  config::Config config_;
  std::vector<stages::ClipRecord> manifest_;
};

TEST_F(PlanTest, UnitsArePiecesOfTheManifest) {
  const Backends backends = make_backends(config_, 1);
  const Lineage lineage(config_, backends);
  const auto units = plan_units(manifest_, 0, config_, lineage);
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[0].clips.size(), 4u);
  EXPECT_EQ(units[2].clips.size(), 2u);
  EXPECT_EQ(units[2].first_ordinal, 8);
  // Every unit belongs to exactly one task, for any number of tasks.
  for (int count = 1; count < 6; ++count) {
    for (const Unit& unit : units) {
      int owners = 0;
      for (int i = 0; i < count; ++i) owners += belongs_to(unit, {i, count}) ? 1 : 0;
      EXPECT_EQ(owners, 1);
    }
  }
  // A limit cuts the last unit and leaves those before as they are.
  const auto limited = plan_units(manifest_, 6, config_, lineage);
  ASSERT_EQ(limited.size(), 2u);
  EXPECT_EQ(limited[0].fingerprint, units[0].fingerprint);
  EXPECT_NE(limited[1].fingerprint, units[1].fingerprint);
}

TEST_F(PlanTest, RunJsonBringsBackTheConfig) {
  const auto out = test_directory();
  config_.clip.frames = 33;
  config_.run.seed = 12345678901;
  const Backends backends = make_backends(config_, 1);
  write_run_json(out, config_, backends, 6, "1.2.3");
  const RunInfo info = read_run_json(out);
  EXPECT_EQ(info.limit, 6);
  EXPECT_EQ(info.config.clip.frames, 33);
  EXPECT_EQ(info.config.run.seed, 12345678901u);
  write_file(out / "run.json", "{}");
  EXPECT_THROW(read_run_json(out), Error);
  EXPECT_THROW(read_run_json(out / "nowhere"), Error);
}

}  // namespace
}  // namespace ditto::pipeline
