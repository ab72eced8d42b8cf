#include "ditto/dataset/report.h"

#include "dataset/media_fixture.h"
#include "dataset/report_data.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;
using namespace test;

std::size_t occurrences(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

class ReportTest : public DatasetTest {
 protected:
  void SetUp() override {
    DatasetTest::SetUp();
    make_dataset(dir_);
  }
};

TEST_F(ReportTest, TheFiguresAreThoseOfTheFiles) {
  edit_line(dir_ / "samples.jsonl", 2, [](auto& line) { line["stage"] = "gate"; });
  const ReportData data = gather_report(dir_, 12);
  EXPECT_EQ(data.files, 3);
  EXPECT_EQ(data.dropped_files, 1);
  EXPECT_EQ(data.clips, 4);
  EXPECT_EQ(data.outcomes.sum(), 7);
  EXPECT_EQ(data.outcomes.accepted, 5);
  EXPECT_EQ(data.edited, 7);  // the gate's reject and the quarantined one were edited
  EXPECT_EQ(data.gated, 6);
  EXPECT_EQ(data.generated, 5);  // the quarantined one ended in generate
  EXPECT_DOUBLE_EQ(data.costs.at("generate").seconds, 17.5);
  EXPECT_DOUBLE_EQ(data.accepted_seconds, 5 * 9 / 20.0);
  EXPECT_EQ(data.examples.size(), 5u);
  std::int64_t binned = 0;
  for (std::size_t i = 0; i < ScoreHistogram::kBins; ++i) {
    binned += data.scores.at("instruction").accepted[i];
  }
  EXPECT_EQ(binned, 5);
  EXPECT_EQ(data.scores.at("instruction").accepted[12], 5);  // 7.25 lies in 7.0 .. 7.5
}

TEST_F(ReportTest, ThePageIsSelfContained) {
  write_report(dir_);
  const std::string page = read_file(dir_ / "report.html");
  for (const char* outside : {"http:", "https:", "<script", "<link", "@import", "url("}) {
    EXPECT_EQ(page.find(outside), std::string::npos) << outside;
  }
  EXPECT_EQ(occurrences(page, "<img "), 5u * 6);
  EXPECT_EQ(occurrences(page, "src=\"data:image/jpeg;base64,/9j/"), 5u * 6);
  for (const char* said : {"1.8 per clip", "71.4 %", "no picture decodes",
                           "no flow could be computed", "global style"}) {
    EXPECT_NE(page.find(said), std::string::npos) << said;
  }
  EXPECT_EQ(make_report(dir_), page);  // nothing of the moment is in it
}

TEST_F(ReportTest, TextIsEscaped) {
  const std::string evil = "<img src=x onerror=alert(1)>\"'&</style>";
  for (std::size_t line = 0; line < 7; ++line) {
    edit_line(dir_ / "samples.jsonl", line, [&](auto& sample) {
      sample["instruction"] = evil;
      if (!sample["reason"].is_null()) sample["reason"] = evil;
      if (sample["scores"].is_array()) sample["scores"][0]["criterion"] = evil;
      sample["seconds"][evil] = 1;
    });
  }
  edit_line(dir_ / "clips.dropped.jsonl", 0,
            [&](auto& drop) { drop["source_path"] = drop["detail"] = drop["reason"] = evil; });
  edit_json(dir_ / "run.json", [&](auto& run) {
    run["version"] = run["fingerprint"] = evil;
    run["libraries"] = {{evil, evil}};
    run["config"] = {{evil, evil}};
  });
  const std::string page = make_report(dir_);
  EXPECT_EQ(page.find("<img src=x"), std::string::npos);
  EXPECT_EQ(occurrences(page, "</style>"), 1u);
  EXPECT_GE(occurrences(page, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/style&gt;"),
            12u);
}

TEST_F(ReportTest, ExamplesThatCannotBeReadAreSaidSo) {
  fs::resize_file(dir_ / "shards/000000.tar", 700);
  fs::remove(dir_ / "shards/000002.tar");
  const std::string page = make_report(dir_);
  EXPECT_EQ(occurrences(page, "frames can't be shown"), 4u);
  EXPECT_EQ(occurrences(page, "<img "), 6u);
}

TEST_F(ReportTest, ItsSizeIsBounded) {
  const std::vector<std::string> samples = lines(dir_ / "samples.jsonl");
  std::string many;
  for (int i = 0; i < 3000; ++i) {
    nlohmann::json line =
        nlohmann::json::parse(samples[static_cast<std::size_t>(i) % samples.size()]);
    if (line["outcome"] != "accepted")
      line["reason"] = "reason " + std::string(1, static_cast<char>('a' + i % 26));
    many += line.dump() + "\n";
  }
  write_file(dir_ / "samples.jsonl", many);
  const std::string page = make_report(dir_);
  EXPECT_LT(page.size(), 200'000u);
  EXPECT_NE(page.find("other reasons"), std::string::npos);
  const std::vector<SampleRecord> drawn = gather_report(dir_, 3).examples;
  ASSERT_EQ(drawn.size(), 3u);
  EXPECT_NE(drawn[0].instruction.task, drawn[1].instruction.task);
}

TEST_F(ReportTest, ReasonsThatDifferInNumbersAreOne) {
  for (std::size_t line : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    edit_line(dir_ / "samples.jsonl", line, [&](auto& sample) {
      sample["outcome"] = "rejected";
      sample["stage"] = "gate";
      sample["reason"] = fmt::format("changed by 0.00{}1 in frames {}", line,
                                     line == 0   ? "3"
                                     : line == 1 ? "3-5"
                                                 : "1-2, 7, 9-11");
      sample["shard"] = nullptr;
    });
  }
  const ReportData data = gather_report(dir_, 12);
  ASSERT_EQ(data.rejects.size(), 1u);
  EXPECT_EQ(data.rejects[0].count, 3);
  EXPECT_EQ(data.rejects[0].example, "changed by 0.0001 in frames 3");
  EXPECT_EQ(data.rejects[0].keys.size(), 3u);
}

TEST_F(ReportTest, WithoutSamplesThereIsNoReport) {
  fs::remove(dir_ / "samples.jsonl");
  EXPECT_THROW(write_report(dir_), Error);
  EXPECT_THROW(write_report(dir_ / "nowhere"), Error);
}

}  // namespace
}  // namespace ditto::dataset
