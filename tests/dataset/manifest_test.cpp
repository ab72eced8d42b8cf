#include "ditto/dataset/manifest.h"

#include "dataset/fixture.h"
#include "dataset/json_lines.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;
using namespace test;

stages::ClipRecord make_clip(int clip) {
  stages::ClipRecord record;
  record.id = clip_id(clip);
  record.source_path = "a «b».mp4";
  record.source_sha256 = "s";
  record.source_file = "/videos/a «b».mp4";
  record.start_frame = clip;
  record.start_seconds = 0.1 * clip;
  record.frames = 49;
  record.fps = {30000, 1001};
  record.width = 832;
  record.height = 480;
  record.motion = 0.125;
  record.measured = {{"luma", 93.5}};
  return record;
}

class ManifestTest : public DatasetTest {};

TEST_F(ManifestTest, ReadsWhatWasWritten) {
  stages::SourceResult result;
  for (int clip = 0; clip < 5; ++clip) result.clips.push_back(make_clip(clip));
  result.drops.push_back({"b.mp4", "", "unreadable", "no picture", {}, {}});
  result.drops.push_back({"c.mp4", "s", "static", "motion 0.001 is below 0.01", 0.001, 49});
  write_manifest(dir_, result);
  const std::vector<stages::ClipRecord> clips = read_manifest(dir_);
  ASSERT_EQ(clips.size(), 5u);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    EXPECT_EQ(stages::to_json(clips[i]), stages::to_json(result.clips[i]));
  }
  const std::vector<stages::Drop> drops = read_drops(dir_);
  ASSERT_EQ(drops.size(), 2u);
  EXPECT_EQ(drops[1].score, 0.001);
  EXPECT_EQ(drops[1].start_frame, 49);
  EXPECT_FALSE(drops[0].score);
}

TEST_F(ManifestTest, ADamagedLineIsNamed) {
  stages::SourceResult result;
  for (int clip = 0; clip < 3; ++clip) result.clips.push_back(make_clip(clip));
  write_manifest(dir_, result);
  std::vector<std::string> all = lines(dir_ / "clips.jsonl");
  const std::string good = all[1];
  for (const std::string& bad : {std::string("{"), std::string("[]"), std::string(""), all[0],
                                 std::string("{\"id\": 3}"), std::string(1000, '[')}) {
    all[1] = bad;
    write_file(dir_ / "clips.jsonl", fmt::format("{}\n", fmt::join(all, "\n")));
    try {
      read_manifest(dir_);
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::kInput);
      const bool twice = bad == all[0];
      EXPECT_NE(std::string(e.what()).find(twice ? "twice" : "clips.jsonl:2"), std::string::npos)
          << e.what();
    }
  }
  EXPECT_THROW(read_manifest(dir_ / "nowhere"), Error);
}

TEST_F(ManifestTest, AManifestHasItsCompanion) {
  set_file_fault([](std::string_view step, const fs::path& path) {
    if (step == "create" && path.filename() == "clips.jsonl") {
      throw Error(ErrorKind::kFatal, "No space left on device");
    }
  });
  EXPECT_THROW(write_manifest(dir_, {{make_clip(0)}, {}}), Error);
  EXPECT_FALSE(fs::exists(dir_ / "clips.jsonl"));
  EXPECT_TRUE(fs::exists(dir_ / "clips.dropped.jsonl"));
}

TEST(LineReaderTest, DeliversLinesOfAnyLength) {
  const fs::path path = fs::path(::testing::TempDir()) / "ditto-lines";
  const std::vector<std::string> wanted = {"",
                                           "a",
                                           std::string(65535, 'b'),
                                           std::string(65536, 'c'),
                                           std::string(200000, 'd'),
                                           "last without newline"};
  write_file(path, fmt::format("{}", fmt::join(wanted, "\n")));
  LineReader reader(path);
  std::vector<std::string> found;
  std::vector<std::uint64_t> offsets = {0};
  for (std::string line; reader.next(line);) {
    found.push_back(line);
    offsets.push_back(reader.offset());
  }
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(reader.number(), 6);
  LineReader from(path, offsets[4]);
  std::string line;
  EXPECT_TRUE(from.next(line));
  EXPECT_EQ(line, wanted[4]);
  fs::remove(path);
}

TEST(JsonTest, OnlyRealNestingCounts) {
  const auto nested = [](int levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_NO_THROW(parse_json(nested(64), "x"));
  EXPECT_THROW(parse_json(nested(65), "x"), Error);
  EXPECT_THROW(parse_json("{\"a\\\"b\": " + nested(64) + "}", "x"), Error);
  EXPECT_NO_THROW(parse_json("[\"\\\"" + std::string(1000, '[') + "\"]", "x"));
}

TEST(LineReaderTest, InvalidUtf8IsReplaced) {
  EXPECT_EQ(valid_utf8("plain ü"), "plain ü");
  EXPECT_EQ(valid_utf8("a\xff"), "a\xef\xbf\xbd");
}

}  // namespace
}  // namespace ditto::dataset
