#include "ditto/dataset/verify.h"

#include "dataset/json_lines.h"
#include "dataset/media_fixture.h"
#include "dataset/tar_reader.h"
#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/core/random.h"
#include "ditto/core/stop.h"

namespace ditto::dataset {
namespace {

namespace fs = std::filesystem;
using namespace test;

struct Corruption {
  std::string name;
  std::function<void(const fs::path&)> plant;
  std::string where;    ///< in the fault that must be found
  std::string problem;  ///< a word of it
};

std::string told(const VerifyResult& result) {
  std::string text;
  for (const Fault& fault : result.faults) text += "  " + fault.where + ": " + fault.problem + "\n";
  return text;
}

/// Changes KEY.json and the line of samples.jsonl alike, as a consistent but wrong record.
void edit_record(const fs::path& out, const std::string& shard, std::size_t line,
                 const std::function<void(nlohmann::ordered_json&)>& change) {
  std::string key;
  edit_line(out / "samples.jsonl", line, [&](nlohmann::ordered_json& record) {
    change(record);
    key = record["key"];
  });
  Members members = read_members(out, shard);
  std::string& json = member(members, key + ".json");
  nlohmann::ordered_json value = nlohmann::ordered_json::parse(json);
  change(value);
  json = value.dump();
  write_members(out, shard, members);
}

void swap_members(const fs::path& out, const std::string& shard, const std::string& a,
                  const std::string& b) {
  Members members = read_members(out, shard);
  std::swap(member(members, a), member(members, b));
  write_members(out, shard, members);
}

void replace_member(const fs::path& out, const std::string& shard, const std::string& name,
                    const std::string& content) {
  Members members = read_members(out, shard);
  member(members, name) = content;
  write_members(out, shard, members);
}

void erase_line(const fs::path& file, std::size_t line) {
  std::vector<std::string> all = lines(file);
  all.erase(all.begin() + static_cast<std::ptrdiff_t>(line));
  write_file(file, fmt::format("{}\n", fmt::join(all, "\n")));
}

std::string huge_png() {
  std::string png = media::encode_png(cv::Mat(48, 64, CV_8UC3, cv::Scalar::all(9)));
  png.replace(16, 8, std::string("\x7f\xff\xff\xff\x7f\xff\xff\xff", 8));
  return png;
}

std::vector<Corruption> files_and_lines() {
  const std::string k00 = key_of(0, 0);
  return {
      {"a gap in the numbers",
       [](const fs::path& out) {
         fs::rename(out / "shards/000002.tar", out / "shards/000003.tar");
         fs::rename(out / "shards/000002.json", out / "shards/000003.json");
       },
       "shards/000002.tar", "dense"},
      {"the last shard is gone",
       [](const fs::path& out) {
         fs::remove(out / "shards/000002.tar");
         fs::remove(out / "shards/000002.json");
       },
       "shards/000002.tar", key_of(2, 0)},
      {"no companion", [](const fs::path& out) { fs::remove(out / "shards/000001.json"); },
       "shards/000001.json", "No such file"},
      {"companion without tar",
       [](const fs::path& out) {
         fs::copy(out / "shards/000002.json", out / "shards/000003.json");
       },
       "shards/000003.json", "no tar"},
      {"companion's count",
       [](const fs::path& out) {
         edit_json(out / "shards/000000.json", [](auto& json) { json["samples"] = 3; });
       },
       "shards/000000.json", "samples is 3"},
      {"companion's member digest",
       [](const fs::path& out) {
         edit_json(out / "shards/000000.json",
                   [](auto& json) { json["members"][1]["sha256"] = std::string(64, '0'); });
       },
       "shards/000000.json", k00 + ".edited.mp4"},
      {"companion's unit",
       [](const fs::path& out) {
         edit_json(out / "shards/000002.json", [](auto& json) { json["unit"] = 0; });
       },
       "shards/000002.json", "unit"},
      {"a line of samples.jsonl is gone",
       [](const fs::path& out) { erase_line(out / "samples.jsonl", 1); }, "shards/000000.tar",
       key_of(0, 1)},
      {"a rejected sample's line is gone",
       [](const fs::path& out) { erase_line(out / "samples.jsonl", 2); }, "units.jsonl:1",
       "1 rejected, but samples.jsonl has 0"},
      {"a line twice",
       [](const fs::path& out) {
         const std::string text = read_file(out / "samples.jsonl");
         write_file(out / "samples.jsonl", text + lines(out / "samples.jsonl").back() + "\n");
       },
       "samples.jsonl:8", "is in line 7 already"},
      {"the count of an outcome",
       [](const fs::path& out) {
         edit_line(out / "units.jsonl", 1, [](auto& unit) { unit["quarantined"] = 0; });
       },
       "units.jsonl:2", "3 planned, but 2 accepted + 0 rejected + 0 quarantined"},
      {"another outcome",
       [](const fs::path& out) {
         edit_line(out / "samples.jsonl", 2, [](auto& line) { line["outcome"] = "quarantined"; });
       },
       "units.jsonl:1", "1 rejected, but samples.jsonl has 0"},
      {"an unknown outcome",
       [](const fs::path& out) {
         edit_line(out / "samples.jsonl", 2, [](auto& line) { line["outcome"] = "lost"; });
       },
       "samples.jsonl:3", "\"lost\""},
      {"a rejection without a reason",
       [](const fs::path& out) {
         edit_line(out / "samples.jsonl", 2, [](auto& line) { line["reason"] = nullptr; });
       },
       "samples.jsonl:3", "reason"},
      {"a wrong shard",
       [](const fs::path& out) {
         edit_line(out / "samples.jsonl", 0, [](auto& line) { line["shard"] = "000001"; });
       },
       "shards/000001.tar", "lacks samples"},
      {"scores in the line only",
       [](const fs::path& out) {
         edit_line(out / "samples.jsonl", 0, [](auto& line) { line["scores"][0]["value"] = 9.5; });
       },
       "shards/000000.tar: " + k00 + ".json", "samples.jsonl:1 in scores"},
      {"half a line",
       [](const fs::path& out) {
         fs::resize_file(out / "samples.jsonl", fs::file_size(out / "samples.jsonl") - 40);
       },
       "samples.jsonl:7", "parse error"},
      {"units.jsonl is gone", [](const fs::path& out) { fs::remove(out / "units.jsonl"); },
       "units.jsonl", "merge"},
      {"a unit is gone", [](const fs::path& out) { erase_line(out / "units.jsonl", 0); },
       "units.jsonl", "lacks unit 0"},
      {"run.json is gone", [](const fs::path& out) { fs::remove(out / "run.json"); }, "run.json",
       "No such file"},
      {"a clip is gone", [](const fs::path& out) { erase_line(out / "clips.jsonl", 1); },
       "samples.jsonl:4", clip_id(1) + " is not in clips.jsonl"},
      {"another source",
       [](const fs::path& out) {
         edit_line(out / "clips.jsonl", 0, [](auto& clip) { clip["source_sha256"] = "0"; });
       },
       "samples.jsonl:1", "source_sha256"},
      {"another length",
       [](const fs::path& out) {
         edit_line(out / "clips.jsonl", 0, [](auto& clip) { clip["frames"] = 10; });
       },
       "samples.jsonl:1", "clip.frames is 9 instead of 10"},
      {"a foreign file", [](const fs::path& out) { write_file(out / "shards/notes.txt", "x"); },
       "shards/notes.txt", "doesn't belong"},
      {"a foreign directory",
       [](const fs::path& out) { fs::create_directory(out / "shards/000003.tar"); },
       "shards/000003.tar", "doesn't belong"},
      {"a partial shard",
       [](const fs::path& out) { write_file(out / "shards/.ditto-tmp.1.0.000003.tar", "x"); },
       "shards/.ditto-tmp.1.0.000003.tar", "partial"},
      {"a partial file", [](const fs::path& out) { write_file(out / ".ditto-tmp.1.0.x", "x"); },
       ".ditto-tmp.1.0.x", "partial"},
      {"JSON too deep",
       [](const fs::path& out) { write_file(out / "run.json", std::string(100000, '[')); },
       "run.json", "deeper"},
  };
}

std::vector<Corruption> archives() {
  const std::string k00 = key_of(0, 0), k01 = key_of(0, 1);
  const std::string shard0 = "shards/000000.tar";
  return {
      {"a flipped bit in a video",
       [k00](const fs::path& out) {
         const fs::path tar = out / "shards/000000.tar";
         std::string bytes = read_file(tar);
         bytes[scan_tar(tar, false).members[1].offset + 900] ^= 1;
         write_file(tar, bytes);
       },
       shard0 + ": " + k00 + ".edited.mp4", "SHA-256"},
      {"a tar cut in a member",
       [](const fs::path& out) {
         fs::resize_file(out / "shards/000000.tar",
                         scan_tar(out / "shards/000000.tar", false).members[9].offset + 100);
       },
       shard0 + ": " + k01, "cut off"},
      {"a tar cut at a member",
       [](const fs::path& out) {
         fs::resize_file(out / "shards/000000.tar",
                         scan_tar(out / "shards/000000.tar", false).members[9].offset - 512);
       },
       shard0, "without the end mark"},
      {"an empty tar", [](const fs::path& out) { fs::resize_file(out / "shards/000001.tar", 0); },
       "shards/000001.tar", "0 bytes"},
      {"no tar at all",
       [](const fs::path& out) { write_file(out / "shards/000001.tar", noise("tar", 20480)); },
       "shards/000001.tar", "checksum"},
      {"something behind the end",
       [](const fs::path& out) {
         std::string bytes = read_file(out / "shards/000001.tar");
         bytes.back() = 'x';
         write_file(out / "shards/000001.tar", bytes);
         make_consistent(out, "000001");
       },
       "shards/000001.tar", "behind the end mark"},
      {"a header's checksum",
       [](const fs::path& out) {
         const fs::path tar = out / "shards/000000.tar";
         std::string bytes = read_file(tar);
         bytes[scan_tar(tar, false).members[8].offset - 512 + 300] = 'x';
         write_file(tar, bytes);
       },
       shard0, "checksum"},
      {"mode", [](const fs::path& out) { patch_header(out, "000000", 2, 100, "000644 "); },
       shard0 + ": " + k00 + ".keyframe.png", "mode is 644"},
      {"time", [](const fs::path& out) { patch_header(out, "000000", 2, 136, "14700000000 "); },
       shard0 + ": " + k00 + ".keyframe.png", "modification time"},
      {"owner", [](const fs::path& out) { patch_header(out, "000000", 0, 265, "alice"); },
       shard0 + ": " + k00 + ".source.mp4", "user name"},
      {"user number", [](const fs::path& out) { patch_header(out, "000000", 0, 108, "001750 "); },
       shard0 + ": " + k00 + ".source.mp4", "user number"},
      {"a link", [](const fs::path& out) { patch_header(out, "000000", 0, 156, "2"); },
       shard0 + ": " + k00 + ".source.mp4", "no regular file"},
      {"a directory",
       [](const fs::path& out) {
         patch_header(out, "000000", 0, 0, "a/b.source.mp4" + std::string(1, '\0'));
       },
       shard0 + ": a/b.source.mp4", "directory"},
      {"an enormous size",
       [](const fs::path& out) { patch_header(out, "000000", 3, 124, "77777777777"); },
       shard0 + ": " + k00 + ".edited_keyframe.png", "cut off"},
      {"members in another order",
       [](const fs::path& out) {
         Members members = read_members(out, "000000");
         std::swap(members[0], members[1]);
         write_members(out, "000000", members);
       },
       shard0 + ": " + k00, "order"},
      {"interleaved samples",
       [](const fs::path& out) {
         Members members = read_members(out, "000000");
         std::swap(members[5], members[6]);
         write_members(out, "000000", members);
       },
       shard0 + ": " + k00, "not contiguous"},
      {"a missing member",
       [](const fs::path& out) {
         Members members = read_members(out, "000000");
         members.erase(members.begin() + 3);
         write_members(out, "000000", members);
       },
       shard0 + ": " + k00 + ".edited_keyframe.png", "missing"},
      {"an unknown member",
       [k00](const fs::path& out) {
         Members members = read_members(out, "000000");
         members.insert(members.begin() + 4, {k00 + ".depth.mp4", "x"});
         write_members(out, "000000", members);
       },
       shard0 + ": " + k00 + ".depth.mp4", "no member"},
      {"a key with a dot",
       [k00](const fs::path& out) {
         Members members = read_members(out, "000000");
         for (auto& [name, content] : members) {
           if (name.starts_with(k00)) name.insert(5, ".");
         }
         write_members(out, "000000", members);
       },
       shard0, k00},
      {"a key with a space",
       [k00](const fs::path& out) {
         Members members = read_members(out, "000000");
         members[0].first[3] = ' ';
         write_members(out, "000000", members);
       },
       shard0, "KEY.ROLE"},
      {"a sample in two shards",
       [](const fs::path& out) {
         Members members = read_members(out, "000001");
         for (auto& [name, content] : read_members(out, "000000")) {
           if (name.starts_with(key_of(0, 0))) members.emplace_back(name, content);
         }
         write_members(out, "000001", members);
       },
       "shards/000001.tar: " + k00 + ".source.mp4", "is in shards/000000.tar too"},
      {"a shard twice",
       [](const fs::path& out) {
         fs::copy(out / "shards/000002.tar", out / "shards/000003.tar");
         fs::copy(out / "shards/000002.json", out / "shards/000003.json");
       },
       "shards/000003.tar", "no unit"},
  };
}

std::vector<Corruption> contents() {
  const std::string k00 = key_of(0, 0), k01 = key_of(0, 1), k10 = key_of(1, 0);
  const std::string shard0 = "shards/000000.tar: ";
  return {
      {"edited videos of two samples swapped",
       [=](const fs::path& out) {
         swap_members(out, "000000", k00 + ".edited.mp4", k01 + ".edited.mp4");
       },
       shard0 + k00 + ".edited.mp4", "which is that of " + k01 + ".edited.mp4"},
      {"source and edited swapped",
       [=](const fs::path& out) {
         swap_members(out, "000000", k00 + ".edited.mp4", k00 + ".source.mp4");
       },
       shard0 + k00 + ".source.mp4", "not the video of its lineage"},
      {"edited key frames swapped",
       [=](const fs::path& out) {
         swap_members(out, "000000", k00 + ".edited_keyframe.png", k01 + ".edited_keyframe.png");
       },
       shard0 + k01 + ".edited_keyframe.png", "not the picture of its lineage"},
      {"another key frame",
       [=](const fs::path& out) {
         replace_member(out, "000000", k00 + ".keyframe.png",
                        media::encode_png(make_video(0, 0).frames[5]));
       },
       shard0 + k00 + ".keyframe.png", "not the picture of its lineage"},
      {"instructions swapped",
       [=](const fs::path& out) { swap_members(out, "000000", k00 + ".txt", k01 + ".txt"); },
       shard0 + k01 + ".txt", "instruction"},
      {"lineages swapped",
       [=](const fs::path& out) { swap_members(out, "000000", k00 + ".json", k01 + ".json"); },
       shard0 + k00 + ".json", "key is"},
      {"a frame less",
       [=](const fs::path& out) {
         const std::string video = media::encode_mp4(make_video(1, 1, 8), {});
         replace_member(out, "000001", k10 + ".edited.mp4", video);
         edit_record(out, "000001", 3,
                     [&](auto& record) { record["hashes"]["edited_video"] = sha256_hex(video); });
       },
       "shards/000001.tar: " + k10 + ".edited.mp4", "8 frames instead of 9"},
      {"another size",
       [=](const fs::path& out) {
         const std::string video = media::encode_mp4(make_video(1, 1, 9, 48, 64), {});
         replace_member(out, "000001", k10 + ".source.mp4", video);
       },
       "shards/000001.tar: " + k10 + ".source.mp4", "48x64 instead of 64x48"},
      {"another rate",
       [=](const fs::path& out) {
         media::Video video = make_video(1, 1);
         video.fps = {25, 1};
         replace_member(out, "000001", k10 + ".source.mp4", media::encode_mp4(video, {}));
       },
       "shards/000001.tar: " + k10 + ".source.mp4", "25/1 frames a second instead of 20/1"},
      {"no video",
       [=](const fs::path& out) { replace_member(out, "000001", k10 + ".source.mp4", "hello"); },
       "shards/000001.tar: " + k10 + ".source.mp4", "can't be decoded"},
      {"a truncated picture",
       [=](const fs::path& out) {
         Members members = read_members(out, "000001");
         std::string& png = member(members, k10 + ".keyframe.png");
         png.resize(png.size() / 2);
         write_members(out, "000001", members);
       },
       "shards/000001.tar: " + k10 + ".keyframe.png", ""},
      {"no PNG",
       [=](const fs::path& out) { replace_member(out, "000001", k10 + ".keyframe.png", "x"); },
       "shards/000001.tar: " + k10 + ".keyframe.png", "no PNG"},
      {"a picture that announces to be huge",
       [=](const fs::path& out) {
         replace_member(out, "000001", k10 + ".keyframe.png", huge_png());
       },
       "shards/000001.tar: " + k10 + ".keyframe.png", "instead of 64x48"},
      {"no JSON",
       [=](const fs::path& out) { replace_member(out, "000001", k10 + ".json", "{\"key\": "); },
       "shards/000001.tar: " + k10 + ".json", "parse error"},
      {"JSON of another kind",
       [=](const fs::path& out) { replace_member(out, "000001", k10 + ".json", "[1, 2]"); },
       "shards/000001.tar: " + k10 + ".json", ""},
      {"a hash is missing",
       [=](const fs::path& out) {
         edit_record(out, "000001", 3,
                     [](auto& record) { record["hashes"].erase("edited_key_frame"); });
       },
       "shards/000001.tar: " + k10 + ".edited_keyframe.png", "hashes.edited_key_frame"},
      {"an impossible size in the JSON",
       [=](const fs::path& out) {
         edit_record(out, "000001", 3, [](auto& record) { record["clip"]["width"] = -1; });
       },
       "shards/000001.tar: " + k10 + ".json", "impossible"},
  };
}

class VerifyTest : public DatasetTest {
 protected:
  void SetUp() override {
    DatasetTest::SetUp();
    make_dataset(dir_ / "good");
  }

  void check(const std::vector<Corruption>& corruptions) {
    for (const Corruption& corruption : corruptions) {
      const fs::path out = dir_ / "bad";
      fs::remove_all(out);
      fs::copy(dir_ / "good", out, fs::copy_options::recursive);
      corruption.plant(out);
      const VerifyResult result = verify(out, true);
      const bool found =
          std::any_of(result.faults.begin(), result.faults.end(), [&](const Fault& fault) {
            return fault.where.find(corruption.where) != std::string::npos &&
                   fault.problem.find(corruption.problem) != std::string::npos;
          });
      EXPECT_TRUE(found) << corruption.name << ": expected \"" << corruption.where << "\" ... \""
                         << corruption.problem << "\", found\n"
                         << told(result);
      EXPECT_LT(result.faults.size(), 30u) << corruption.name << "\n" << told(result);
    }
  }
};

TEST_F(VerifyTest, AGoodDatasetHasNoFaults) {
  for (const bool decode : {true, false}) {
    const VerifyResult result = verify(dir_ / "good", decode);
    EXPECT_EQ(told(result), "");
    EXPECT_EQ(result.shards, 3);
    EXPECT_EQ(result.samples, 7);
    EXPECT_EQ(result.bytes, fs::file_size(dir_ / "good/shards/000000.tar") +
                                fs::file_size(dir_ / "good/shards/000001.tar") +
                                fs::file_size(dir_ / "good/shards/000002.tar"));
  }
  fs::remove_all(dir_ / "good/work");
  EXPECT_EQ(told(verify(dir_ / "good", true)), "");
  merge({dir_ / "good"}, dir_ / "copy");
  EXPECT_EQ(told(verify(dir_ / "copy", true)), "");
}

TEST_F(VerifyTest, DamagedFilesAndLinesAreFound) { check(files_and_lines()); }
TEST_F(VerifyTest, DamagedArchivesAreFound) { check(archives()); }
TEST_F(VerifyTest, WrongContentsAreFound) { check(contents()); }

TEST_F(VerifyTest, AMissingDirectoryIsAUsageError) {
  try {
    verify(dir_ / "nowhere", false);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kUsage);
  }
}

TEST_F(VerifyTest, AStopEndsIt) {
  request_stop("a test");
  try {
    verify(dir_ / "good", true);
    ADD_FAILURE();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::kInterrupted);
  }
  reset_stop();
}

/// Any damage to a shard is found, and none ends the program.
TEST_F(VerifyTest, RandomDamageIsAlwaysFound) {
  const fs::path tar = dir_ / "good/shards/000000.tar";
  const std::string good = read_file(tar);
  Stream stream(1, "damage", "verify");
  for (int round = 0; round < 150; ++round) {
    std::string bad = good;
    switch (stream.index(4)) {
      case 0:
        bad.resize(stream.index(bad.size()));
        break;
      case 1:
        for (int i = 0; i < 20; ++i)
          bad[stream.index(bad.size())] = static_cast<char>(stream.next());
        break;
      case 2: {
        // In headers, where it hurts most.
        const TarScan scan = scan_tar(tar, false);
        const std::size_t header = scan.members[stream.index(scan.members.size())].offset - 512;
        for (int i = 0; i < 3; ++i)
          bad[header + stream.index(300)] = static_cast<char>(stream.next());
        break;
      }
      default: {
        const std::size_t at = stream.index(bad.size());
        bad.erase(at, 1 + stream.index(2000));
        break;
      }
    }
    if (bad == good) continue;
    write_file(tar, bad);
    EXPECT_FALSE(verify(dir_ / "good", round % 4 == 0).faults.empty()) << round;
    write_file(tar, good);
  }
}

}  // namespace
}  // namespace ditto::dataset
