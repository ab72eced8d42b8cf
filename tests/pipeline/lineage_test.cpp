#include "ditto/pipeline/lineage.h"

#include <gtest/gtest.h>

#include "pipeline/fixtures.h"

namespace ditto::pipeline {
namespace {

/// Names of the stages whose fingerprints differ between two configs.
std::set<std::string> changed(const config::Config& before, const config::Config& after) {
  const Backends backends_before = make_backends(before, 1);
  const Backends backends_after = make_backends(after, 1);
  const Lineage a(before, backends_before);
  const Lineage b(after, backends_after);
  const stages::ClipRecord clip = clip_record(1);
  stages::Instruction instruction;
  instruction.text = "Make it sepia";
  const SampleKeys keys_a = a.sample(clip, "key", instruction);
  const SampleKeys keys_b = b.sample(clip, "key", instruction);
  std::set<std::string> names;
  for (std::size_t i = 0; i < keys_a.all().size(); ++i) {
    if (keys_a.all()[i]->fingerprint != keys_b.all()[i]->fingerprint)
      names.insert(keys_a.all()[i]->stage);
  }
  if (a.instruct(0, {&clip, 1}).front().fingerprint !=
      b.instruct(0, {&clip, 1}).front().fingerprint)
    names.insert("instruct");
  if (a.source_video(clip).fingerprint != b.source_video(clip).fingerprint) names.insert("source");
  if (a.unit_fingerprint(0, 0, {clip}) != b.unit_fingerprint(0, 0, {clip})) names.insert("unit");
  return names;
}

using Names = std::set<std::string>;

TEST(LineageTest, AChangeReachesItsStageAndWhatFollowsOnly) {
  const config::Config base;
  config::Config other = base;
  other.judge.min_quality += 1;
  EXPECT_EQ(changed(base, other), (Names{"judge", "encode", "unit"}));

  other = base;
  other.enhance.strength /= 2;
  EXPECT_EQ(changed(base, other), (Names{"enhance", "judge", "encode", "unit"}));

  other = base;
  other.gate.min_change *= 2;
  EXPECT_EQ(changed(base, other), (Names{"gate", "encode", "unit"}));

  other = base;
  other.output.crf += 1;
  EXPECT_EQ(changed(base, other), (Names{"source", "encode", "unit"}));

  other = base;
  other.run.seed = 1;
  EXPECT_EQ(changed(base, other),
            (Names{"instruct", "edit", "gate", "generate", "enhance", "judge", "encode", "unit"}));
}

TEST(LineageTest, WhatDoesNotChangeResultsChangesNoFingerprint) {
  const config::Config base;
  config::Config other = base;
  other.run.workers = 7;
  other.run.memory_megabytes = 9000;
  other.run.deadline = "3h";
  other.output.dir = "/elsewhere";
  other.sources.input = {"/videos"};
  EXPECT_EQ(changed(base, other), Names{});
}

TEST(LineageTest, InstructionsDependOnTheClipsPlaceInManifestAndUnit) {
  const config::Config config;
  const Backends backends = make_backends(config, 1);
  const Lineage lineage(config, backends);
  const std::vector<stages::ClipRecord> unit = {clip_record(1), clip_record(2)};
  const auto alone = lineage.instruct(0, std::span(unit).first(1));
  const auto later = lineage.instruct(1, std::span(unit).first(1));
  const auto followed = lineage.instruct(0, unit);
  ASSERT_EQ(followed.size(), 2U);
  EXPECT_NE(alone[0].fingerprint, later[0].fingerprint);
  EXPECT_EQ(alone[0].fingerprint, followed[0].fingerprint);
  const auto second = lineage.instruct(1, std::span(unit).last(1));
  EXPECT_NE(second[0].fingerprint, followed[1].fingerprint)
      << "what the first one left over counts";
  EXPECT_NE(lineage.clip_fingerprint(clip_record(1)), lineage.clip_fingerprint(clip_record(2)));
}

}  // namespace
}  // namespace ditto::pipeline
