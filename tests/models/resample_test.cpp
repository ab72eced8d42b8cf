#include "models/resample.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "ditto/nn/safetensors.h"

namespace ditto::models {
namespace {

TEST(ResampleTest, EqualsPillowBitForBit) {
  const nn::SafetensorsFile file(std::filesystem::path(DITTO_FIXTURES) / "resample.safetensors");
  const std::size_t count = file.header().tensors.size() / 2;
  ASSERT_GT(count, 5U);
  for (std::size_t i = 0; i < count; ++i) {
    SCOPED_TRACE(i);
    const at::Tensor wanted = file.tensor(std::to_string(i) + ".out");
    const at::Tensor found =
        resample_lanczos(file.tensor(std::to_string(i) + ".in"), wanted.size(1), wanted.size(2));
    EXPECT_TRUE(found.equal(wanted));
  }
}

}  // namespace
}  // namespace ditto::models
