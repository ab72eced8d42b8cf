#include "ditto/core/rational.h"

#include <gtest/gtest.h>

namespace ditto {
namespace {

TEST(RationalTest, DecimalsStandForTheirRates) {
  EXPECT_EQ(frame_rate_from(29.97), (Rational{30000, 1001}));
  EXPECT_EQ(frame_rate_from(23.976), (Rational{24000, 1001}));
  EXPECT_EQ(frame_rate_from(59.94), (Rational{60000, 1001}));
  EXPECT_EQ(frame_rate_from(20), (Rational{20, 1}));
  EXPECT_EQ(frame_rate_from(30), (Rational{30, 1}));
  EXPECT_EQ(frame_rate_from(12.5), (Rational{25, 2}));
}

}  // namespace
}  // namespace ditto
