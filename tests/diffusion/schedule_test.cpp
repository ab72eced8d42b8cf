#include <gtest/gtest.h>

#include "ditto/core/error.h"
#include "ditto/diffusion/guidance.h"
#include "ditto/diffusion/recipes.h"
#include "ditto/diffusion/solver.h"

namespace ditto::diffusion {
namespace {

at::Tensor numbers(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

bool close(const at::Tensor& found, const std::vector<double>& expected, double tolerance) {
  return at::allclose(found.to(at::kDouble), numbers(expected), 0, tolerance);
}

TEST(ScheduleTest, UniPcTimestepsAreTruncatedAndBeginBelowTheEnd) {
  UniPcConfig config;
  config.shift.fixed = 16;
  const Schedule schedule = make_schedule(config, {.steps = 50, .sigmas = {}, .mu = {}});
  EXPECT_EQ(schedule.timesteps.scalar_type(), at::kLong);
  EXPECT_EQ(schedule.timesteps[0].item<std::int64_t>(), 999);
  EXPECT_EQ(schedule.sigmas[50].item<double>(), 0);
}

TEST(ScheduleTest, EulersDefaultIsShiftedTwiceAtItsLowEnd) {
  EulerConfig config;
  config.shift.fixed = 5;
  const Schedule schedule = make_schedule(config, {.steps = 4, .sigmas = {}, .mu = {}});
  EXPECT_TRUE(close(schedule.timesteps, {1000, 909.7, 717.3, 24.4}, 0.06));
}

TEST(ScheduleTest, ExplicitSigmasAreShiftedOnce) {
  EulerConfig config;
  config.shift.fixed = 5;
  const Schedule schedule =
      make_schedule(config, {.steps = 0, .sigmas = {1, 0.75, 0.5, 0.25}, .mu = {}});
  EXPECT_TRUE(close(schedule.timesteps, {1000, 937.5, 833.3333, 625}, 1e-3));
}

TEST(ScheduleTest, DynamicShiftNeedsMu) {
  EulerConfig config;
  config.shift.dynamic = Shift::Dynamic::kExponential;
  EXPECT_THROW(make_schedule(config, {.steps = 4, .sigmas = {}, .mu = {}}), Error);
  config.shift.terminal = 0.02;
  const Schedule schedule = make_schedule(config, {.steps = 4, .sigmas = {}, .mu = 0.7});
  EXPECT_NEAR(schedule.sigmas[3].item<double>(), 0.02, 1e-6);
  // One step, which begins at 1, can't end elsewhere.
  EXPECT_THROW(make_schedule(config, {.steps = 1, .sigmas = {}, .mu = 0.7}), Error);
}

TEST(ScheduleTest, RefusesRequestsThatContradict) {
  EXPECT_THROW(steps_of({.steps = 0, .sigmas = {}, .mu = {}}), Error);
  EXPECT_THROW(steps_of({.steps = 3, .sigmas = {1, 0.5}, .mu = {}}), Error);
  EXPECT_THROW(steps_of({.steps = 0, .sigmas = {1, 0}, .mu = {}}), Error);
  EXPECT_THROW(steps_of({.steps = 0, .sigmas = {1.5}, .mu = {}}), Error);
  EXPECT_THROW(steps_of({.steps = 100000, .sigmas = {}, .mu = {}}), Error);
  EXPECT_EQ(steps_of({.steps = 2, .sigmas = {1, 0.5}, .mu = {}}), 2);
}

TEST(SolverTest, AFlowOfStraightLinesIsSolvedExactly) {
  // The network's answer is noise - clean everywhere: any solver must arrive at the clean sample.
  const at::Tensor clean = at::arange(6, at::kFloat).reshape({1, 2, 3});
  const at::Tensor noise = at::full({1, 2, 3}, -2.0, at::kFloat);
  for (const std::int64_t order : {1, 2, 3}) {
    UniPcConfig config;
    config.order = order;
    config.shift.fixed = 3;
    Solver solver(config, {.steps = 7, .sigmas = {}, .mu = {}});
    at::Tensor sample = noise;
    for (std::int64_t i = 0; i < 7; ++i) sample = solver.step(noise - clean, sample);
    EXPECT_TRUE(at::allclose(sample, clean, 1e-4, 1e-4)) << order;
    EXPECT_THROW(solver.step(noise - clean, sample), std::logic_error);
  }
  Solver solver(EulerConfig(), {.steps = 3, .sigmas = {}, .mu = {}});
  at::Tensor sample = noise;
  for (std::int64_t i = 0; i < 3; ++i) sample = solver.step(noise - clean, sample);
  EXPECT_TRUE(at::allclose(sample, clean, 1e-5, 1e-5));
}

TEST(RecipeTest, TimestepsAreThoseThatTheWeightsWereDistilledFor) {
  const std::map<std::string, std::vector<double>> timesteps = {
      {"lightx2v-4", {1000, 937.5, 833.33, 625}},
      {"causvid-3", {1000, 757, 522}},
      {"causvid-9", {999, 934, 862, 756, 603, 410, 250, 140, 74}},
      {"vdot-4", {1000, 960, 888.89, 727.27}}};
  ASSERT_EQ(recipes().size(), timesteps.size());
  for (const auto& [name, expected] : timesteps) {
    SCOPED_TRACE(name);
    const Recipe* recipe = find_recipe(name);
    ASSERT_NE(recipe, nullptr);
    const Schedule schedule =
        make_schedule(recipe->solver, {.steps = 0, .sigmas = recipe->sigmas, .mu = {}});
    EXPECT_TRUE(at::allclose(schedule.timesteps, at::tensor(expected, at::kFloat), 0, 0.01));
    EXPECT_EQ(schedule.sigmas[-1].item<double>(), 0.0);
  }
  EXPECT_EQ(find_recipe("lightx2v"), nullptr);
}

TEST(GuidanceTest, TheSecondPassIsSkippedAtScaleOne) {
  int calls = 0;
  const auto network = [&](bool positive) {
    ++calls;
    return at::full({2}, positive ? 3.0 : 1.0, at::kFloat);
  };
  EXPECT_EQ(guide(1.0, network)[0].item<double>(), 3.0);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(guide(2.5, network)[0].item<double>(), 6.0);
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace ditto::diffusion
