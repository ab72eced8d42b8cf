#include "ditto/core/nearest.h"

#include <gtest/gtest.h>

namespace ditto {
namespace {

TEST(Nearest, CountsEdits) {
  EXPECT_EQ(edit_distance("frames", "frames"), 0u);
  EXPECT_EQ(edit_distance("frame", "frames"), 1u);
  EXPECT_EQ(edit_distance("farmes", "frames"), 1u);
  EXPECT_EQ(edit_distance("", "fps"), 3u);
  EXPECT_EQ(edit_distance("Min-Motion", "min_motion"), 0u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Nearest, FindsWhatWasMeantAndNothingElse) {
  const std::vector<std::string> names = {"run", "curate", "status", "stage"};
  EXPECT_EQ(nearest("rum", names), "run");
  EXPECT_EQ(nearest("stauts", names), "status");
  EXPECT_EQ(nearest("cur", names), "curate");
  EXPECT_EQ(nearest("cu", names), "");
  EXPECT_EQ(nearest("publish", names), "");
  EXPECT_EQ(nearest(std::string(5000, 'a'), names), "");
  EXPECT_EQ(nearest("run", {}), "");
}

}  // namespace
}  // namespace ditto
