#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "dataset/fixture.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/dataset/unit.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;
using namespace test;
using Units = std::vector<std::pair<std::int64_t, std::string>>;

config::Output parts_of(int samples) {
  config::Output limits;
  limits.shard_samples = samples;
  return limits;
}

ErrorKind error_of(const std::function<void()>& action, const std::string& word) {
  try {
    action();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
    return e.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::kTransient;
}

class MergeTest : public DatasetTest {
 protected:
  /// Three units of two, one and no shards; unit numbers with a gap.
  void stage_three(const fs::path& out) {
    stage_unit(out, 0, {{0, "ara"}, {1, "aq"}}, parts_of(2));
    stage_unit(out, 1, {{2, "rr"}});
    stage_unit(out, 3, {{6, "a"}, {7, "aaq"}});
  }
};

TEST_F(MergeTest, InPlaceShardsAreNumberedDenselyInOrder) {
  stage_three(dir_);
  const MergeResult result = merge({dir_}, dir_);
  EXPECT_TRUE(result.changed);
  EXPECT_EQ(result.shards, 3);
  EXPECT_EQ(result.planned, 11);
  EXPECT_EQ(result.accepted, 6);
  EXPECT_EQ(result.rejected, 3);
  EXPECT_EQ(result.quarantined, 2);
  EXPECT_EQ(names(dir_ / "shards"),
            (std::vector<std::string>{"000000.json", "000000.tar", "000001.json", "000001.tar",
                                      "000002.json", "000002.tar"}));
  EXPECT_TRUE(fs::equivalent(dir_ / "shards/000002.tar", dir_ / "work/units/000003/part-000.tar"));

  const std::vector<std::string> samples = lines(dir_ / "samples.jsonl");
  ASSERT_EQ(samples.size(), 11u);
  std::vector<std::string> keys, shards;
  for (const std::string& line : samples) {
    const SampleRecord record = sample_from_json(nlohmann::json::parse(line));
    keys.push_back(record.key);
    shards.push_back(record.shard);
  }
  EXPECT_EQ(keys.front(), clip_id(0) + "_0");
  EXPECT_EQ(keys.back(), clip_id(7) + "_2");
  EXPECT_EQ(shards, (std::vector<std::string>{"000000", "", "000000", "000001", "", "", "",
                                              "000002", "000002", "000002", ""}));
  const std::vector<MergedUnit> units = read_merged_units(dir_);
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[0].shards, (std::vector<std::string>{"000000", "000001"}));
  EXPECT_TRUE(units[1].shards.empty());
  EXPECT_EQ(units[2].unit, 3);
  EXPECT_EQ(units[2].bytes, std::vector<std::uint64_t>{fs::file_size(dir_ / "shards/000002.tar")});
}

TEST_F(MergeTest, NothingIsWrittenWhenAllIsInPlace) {
  stage_three(dir_);
  const MergeResult first = merge({dir_}, dir_);
  const auto refuse = [&](std::string_view step, const fs::path& path) {
    if (path.filename() != "merge-state.json") {
      ADD_FAILURE() << step << " " << path;
    }
  };
  for (const bool shortcut : {true, false}) {
    if (!shortcut) fs::remove(dir_ / "work/merge-state.json");
    set_file_fault(refuse);
    const MergeResult again = merge({dir_}, dir_);
    set_file_fault({});
    EXPECT_FALSE(again.changed);
    EXPECT_EQ(again.shards, first.shards);
    EXPECT_EQ(again.planned, first.planned);
    EXPECT_EQ(again.quarantined, first.quarantined);
  }
  fs::remove_all(dir_ / "work");
  set_file_fault(refuse);
  const MergeResult merged = merge({dir_}, dir_);
  EXPECT_FALSE(merged.changed);
  EXPECT_EQ(merged.accepted, first.accepted);
  EXPECT_FALSE(fs::exists(dir_ / "work"));
}

TEST_F(MergeTest, WhatWasTamperedWithIsSeenDespiteTheShortcut) {
  stage_three(dir_);
  merge({dir_}, dir_);
  const auto expected = tree(dir_);
  for (const char* name : {"shards/000001.tar", "shards/000001.json", "samples.jsonl"}) {
    fs::remove(dir_ / name);
    EXPECT_TRUE(merge({dir_}, dir_).changed) << name;
    EXPECT_EQ(tree(dir_), expected) << name;
  }
  write_file(dir_ / "shards/000009.tar", "x");
  EXPECT_TRUE(merge({dir_}, dir_).changed);
  EXPECT_EQ(tree(dir_), expected);
}

TEST_F(MergeTest, MergedUnitsAreUsedWhereWorkWasDeleted) {
  stage_three(dir_ / "all");
  stage_unit(dir_ / "all", 2, {{4, "aaa"}}, parts_of(1));
  merge({dir_ / "all"}, dir_ / "all");

  stage_three(dir_ / "part");
  merge({dir_ / "part"}, dir_ / "part");
  fs::remove_all(dir_ / "part/work");
  stage_unit(dir_ / "part", 2, {{4, "aaa"}}, parts_of(1));  // its shards come before the last
  const MergeResult result = merge({dir_ / "part"}, dir_ / "part");
  EXPECT_EQ(result.shards, 6);
  EXPECT_EQ(tree(dir_ / "part"), tree(dir_ / "all"));
}

TEST_F(MergeTest, OnlyWantedUnitsStay) {
  stage_three(dir_);
  merge({dir_}, dir_);
  stage_unit(dir_, 3, {{6, "a"}}, {}, "changed");
  const MergeResult result = merge({dir_}, dir_, Units{{0, "unit-0"}, {1, "other"}, {3, "unit-3"}});
  // Unit 1 has another fingerprint; unit 3's wanted form is the merged one.
  EXPECT_EQ(result.shards, 3);
  EXPECT_EQ(result.planned, 9);
  EXPECT_EQ(result.rejected, 1);
  EXPECT_EQ(merge({dir_}, dir_, Units{{3, "changed"}, {0, "unit-0"}}).planned, 5);
}

TEST_F(MergeTest, ShardsOfDroppedUnitsAreRemoved) {
  stage_three(dir_);
  merge({dir_}, dir_);
  const MergeResult result = merge({dir_}, dir_, Units{{3, "unit-3"}});
  EXPECT_EQ(result.shards, 1);
  EXPECT_EQ(names(dir_ / "shards"), (std::vector<std::string>{"000000.json", "000000.tar"}));
  EXPECT_EQ(read_merged_units(dir_).size(), 1u);
}

TEST_F(MergeTest, ThereMustBeSomethingToMerge) {
  EXPECT_EQ(error_of([&] { merge({dir_}, dir_); }, "nothing to merge"), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { merge({dir_ / "gone"}, dir_); }, "gone"), ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { merge({}, dir_); }, "no directory"), ErrorKind::kUsage);
}

TEST_F(MergeTest, LostShardsAreToldUnlessThePlanMakesThemAnew) {
  stage_three(dir_);
  merge({dir_}, dir_);
  fs::remove_all(dir_ / "work");
  fs::remove(dir_ / "shards/000002.tar");
  EXPECT_EQ(error_of([&] { merge({dir_}, dir_); }, "unit 3"), ErrorKind::kFatal);
  EXPECT_EQ(read_merged_units(dir_).size(), 2u);
  EXPECT_EQ(merge({dir_}, dir_, Units{{0, "unit-0"}, {1, "unit-1"}, {3, "unit-3"}}).planned, 7);
}

TEST_F(MergeTest, OneMergeAtATime) {
  stage_three(dir_);
  const auto lock = FileLock::try_acquire(dir_ / "work/merge.lock");
  EXPECT_EQ(error_of([&] { merge({dir_}, dir_); }, "another merge"), ErrorKind::kTransient);
}

void write_run(const fs::path& out, const std::string& version, const std::string& manifest,
               const std::string& drops) {
  write_file(out / "run.json", "{\"version\": \"" + version + "\", \"seed\": 1}\n");
  write_file(out / "clips.jsonl", manifest);
  write_file(out / "clips.dropped.jsonl", drops);
}

std::string clip_line(int clip, int frames = 49) {
  return nlohmann::json({{"id", clip_id(clip)},
                         {"source_sha256", "s"},
                         {"start_frame", 0},
                         {"frames", frames},
                         {"fps", {20, 1}},
                         {"width", 64},
                         {"height", 48},
                         {"source_file", "somewhere"}})
             .dump() +
         "\n";
}

TEST_F(MergeTest, AnotherOutputIsACopyOfEverything) {
  stage_three(dir_ / "a");
  write_run(dir_ / "a", "1", clip_line(0) + clip_line(1), "{}\n");
  merge({dir_ / "a"}, dir_ / "b");
  EXPECT_TRUE(merge({dir_ / "a"}, dir_ / "a").changed);
  auto copy = tree(dir_ / "b");
  EXPECT_EQ(copy.erase("joined.json"), 1u);
  EXPECT_EQ(copy, tree(dir_ / "a"));
  EXPECT_FALSE(merge({dir_ / "a"}, dir_ / "b").changed);
}

TEST_F(MergeTest, SeveralDirectoriesAreJoined) {
  stage_three(dir_ / "a");
  write_run(dir_ / "a", "1", clip_line(0) + clip_line(1), "{\"a\":1}\n{\"both\":1}\n");
  stage_unit(dir_ / "b", 0, {{10, "aa"}, {11, "qr"}});
  stage_unit(dir_ / "b", 1, {{12, "a"}});
  write_run(dir_ / "b", "2", clip_line(1) + clip_line(10), "{\"b\":1}\n{\"both\":1}\n");
  const MergeResult result = merge({dir_ / "a", dir_ / "b"}, dir_ / "ab");
  EXPECT_EQ(result.shards, 5);
  EXPECT_EQ(result.planned, 16);
  EXPECT_EQ(read_file(dir_ / "ab/shards/000003.tar"),
            read_file(dir_ / "b" / "work/units/000000/part-000.tar"));
  std::vector<std::int64_t> units;
  for (const MergedUnit& unit : read_merged_units(dir_ / "ab")) units.push_back(unit.unit);
  EXPECT_EQ(units, (std::vector<std::int64_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(sample_from_json(nlohmann::json::parse(lines(dir_ / "ab/samples.jsonl").back())).unit,
            4);
  EXPECT_EQ(read_file(dir_ / "ab/clips.jsonl"), clip_line(0) + clip_line(1) + clip_line(10));
  EXPECT_EQ(lines(dir_ / "ab/clips.dropped.jsonl").size(), 3u);
  const nlohmann::json run = nlohmann::json::parse(read_file(dir_ / "ab/run.json"));
  EXPECT_FALSE(run.contains("config"));
  EXPECT_EQ(run.at("joined").at(1).at("run").at("version"), "2");

  EXPECT_FALSE(merge({dir_ / "a", dir_ / "b"}, dir_ / "ab").changed);
  EXPECT_FALSE(merge({dir_ / "ab"}, dir_ / "ab").changed);
  fs::remove(dir_ / "ab" / "work/merge-state.json");
  EXPECT_FALSE(merge({dir_ / "a", dir_ / "b"}, dir_ / "ab").changed);
}

TEST_F(MergeTest, AMergedDirectoryIsJoinedAsItWasMerged) {
  stage_three(dir_ / "a");
  merge({dir_ / "a"}, dir_ / "a", Units{{0, "unit-0"}, {3, "unit-3"}});
  stage_unit(dir_ / "a", 3, {{6, "q"}}, {}, "of another config");
  const MergeResult result = merge({dir_ / "a"}, dir_ / "b");
  EXPECT_EQ(result.planned, 9);  // neither the left out unit 1 nor the new unit 3
  EXPECT_EQ(read_file(dir_ / "b/samples.jsonl"), read_file(dir_ / "a/samples.jsonl"));
}

TEST_F(MergeTest, SamplesThatBothHaveStayOnce) {
  stage_unit(dir_ / "a", 0, {{0, "aar"}, {1, "aa"}});
  stage_unit(dir_ / "b", 0, {{1, "aa"}, {2, "aaq"}, {0, "aar"}}, parts_of(2));  // partly new
  stage_unit(dir_ / "b", 1, {{3, "a"}});
  merge({dir_ / "a", dir_ / "b"}, dir_ / "ab");
  // The same samples without the overlap.
  stage_unit(dir_ / "c", 0, {{2, "aaq"}});
  EXPECT_EQ(read_file(dir_ / "ab/shards/000001.tar"),
            read_file(dir_ / "c" / "work/units/000000/part-000.tar"));
  const std::vector<MergedUnit> units = read_merged_units(dir_ / "ab");
  ASSERT_EQ(units.size(), 3u);
  EXPECT_EQ(units[1].planned, 3);
  EXPECT_EQ(units[1].accepted, 2);
  EXPECT_NE(units[1].fingerprint, "unit-0");
  EXPECT_EQ(names(dir_ / "ab/shards").size(), 6u);
  fs::remove(dir_ / "ab" / "work/merge-state.json");
  EXPECT_FALSE(merge({dir_ / "a", dir_ / "b"}, dir_ / "ab").changed);
  EXPECT_EQ(merge({dir_ / "a", dir_ / "a"}, dir_ / "aa").planned, 5);
}

TEST_F(MergeTest, SamplesThatDifferClash) {
  stage_unit(dir_ / "a", 0, {{0, "aa"}});
  stage_unit(dir_ / "b", 0, {{0, "ar"}});
  EXPECT_EQ(error_of([&] { merge({dir_ / "a", dir_ / "b"}, dir_ / "ab"); }, clip_id(0) + "_1"),
            ErrorKind::kFatal);
  EXPECT_FALSE(fs::exists(dir_ / "ab"));
  stage_unit(dir_ / "c", 0, {{1, "aa"}});
  write_run(dir_ / "a", "1", clip_line(0), "");
  write_run(dir_ / "c", "1", clip_line(0, 48), "");
  EXPECT_EQ(error_of([&] { merge({dir_ / "a", dir_ / "c"}, dir_ / "ac"); }, clip_id(0)),
            ErrorKind::kFatal);
}

TEST_F(MergeTest, AnOutputThatHoldsSomethingElseIsRefused) {
  stage_three(dir_ / "a");
  stage_unit(dir_ / "b", 0, {{10, "aa"}});
  stage_unit(dir_ / "c", 0, {{20, "aa"}});
  merge({dir_ / "c"}, dir_ / "c");
  EXPECT_EQ(error_of([&] { merge({dir_ / "a", dir_ / "b"}, dir_ / "a"); }, "both an input"),
            ErrorKind::kUsage);
  EXPECT_EQ(error_of([&] { merge({dir_ / "a", dir_ / "b"}, dir_ / "c"); }, "c has a"),
            ErrorKind::kUsage);
  merge({dir_ / "a", dir_ / "b"}, dir_ / "ab/");
  EXPECT_EQ(error_of([&] { merge({dir_ / "b"}, dir_ / "ab"); }, "holds a merge"),
            ErrorKind::kUsage);
  EXPECT_TRUE(merge({dir_ / "a", dir_ / "b", dir_ / "c"}, dir_ / "ab").changed);  // one more
  fs::create_directory(dir_ / "empty");
  write_file(dir_ / "empty/README.md", "mine");
  EXPECT_TRUE(merge({dir_ / "a"}, dir_ / "empty").changed);
}

TEST_F(MergeTest, AcrossFileSystemsShardsAreCopied) {
  const fs::path elsewhere =
      fs::path(::testing::TempDir()) / fmt::format("ditto-merge-{}", ::getpid());
  struct stat here, there;
  if (::stat(dir_.c_str(), &here) != 0 || ::stat(::testing::TempDir().c_str(), &there) != 0 ||
      here.st_dev == there.st_dev) {
    GTEST_SKIP() << "the temporary directory is no other file system";
  }
  stage_three(dir_ / "a");
  merge({dir_ / "a"}, dir_ / "a");
  merge({dir_ / "a"}, elsewhere);
  auto copy = tree(elsewhere);
  copy.erase("joined.json");
  const bool changed = merge({dir_ / "a"}, elsewhere).changed;
  fs::remove_all(elsewhere);
  EXPECT_EQ(copy, tree(dir_ / "a"));
  EXPECT_FALSE(changed);
}

/// Interrupts `merge_it` before each of its file steps in a fresh copy of `prepare`'s state, runs
/// it again and compares.
void interrupt_everywhere(const fs::path& dir, const std::function<void(const fs::path&)>& prepare,
                          const std::function<void(const fs::path&)>& merge_it, int least_steps) {
  prepare(dir / "reference");
  merge_it(dir / "reference");
  const auto expected = tree(dir / "reference/out");
  for (const bool kill : {true, false}) {
    int steps = 0;
    for (int step = 1;; ++step) {
      const fs::path root = dir / fmt::format("{}{}", kill ? "kill" : "fail", step);
      prepare(root);
      const auto action = [&] { merge_it(root); };
      const bool reached = kill ? killed_at(step, action) : fails_at(step, action);
      merge_it(root);
      const auto found = tree(root / "out");
      ASSERT_EQ(found, expected) << (kill ? "killed" : "failed") << " at step " << step;
      fs::remove_all(root);
      if (!reached) break;
      steps = step;
    }
    EXPECT_GE(steps, least_steps);
  }
}

TEST_F(MergeTest, AFirstMergeInterruptedAnywhereIsMadeGood) {
  interrupt_everywhere(
      dir_, [&](const fs::path& root) { stage_three(root / "out"); },
      [](const fs::path& root) { merge({root / "out"}, root / "out"); }, 30);
}

TEST_F(MergeTest, AMergeThatMovesShardsInterruptedAnywhereLosesNothing) {
  interrupt_everywhere(
      dir_,
      [](const fs::path& root) {
        const fs::path out = root / "out";
        stage_unit(out, 0, {{0, "aa"}}, parts_of(1));
        stage_unit(out, 2, {{4, "ar"}});
        stage_unit(out, 5, {{8, "a"}});
        merge({out}, out);
        fs::remove_all(out / "work");
        stage_unit(out, 1, {{2, "aa"}}, parts_of(1));  // moves what follows up
        stage_unit(out, 0, {{0, "ar"}}, {}, "fewer");  // and down
      },
      [](const fs::path& root) {
        merge({root / "out"}, root / "out",
              Units{{0, "fewer"}, {1, "unit-1"}, {2, "unit-2"}, {5, "unit-5"}});
      },
      50);
}

TEST_F(MergeTest, AJoinInterruptedAnywhereIsMadeGood) {
  const auto prepare = [&](const fs::path& root) {
    // The paths enter joined.json and run.json: the same ones every time.
    fs::remove_all(dir_ / "in");
    stage_unit(dir_ / "in/a", 0, {{0, "aa"}});
    stage_unit(dir_ / "in/b", 0, {{0, "aa"}, {1, "aq"}});
    write_run(dir_ / "in/a", "1", clip_line(0), "");
    write_run(dir_ / "in/b", "1", clip_line(0) + clip_line(1), "");
    fs::create_directories(root);
  };
  interrupt_everywhere(
      dir_, prepare,
      [&](const fs::path& root) { merge({dir_ / "in/a", dir_ / "in/b"}, root / "out"); }, 30);
}

TEST_F(MergeTest, ARepeatedMergeOfAThousandSamplesIsFast) {
  for (int unit = 0; unit < 42; ++unit) {
    UnitWriter writer(dir_, unit, "f", {});
    for (int i = 0; i < 24; ++i) {
      SampleRecord record = make_record(unit * 8 + i / 3, i % 3, 'a');
      record.details["measured"] = std::string(1500, 'x');
      writer.add(record, opaque_files("k"));
    }
    writer.commit();
  }
  EXPECT_EQ(merge({dir_}, dir_).accepted, 1008);
  const auto seconds = [&] {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_FALSE(merge({dir_}, dir_).changed);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double best = 1;
  for (int i = 0; i < 5; ++i) best = std::min(best, seconds());  // others may use the machine too
  fs::remove(dir_ / "work/merge-state.json");
  RecordProperty("milliseconds", fmt::format("{:.2f}", best * 1e3));
  RecordProperty("milliseconds_comparing", fmt::format("{:.1f}", seconds() * 1e3));
  EXPECT_LT(best, 0.05);
}

}  // namespace
}  // namespace ditto::dataset
