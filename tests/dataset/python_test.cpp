#include <cstdlib>

#include "dataset/media_fixture.h"

namespace ditto::dataset {
namespace {

class PythonTest : public test::DatasetTest {};

TEST_F(PythonTest, TheStandardLibraryReadsTheShards) {
  if (std::system("python3 -c 'import tarfile' 2>/dev/null") != 0) GTEST_SKIP() << "no Python";
  test::make_dataset(dir_);
  const std::string command =
      fmt::format("python3 '{}' '{}' >/dev/null", DITTO_SHARDS_TEST, dir_.string());
  EXPECT_EQ(std::system(command.c_str()), 0);
  // The check itself notices damage.
  test::patch_header(dir_, "000001", 2, 100, "000644 ");
  EXPECT_NE(std::system((command + " 2>/dev/null").c_str()), 0);
}

}  // namespace
}  // namespace ditto::dataset
