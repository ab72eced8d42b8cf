#include "ditto/core/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ditto/core/error.h"

namespace ditto {
namespace {

namespace fs = std::filesystem;

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = fs::path(::testing::TempDir()) /
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(dir_);
    fs::create_directories(dir_);
  }
  void TearDown() override { set_file_fault({}); }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(dir_), fs::directory_iterator()));
  }
  fs::path dir_;
};

TEST_F(FilesTest, AFileThatIsNotCommittedLeavesNothing) {
  {
    AtomicFile file(dir_ / "a");
    file.write("half");
  }
  EXPECT_EQ(entries(), 0u);
}

TEST_F(FilesTest, AFaultAtAnyStepKeepsTheOldContent) {
  write_file(dir_ / "a", "old");
  for (const std::string_view bad : {"create", "write", "sync", "rename"}) {
    set_file_fault([&](std::string_view step, const fs::path&) {
      if (step == bad) throw Error(ErrorKind::kFatal, "No space left on device");
    });
    EXPECT_THROW(write_file(dir_ / "a", "new"), Error) << bad;
    set_file_fault({});
    EXPECT_EQ(read_file(dir_ / "a"), "old") << bad;
    EXPECT_EQ(entries(), 1u) << bad;
  }
}

TEST_F(FilesTest, SyncsBeforeRename) {
  std::vector<std::string> steps;
  set_file_fault([&](std::string_view step, const fs::path&) { steps.emplace_back(step); });
  write_file(dir_ / "a", "x");
  EXPECT_EQ(steps, (std::vector<std::string>{"create", "write", "sync", "rename", "sync_dir"}));
}

TEST_F(FilesTest, ADirectoryAppearsAsAWholeOrNotAtAll) {
  {
    AtomicDirectory directory(dir_ / "a");
    write_file(directory.temporary_path() / "file", "half");
  }
  EXPECT_EQ(entries(), 0u);
  {
    AtomicDirectory directory((dir_ / "a").string() + "/");
    write_file(directory.temporary_path() / "file", "whole");
    EXPECT_FALSE(fs::exists(dir_ / "a"));
    directory.commit();
  }
  EXPECT_EQ(read_file(dir_ / "a" / "file"), "whole");
  EXPECT_EQ(entries(), 1u);
  EXPECT_THROW(AtomicDirectory(dir_ / "a"), Error);
  fs::create_directory(dir_ / "empty");
  AtomicDirectory(dir_ / "empty").commit();
  EXPECT_EQ(entries(), 2u);
}

TEST_F(FilesTest, DirectoriesOfDeadProcessesAreRemoved) {
  fs::create_directories(dir_ / ".ditto-tmp.1.0.a" / "inside");
  fs::create_directories(dir_ / ".ditto-tmp.1.0.other");
  const AtomicDirectory alive(dir_ / "a");
  const AtomicDirectory second(dir_ / "a");
  EXPECT_FALSE(fs::exists(dir_ / ".ditto-tmp.1.0.a"));
  EXPECT_TRUE(fs::exists(dir_ / ".ditto-tmp.1.0.other"));
  EXPECT_TRUE(fs::exists(alive.temporary_path()));
}

TEST_F(FilesTest, TemporariesOfDeadProcessesAreRemoved) {
  write_file(dir_ /
                 ".ditto-tmp."
                 "4194999.0.b",
             "left over");  // above the kernel's largest pid
  AtomicFile live(dir_ / "c");
  remove_stale_temporaries(dir_);
  EXPECT_FALSE(fs::exists(dir_ / ".ditto-tmp.4194999.0.b"));
  EXPECT_TRUE(fs::exists(live.temporary_path()));
}

TEST_F(FilesTest, ALinkReplacesWhatIsThereAndAFaultKeepsIt) {
  write_file(dir_ / "a", "new");
  for (const std::string_view bad : {"link", "rename"}) {
    write_file(dir_ / "b", "old");
    set_file_fault([&](std::string_view step, const fs::path&) {
      if (step == bad) throw Error(ErrorKind::kFatal, "crash");
    });
    EXPECT_THROW(link_or_copy(dir_ / "a", dir_ / "b"), Error) << bad;
    set_file_fault({});
    EXPECT_EQ(read_file(dir_ / "b"), "old") << bad;
    EXPECT_EQ(entries(), 2u) << bad;
  }
  link_or_copy(dir_ / "a", dir_ / "b");
  link_or_copy(dir_ / "a", dir_ / "b");  // again: both names are one file already
  EXPECT_EQ(read_file(dir_ / "b"), "new");
  EXPECT_EQ(fs::hard_link_count(dir_ / "a"), 2u);
  EXPECT_EQ(entries(), 2u);
}

TEST_F(FilesTest, AcrossFileSystemsALinkIsACopy) {
  const fs::path elsewhere = "/dev/shm";
  std::error_code error;
  struct stat here, there;
  if (::stat(dir_.c_str(), &here) != 0 || ::stat(elsewhere.c_str(), &there) != 0 ||
      here.st_dev == there.st_dev) {
    GTEST_SKIP() << "/dev/shm is no other file system";
  }
  const fs::path from = elsewhere / fmt::format("ditto-files-test-{}", ::getpid());
  write_file(from, std::string(3'000'000, 'x'));
  link_or_copy(from, dir_ / "copy");
  fs::remove(from, error);
  EXPECT_EQ(read_file(dir_ / "copy"), std::string(3'000'000, 'x'));
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FilesTest, RemovingIsIdempotent) {
  write_file(dir_ / "a", "x");
  remove_file(dir_ / "a");
  remove_file(dir_ / "a");
  EXPECT_EQ(entries(), 0u);
}

TEST_F(FilesTest, PrintableIsValidUtf8AndKeepsOrdinaryNames) {
  EXPECT_EQ(printable("a b'\"é.mp4"), "a b'\"é.mp4");
  EXPECT_EQ(printable("a\nb\xff.mp4"), "a\\x0ab\\xff.mp4");
  EXPECT_EQ(printable("a\\b"), "a\\b");
  EXPECT_EQ(printable("a\\b\x01"), "a\\\\b\\x01");
}

TEST_F(FilesTest, ALockHasOneHolder) {
  auto first = FileLock::try_acquire(dir_ / "lock");
  ASSERT_TRUE(first);
  EXPECT_FALSE(FileLock::try_acquire(dir_ / "lock"));
  first.reset();
  EXPECT_TRUE(FileLock::try_acquire(dir_ / "lock"));
}

}  // namespace
}  // namespace ditto
