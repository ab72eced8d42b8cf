#include "ditto/nn/few_rows.h"

#include <ATen/Parallel.h>

#include "nn/few_rows_kernel.h"

namespace ditto::nn {
namespace {

/// Values of the weight that are worth a thread.
constexpr std::int64_t kGrain = 1 << 16;

bool is_dense(const at::Tensor& tensor) {
  return tensor.is_cpu() && tensor.scalar_type() == at::kFloat && tensor.is_contiguous();
}

}  // namespace

at::Tensor linear_of_few(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const bool ours = x.dim() == 2 && x.size(0) <= kFewRows && x.is_cpu() &&
                    x.scalar_type() == at::kFloat && is_dense(weight) &&
                    (!bias.defined() || is_dense(bias));
  if (!ours) return at::linear(x, weight, bias);
  const at::Tensor dense = x.contiguous();
  const at::Tensor y = at::empty({x.size(0), weight.size(0)}, x.options());
  const FewRows product = {dense.const_data_ptr<float>(),
                           weight.const_data_ptr<float>(),
                           bias.defined() ? bias.const_data_ptr<float>() : nullptr,
                           y.data_ptr<float>(),
                           x.size(0),
                           x.size(1),
                           weight.size(0)};
  at::parallel_for(
      0, product.outer, std::max<std::int64_t>(4, kGrain / product.inner),
      [&](std::int64_t first, std::int64_t last) { multiply_few_rows(product, first, last); });
  return y;
}

}  // namespace ditto::nn
