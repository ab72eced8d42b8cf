#include <gtest/gtest.h>
#include <sys/stat.h>

#include "ditto/core/error.h"
#include "ditto/stages/curate.h"
#include "stages/curate_scene.h"

namespace ditto::stages {
namespace {

using curate::testing::Folder;
namespace fs = std::filesystem;

config::Sources inputs(std::vector<fs::path> paths) {
  config::Sources sources;
  for (const fs::path& path : paths) sources.input.push_back(path.string());
  return sources;
}

std::vector<std::string> names(const Listing& listing) {
  std::vector<std::string> names;
  for (const SourceFile& file : listing.files) names.push_back(file.relative.string());
  return names;
}

std::map<std::string, std::string> reasons(const Listing& listing) {
  std::map<std::string, std::string> reasons;
  for (const Drop& drop : listing.drops) {
    EXPECT_FALSE(drop.detail.empty());
    EXPECT_TRUE(reasons.emplace(drop.source_path, drop.reason).second) << drop.source_path;
  }
  return reasons;
}

using Reasons = std::map<std::string, std::string>;
using Names = std::vector<std::string>;

TEST(CurateListing, OrdersByBytesOfTheRelativePathWhateverTheNames) {
  Folder folder;
  for (const char* name : {"b.mp4", "a/z.MKV", "a.mp4", "B.mp4", "sp ace/q'uo\"te.mov",
                           "new\nline.mp4", "latin\xff.webm", "notes.txt", "mp4", "a/.hidden"}) {
    folder.write(name, "x");
  }
  const Listing listing = list_sources(inputs({folder.path()}));
  EXPECT_EQ(names(listing), (Names{"B.mp4", "a.mp4", "a/z.MKV", "b.mp4", "latin\xff.webm",
                                   "new\nline.mp4", "sp ace/q'uo\"te.mov"}));
  EXPECT_TRUE(listing.drops.empty());
  EXPECT_EQ(listing.files[0].bytes, 1U);
  EXPECT_TRUE(listing.files[0].file.is_absolute());
  EXPECT_GT(listing.files[0].modified_ns, 0);
}

TEST(CurateListing, NamesEverythingThatCannotBeASource) {
  Folder folder;
  folder.write("good.mp4", "x");
  folder.write("empty.mp4", "");
  ASSERT_EQ(mkfifo((folder / "pipe.mp4").c_str(), 0600), 0);
  fs::create_symlink("nowhere", folder / "dangling.mp4");
  fs::create_symlink("unmounted", folder / "lostfolder");
  fs::create_symlink("gone.txt", folder / "notes.txt");
  fs::create_symlink("self.mp4", folder / "self.mp4");
  fs::create_symlink("/dev/null", folder / "null.mp4");
  const Listing listing = list_sources(inputs({folder.path()}));
  EXPECT_EQ(names(listing), Names{"good.mp4"});
  EXPECT_EQ(reasons(listing), (Reasons{{"dangling.mp4", "dangling_link"},
                                       {"empty.mp4", "empty"},
                                       {"lostfolder", "dangling_link"},
                                       {"null.mp4", "not_a_file"},
                                       {"pipe.mp4", "not_a_file"},
                                       {"self.mp4", "link_loop"}}));
}

TEST(CurateListing, FollowsLinksOnceAndEndsLoops) {
  Folder outside;
  outside.write("there/far.mp4", "x");
  Folder folder;
  folder.write("real/one.mp4", "x");
  fs::create_directory_symlink("..", folder / "real/up");
  fs::create_directory_symlink("real", folder / "again");
  fs::create_directory_symlink(outside / "there", folder / "abroad");
  fs::create_symlink("real/one.mp4", folder / "alias.mp4");
  fs::create_symlink(folder / "real/one.mp4", folder / "alias.txt");
  const Listing listing = list_sources(inputs({folder.path()}));
  // The file keeps its own name, although links to it sort before it.
  EXPECT_EQ(names(listing), (Names{"abroad/far.mp4", "real/one.mp4"}));
  EXPECT_EQ(
      reasons(listing),
      (Reasons{{"again", "duplicate"}, {"alias.mp4", "duplicate"}, {"real/up", "link_loop"}}));
}

TEST(CurateListing, TakesFilesAndSeveralInputsInTheirOrder) {
  Folder first;
  first.write("z.mp4", "x");
  Folder second;
  second.write("a.mp4", "x");
  second.write("odd.name", "x");
  const Listing listing =
      list_sources(inputs({first.path(), second / "odd.name", second.path(), first / "z.mp4"}));
  EXPECT_EQ(names(listing), (Names{"z.mp4", "odd.name", "a.mp4"}));
  EXPECT_EQ(reasons(listing), (Reasons{{"z.mp4", "duplicate"}}));
}

TEST(CurateListing, RefusesAnInputThatDoesNotExist) {
  Folder folder;
  try {
    list_sources(inputs({folder / "missing"}));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(std::string(error.what()).find("missing"), std::string::npos);
  }
}

TEST(CurateListing, GoesOnAfterADirectoryWithoutPermission) {
  Folder folder;
  folder.write("a/one.mp4", "x");
  folder.write("b/two.mp4", "x");
  folder.write("c/three.mp4", "x");
  for (const char* directory : {"", "a", "c"}) {
    fs::permissions(folder / directory, static_cast<fs::perms>(0755));
  }
  fs::permissions(folder / "b", fs::perms::none);
  // Permissions don't bind root: look as somebody else.
  const uid_t user = geteuid();
  if (user == 0) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  const Listing listing = list_sources(inputs({folder.path()}));
  if (user == 0) {
    ASSERT_EQ(seteuid(user), 0);
  }
  fs::permissions(folder / "b", fs::perms::owner_all);
  EXPECT_EQ(names(listing), (Names{"a/one.mp4", "c/three.mp4"}));
  EXPECT_EQ(reasons(listing), (Reasons{{"b", "unreadable"}}));
}

TEST(CurateListing, DropsSurviveJson) {
  Drop drop{.source_path = "a\\x0ab.mp4",
            .source_sha256 = "00",
            .reason = "static",
            .detail = "motion 0.001",
            .score = 0.001,
            .start_frame = 49};
  const Drop back = drop_from_json(nlohmann::json::parse(to_json(drop).dump()));
  EXPECT_EQ(to_json(back), to_json(drop));
  drop.score.reset();
  drop.start_frame.reset();
  EXPECT_FALSE(to_json(drop).contains("score"));
  EXPECT_EQ(to_json(drop_from_json(to_json(drop))), to_json(drop));
  EXPECT_THROW(drop_from_json({{"reason", "static"}}), Error);
}

}  // namespace
}  // namespace ditto::stages
