#include "ditto/nn/few_rows.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

namespace ditto::nn {
namespace {

at::Tensor random(at::IntArrayRef shape, std::uint64_t seed) {
  return at::randn(shape, at::detail::createCPUGenerator(seed));
}

/// One sum as few_rows_kernel.h defines it.
float defined_sum(const float* x, const float* w, std::int64_t inner, float bias) {
  float lanes[8] = {};
  for (std::int64_t k = 0; k < inner; ++k) lanes[k % 8] = std::fma(w[k], x[k], lanes[k % 8]);
  for (int half = 4; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0] + bias;
}

TEST(FewRowsTest, IsTheProductToTheLastBitOfItsDefinition) {
  for (const std::int64_t rows : {1, 2, 3, 4, 7, 8, 16}) {
    for (const auto& [outer, inner] : {std::pair{1, 1}, {3, 7}, {4, 8}, {9, 16}, {70, 45}}) {
      const at::Tensor x = random({rows, inner}, 1);
      const at::Tensor w = random({outer, inner}, 2);
      const at::Tensor bias = random({outer}, 3);
      const at::Tensor y = linear_of_few(x, w, bias);
      ASSERT_EQ(y.sizes(), (at::IntArrayRef{rows, outer}));
      for (std::int64_t m = 0; m < rows; ++m) {
        for (std::int64_t n = 0; n < outer; ++n) {
          ASSERT_EQ(y[m][n].item<float>(), defined_sum(x.const_data_ptr<float>() + m * inner,
                                                       w.const_data_ptr<float>() + n * inner, inner,
                                                       bias[n].item<float>()))
              << rows << " " << outer << " " << inner << " " << m << " " << n;
        }
      }
    }
  }
}

TEST(FewRowsTest, AgreesWithTheGeneralProduct) {
  const at::Tensor w = random({333, 896}, 2);
  for (const std::int64_t rows : {1, 8, 16, 17, 40}) {
    const at::Tensor x = random({rows, 896}, 1);
    const at::Tensor exact = at::linear(x.to(at::kDouble), w.to(at::kDouble));
    const at::Tensor y = linear_of_few(x, w, {});
    EXPECT_LT(((y - exact).norm() / exact.norm()).item<double>(), 1e-6) << rows;
  }
  // What isn't dense, or not float32, is computed, too.
  const at::Tensor x = random({896, 5}, 1).t();
  EXPECT_TRUE(at::allclose(linear_of_few(x, w, {}), at::linear(x, w), 1e-4, 1e-4));
  const at::Tensor columns = w.t().contiguous().t();
  EXPECT_TRUE(at::allclose(linear_of_few(x, columns, {}), at::linear(x, w), 1e-4, 1e-4));
  const at::Tensor narrow = linear_of_few(x.to(at::kBFloat16), w.to(at::kBFloat16), {});
  EXPECT_EQ(narrow.scalar_type(), at::kBFloat16);
}

TEST(FewRowsTest, ARowDoesNotDependOnTheOthers) {
  const at::Tensor w = random({128, 301}, 2);
  const at::Tensor x = random({16, 301}, 1);
  const at::Tensor all = linear_of_few(x, w, {});
  for (const std::int64_t rows : {1, 2, 5, 11}) {
    EXPECT_TRUE(linear_of_few(x.narrow(0, 3, rows), w, {}).equal(all.narrow(0, 3, rows))) << rows;
  }
}

}  // namespace
}  // namespace ditto::nn
