#include "ditto/dataset/unit.h"

#include <sys/stat.h>

#include <fstream>

#include "dataset/fixture.h"
#include "dataset/json_lines.h"
#include "dataset/tar_reader.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;
using namespace test;

class UnitTest : public DatasetTest {};

TEST_F(UnitTest, RecordsSurviveJson) {
  SampleRecord record = make_record(3, 1, 'r');
  record.unit = 4;
  const SampleRecord back = sample_from_json(nlohmann::json::parse(dump_line(to_json(record))));
  EXPECT_EQ(to_json(back), to_json(record));
  EXPECT_EQ(back.reason, record.reason);
  EXPECT_EQ(back.seconds, record.seconds);
  EXPECT_TRUE(to_json(record)["shard"].is_null());
}

TEST_F(UnitTest, AMissingFieldIsNamed) {
  nlohmann::json line = to_json(make_record(0, 0, 'a'));
  line.erase("hashes");
  try {
    sample_from_json(line);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInput);
    EXPECT_NE(std::string(e.what()).find("hashes"), std::string::npos) << e.what();
  }
}

TEST_F(UnitTest, TheMemberHoldsNothingThatDiffersBetweenRuns) {
  SampleRecord a = make_record(0, 0, 'a');
  SampleRecord b = a;
  b.seconds = {{"edit", 99.0}};
  b.shard = "000009";
  b.unit = 12;
  EXPECT_EQ(dump_line(member_json(a)), dump_line(member_json(b)));
  EXPECT_NE(dump_line(to_json(a)), dump_line(to_json(b)));
}

TEST_F(UnitTest, APartHasTheMembersInOrderWithPromisedHeaders) {
  const UnitSummary summary = stage_unit(dir_, 7, {{0, "ara"}, {1, "qa"}});
  EXPECT_EQ(summary.planned, 5);
  EXPECT_EQ(summary.accepted, 3);
  EXPECT_EQ(summary.rejected, 1);
  EXPECT_EQ(summary.quarantined, 1);
  ASSERT_EQ(summary.parts.size(), 1u);
  const fs::path tar = dir_ / "work/units/000007/part-000.tar";
  const TarScan scan = scan_tar(tar, true);
  EXPECT_TRUE(scan.whole);
  EXPECT_EQ(scan.bytes % 10240, 0u);
  EXPECT_TRUE(scan.problems.empty()) << scan.problems.front().problem;
  EXPECT_EQ(scan.sha256, summary.parts[0].sha256);
  EXPECT_EQ(scan.bytes, summary.parts[0].bytes);
  std::vector<std::string> found;
  for (const TarMember& member : scan.members) found.push_back(member.name);
  std::vector<std::string> expected;
  for (const std::string& key : {clip_id(0) + "_0", clip_id(0) + "_2", clip_id(1) + "_1"}) {
    for (const char* role : {"source.mp4", "edited.mp4", "keyframe.png", "edited_keyframe.png",
                             "mask.png", "txt", "json"}) {
      if (std::string_view(role) == "mask.png" && key.back() != '1') continue;
      expected.push_back(key + "." + role);
    }
  }
  EXPECT_EQ(found, expected);
  ASSERT_EQ(summary.parts[0].members.size(), scan.members.size());
  for (std::size_t i = 0; i < scan.members.size(); ++i) {
    EXPECT_EQ(summary.parts[0].members[i].name, scan.members[i].name);
    EXPECT_EQ(summary.parts[0].members[i].sha256, scan.members[i].sha256);
    EXPECT_EQ(summary.parts[0].members[i].bytes, scan.members[i].bytes);
  }
  // The text is the instruction and nothing else; the JSON tells the videos' hashes.
  const std::string text = read_member(tar, scan.members[4]);
  EXPECT_EQ(text, "Make it look like «painting» number 0");
  const nlohmann::json json = nlohmann::json::parse(read_member(tar, scan.members[5]));
  EXPECT_EQ(json.at("instruction"), text);
  EXPECT_EQ(json.at("hashes").at("edited_video"), scan.members[1].sha256);
  EXPECT_FALSE(json.contains("seconds"));
}

TEST_F(UnitTest, AUnitIsReadAsItWasWritten) {
  const UnitSummary summary = stage_unit(dir_, 3, {{0, "aaq"}, {4, "r"}});
  const std::optional<UnitSummary> back = read_unit(dir_, 3);
  ASSERT_TRUE(back);
  EXPECT_EQ(to_json(*back), to_json(summary));
  EXPECT_FALSE(read_unit(dir_, 4));
}

TEST_F(UnitTest, PartsEndAtTheirLimits) {
  config::Output by_count;
  by_count.shard_samples = 2;
  const UnitSummary two = stage_unit(dir_, 0, {{0, "aaaaa"}}, by_count);
  ASSERT_EQ(two.parts.size(), 3u);
  EXPECT_EQ(two.parts[2].keys.size(), 1u);

  config::Output by_size;
  by_size.shard_megabytes = 0.031;  // three records of 10,240 bytes: room for two samples
  const UnitSummary sized = stage_unit(dir_, 1, {{0, "aaaaa"}}, by_size);
  for (const UnitSummary::Part& part : sized.parts) EXPECT_LE(part.bytes, 31000u);
  EXPECT_EQ(sized.parts.size(), 3u);

  by_size.shard_megabytes = 0.001;  // smaller than any sample: each gets a part of its own
  EXPECT_EQ(stage_unit(dir_, 2, {{0, "aaa"}}, by_size).parts.size(), 3u);
}

TEST_F(UnitTest, AUnitWithoutAcceptedSamplesHasNoParts) {
  const UnitSummary summary = stage_unit(dir_, 0, {{0, "rq"}});
  EXPECT_TRUE(summary.parts.empty());
  EXPECT_EQ(names(dir_ / "work/units/000000"), std::vector<std::string>{"unit.json"});
  EXPECT_TRUE(read_unit(dir_, 0));
}

TEST_F(UnitTest, NothingIsLeftOfAUnitThatIsNotCommitted) {
  config::Output one;
  one.shard_samples = 1;
  {
    UnitWriter writer(dir_, 0, "f", one);
    for (int n = 0; n < 3; ++n) {
      const SampleRecord record = make_record(0, n, 'a');
      writer.add(record, opaque_files(record.key));
    }
  }
  EXPECT_TRUE(names(dir_ / "work/units/000000").empty());
}

TEST_F(UnitTest, AnOlderResultCountsUntilTheNewOneReplacesIt) {
  config::Output one;
  one.shard_samples = 1;
  stage_unit(dir_, 0, {{0, "aaa"}}, one, "old");
  {
    UnitWriter writer(dir_, 0, "new", {});
    writer.add(make_record(0, 0, 'a'), opaque_files("x"));
  }
  EXPECT_EQ(read_unit(dir_, 0)->fingerprint, "old");
  stage_unit(dir_, 0, {{0, "a"}}, {}, "new");
  EXPECT_EQ(read_unit(dir_, 0)->fingerprint, "new");
  EXPECT_EQ(names(dir_ / "work/units/000000"),
            (std::vector<std::string>{"part-000.tar", "unit.json"}));
}

TEST_F(UnitTest, MalformedSamplesAreRefused) {
  UnitWriter writer(dir_, 0, "f", {});
  const SampleFiles files = opaque_files("x");
  const auto refused = [&](SampleRecord record, const SampleFiles& with) {
    EXPECT_THROW(writer.add(std::move(record), with), Error);
  };
  for (const std::string& key : {std::string("a.b_0"), std::string(), std::string("a b"),
                                 std::string("../x"), std::string(200, 'k')}) {
    SampleRecord record = make_record(0, 0, 'a');
    record.key = key;
    refused(record, files);
  }
  refused(make_record(0, 0, 'r'), files);
  EXPECT_THROW(writer.add(make_record(0, 0, 'a')), Error);
  SampleFiles lacking = files;
  lacking.edited_mp4.clear();
  refused(make_record(0, 0, 'a'), lacking);
}

TEST_F(UnitTest, AKeyIsTakenOnce) {
  UnitWriter writer(dir_, 0, "f", {});
  writer.add(make_record(0, 0, 'r'));
  EXPECT_THROW(writer.add(make_record(0, 0, 'q')), Error);
}

TEST_F(UnitTest, ADamagedUnitDoesNotCount) {
  stage_unit(dir_, 0, {{0, "aa"}});
  const fs::path unit = dir_ / "work/units/000000";
  fs::resize_file(unit / "part-000.tar", 512);
  EXPECT_FALSE(read_unit(dir_, 0));
  stage_unit(dir_, 0, {{0, "aa"}});
  EXPECT_TRUE(read_unit(dir_, 0));
  write_file(unit / "unit.json", "{\"unit\": 0");
  EXPECT_FALSE(read_unit(dir_, 0));
}

/// A unit is interrupted before each of its file steps, then made again: same bytes, no leftovers.
TEST_F(UnitTest, ACommitInterruptedAnywhereIsMadeGood) {
  config::Output two;
  two.shard_samples = 2;
  const auto make = [&](const fs::path& out) { stage_unit(out, 0, {{0, "aaa"}, {1, "qra"}}, two); };
  make(dir_ / "reference");
  const auto expected = tree(dir_ / "reference" / "work/units/000000");
  ASSERT_EQ(expected.size(), 3u);
  for (const bool kill : {true, false}) {
    int steps = 0;
    for (int step = 1;; ++step) {
      const fs::path out = dir_ / fmt::format("{}-{}", kill ? "kill" : "fail", step);
      stage_unit(out, 0, {{0, "aaaaaaa"}}, two, "older");  // with more parts
      const auto action = [&] { make(out); };
      const bool reached = kill ? killed_at(step, action) : fails_at(step, action);
      const std::optional<UnitSummary> left = read_unit(out, 0);
      if (left && left->fingerprint == "unit-0") {  // when it counts it is whole
        EXPECT_EQ(tree(out / "work/units/000000"), expected) << step;
      }
      make(out);
      EXPECT_EQ(tree(out / "work/units/000000"), expected) << step;
      fs::remove_all(out);
      if (!reached) break;
      steps = step;
    }
    EXPECT_GT(steps, 15);
  }
}

}  // namespace
}  // namespace ditto::dataset
