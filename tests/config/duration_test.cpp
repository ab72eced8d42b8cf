#include <gtest/gtest.h>

#include "ditto/config/load.h"
#include "ditto/core/error.h"

namespace ditto::config {
namespace {

TEST(Duration, ReadsEveryForm) {
  EXPECT_DOUBLE_EQ(parse_duration("90s"), 90);
  EXPECT_DOUBLE_EQ(parse_duration("45m"), 45 * 60);
  EXPECT_DOUBLE_EQ(parse_duration("1.5h"), 5400);
  EXPECT_DOUBLE_EQ(parse_duration("1:30:00"), 5400);
  EXPECT_DOUBLE_EQ(parse_duration("0:00:07.5"), 7.5);
  EXPECT_DOUBLE_EQ(parse_duration("120:00:00"), 120 * 3600);
  EXPECT_DOUBLE_EQ(parse_duration("12"), 12);
}

TEST(Duration, RefusesTheRest) {
  for (const char* text : {"",   "s",       "-5s",     "+5s",     "5 s",
                           "5d", "1e3s",    "nan",     "inf",     "0",
                           "0s", "1:30",    "1:60:00", "1:00:60", "1.5:00:00",
                           "::", "1:2:3:4", "0x10",    "1..5h",   "99999999999999h"}) {
    EXPECT_THROW(parse_duration(text), Error) << text;
  }
}

}  // namespace
}  // namespace ditto::config
