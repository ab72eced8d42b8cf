#include <gtest/gtest.h>
#include <sys/stat.h>

#include "ditto/core/error.h"
#include "ditto/core/files.h"
#include "ditto/core/hash.h"
#include "ditto/core/stop.h"
#include "ditto/media/media.h"
#include "ditto/stages/curate.h"
#include "stages/curate_scene.h"

namespace ditto::stages {
namespace {

using curate::testing::append;
using curate::testing::Folder;
using curate::testing::pan;
namespace fs = std::filesystem;

const cv::Size kSize(160, 96);

std::string mp4(const std::vector<cv::Mat>& frames, Rational fps = {20, 1}, int crf = 20) {
  return media::encode_mp4({frames, fps}, {.crf = crf, .preset = "ultrafast", .threads = 1});
}

config::Clip small_clip() {
  config::Clip clip;
  clip.frames = 17;
  clip.width = 160;
  clip.height = 96;
  return clip;
}

SourceFile file_of(const fs::path& path) {
  return {.file = path, .relative = path.filename(), .bytes = fs::file_size(path)};
}

SourceResult curated(const Folder& folder, const std::string& bytes) {
  folder.write("a.mp4", bytes);
  return curate_source(file_of(folder / "a.mp4"), small_clip(), {});
}

TEST(CurateSource, CutsClipsOutOfShots) {
  std::vector<cv::Mat> frames = pan(1, kSize, 40, 2);
  append(frames, pan(2, kSize, 20, -2));
  const Folder folder;
  const SourceResult result = curated(folder, mp4(frames));
  EXPECT_TRUE(result.drops.empty());
  ASSERT_EQ(result.clips.size(), 3U);
  const std::string sha = sha256_hex_of_file(folder / "a.mp4");
  EXPECT_EQ(result.clips[0].id, sha.substr(0, 16) + "-000002");
  EXPECT_EQ(result.clips[1].start_frame, 21);
  EXPECT_EQ(result.clips[2].start_frame, 41);
  EXPECT_NEAR(result.clips[2].start_seconds, 2.05, 1e-9);
  for (const ClipRecord& clip : result.clips) {
    EXPECT_EQ(clip.source_sha256, sha);
    EXPECT_EQ(clip.source_path, "a.mp4");
    EXPECT_EQ(source_path_of(clip), (folder / "a.mp4").string());
    EXPECT_EQ(clip.frames, 17);
    EXPECT_EQ(clip.fps, (Rational{20, 1}));
    EXPECT_EQ(clip.width, 160);
    EXPECT_EQ(clip.height, 96);
    EXPECT_NEAR(clip.motion, 16 * 2 / std::hypot(160, 96), 0.03);
    EXPECT_EQ(to_json(clip_record_from_json(to_json(clip))), to_json(clip));
  }
  // The same again, byte for byte.
  const SourceResult again = curate_source(file_of(folder / "a.mp4"), small_clip(), {});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(to_json(again.clips[i]), to_json(result.clips[i]));
}

TEST(CurateSource, TurnsClipsOfPortraitSources) {
  const Folder folder;
  const std::string bytes = mp4(pan(3, {96, 160}, 20, 2));
  const SourceResult result = curated(folder, bytes);
  ASSERT_EQ(result.clips.size(), 1U);
  EXPECT_EQ(result.clips[0].width, 96);
  EXPECT_EQ(result.clips[0].height, 160);
  config::Clip clip = small_clip();
  clip.orientation = "fixed";
  const SourceResult fixed = curate_source(file_of(folder / "a.mp4"), clip, {});
  ASSERT_EQ(fixed.clips.size(), 1U);
  EXPECT_EQ(fixed.clips[0].width, 160);
}

TEST(CurateSource, SlowSourcesRepeatPicturesButAreNotFrozen) {
  const Folder folder;
  const SourceResult result = curated(folder, mp4(pan(4, kSize, 10, 3), {10, 1}));
  EXPECT_TRUE(result.drops.empty());
  ASSERT_EQ(result.clips.size(), 1U);
  EXPECT_EQ(result.clips[0].measured.at("frozen"), 0.0);
  EXPECT_NEAR(result.clips[0].measured.at("pictures_per_second").get<double>(), 10, 1);
}

TEST(CurateSource, StopsWhenAsked) {
  const Folder folder;
  folder.write("a.mp4", mp4(pan(5, kSize, 20, 2)));
  request_stop("a test");
  try {
    curate_source(file_of(folder / "a.mp4"), small_clip(), {});
    ADD_FAILURE() << "it went on";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  }
  reset_stop();
}

TEST(CurateSource, GoesThroughAnUglyFolder) {
  const Folder folder;
  const auto good = pan(6, kSize, 20, 2);
  const std::string bytes = mp4(good);
  folder.write("a good.mp4", bytes);
  folder.write("sub/cop'y.MP4", bytes);
  folder.write("sub/reencoded.mp4", mp4(good, {20, 1}, 35));
  folder.write("new\nline.mp4", mp4(pan(7, kSize, 20, -2)));
  folder.write("latin\xff.mp4", mp4(pan(8, kSize, 20, 0, 2)));
  folder.write("empty.mp4", "");
  folder.write("text.mp4", "this is no video\n");
  folder.write("truncated.mp4", bytes.substr(0, 600));
  folder.write("one_frame.mp4", mp4({good[0]}));
  folder.write("short.mp4", mp4({good.begin(), good.begin() + 12}));
  folder.write("tiny.mp4", mp4(pan(9, {18, 32}, 20, 1)));
  folder.write("slow.mp4", mp4(pan(9, kSize, 8, 2), {4, 1}));
  folder.write("black.mp4",
               mp4(std::vector<cv::Mat>(20, cv::Mat(kSize, CV_8UC3, cv::Scalar::all(0)))));
  folder.write("frozen.mp4", mp4(std::vector<cv::Mat>(20, good[0])));
  std::vector<cv::Mat> boxed;
  for (const cv::Mat& view : pan(10, {160, 64}, 20, 2)) {
    cv::Mat frame;
    cv::copyMakeBorder(view, frame, 16, 16, 0, 0, cv::BORDER_CONSTANT);
    boxed.push_back(frame);
  }
  folder.write("boxed.mp4", mp4(boxed));
  fs::create_symlink("nowhere", folder / "dangling.mp4");
  fs::create_directory_symlink(".", folder / "loop");
  ASSERT_EQ(mkfifo((folder / "pipe.mp4").c_str(), 0600), 0);

  config::Sources sources;
  sources.input = {folder.path().string()};
  const Listing listing = list_sources(sources);
  std::vector<SourceResult> results;
  for (const SourceFile& file : listing.files) {
    results.push_back(curate_source(file, small_clip(), {}));
  }
  const SourceResult joined = join_sources(std::move(results), {});

  std::vector<std::string> clips;
  for (const ClipRecord& clip : joined.clips) {
    clips.push_back(clip.source_path);
    EXPECT_TRUE(fs::exists(source_path_of(clip))) << clip.source_path;
  }
  EXPECT_EQ(clips, (std::vector<std::string>{"a good.mp4", "latin\\xff.mp4", "new\\x0aline.mp4"}));
  std::map<std::string, std::string> reasons;
  for (const std::vector<Drop>* drops : {&listing.drops, &joined.drops}) {
    for (const Drop& drop : *drops) {
      EXPECT_TRUE(reasons.emplace(drop.source_path, drop.reason).second) << drop.source_path;
      EXPECT_FALSE(drop.detail.empty());
    }
  }
  const std::map<std::string, std::string> expected = {
      {"black.mp4", "black"},
      {"boxed.mp4", "letterbox"},
      {"dangling.mp4", "dangling_link"},
      {"empty.mp4", "empty"},
      {"frozen.mp4", "frozen"},
      {"loop", "link_loop"},
      {"one_frame.mp4", "too_short"},
      {"pipe.mp4", "not_a_file"},
      {"short.mp4", "too_short"},
      {"slow.mp4", "low_frame_rate"},
      {"sub/cop'y.MP4", "duplicate"},
      {"sub/reencoded.mp4", "duplicate"},
      {"text.mp4", "unreadable"},
      {"tiny.mp4", "too_small"},
      {"truncated.mp4", "unreadable"},
  };
  EXPECT_EQ(reasons, expected);
}

}  // namespace
}  // namespace ditto::stages
