#include "ditto/nn/attention.h"

#include "ditto/core/error.h"
#include "ditto/nn/dtype.h"

namespace ditto::nn {
namespace {

bool is_16_bit(const at::Tensor& x) {
  return x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16;
}

/// Empty when the back-end can do it.
std::string obstacle(AttentionBackend backend, const at::Tensor& query, const at::Tensor& value,
                     const at::Tensor& bias) {
  if (backend == AttentionBackend::kMath) return {};
  const bool cpu_kernel = backend == AttentionBackend::kFlash && query.is_cpu();
  if (!cpu_kernel && !query.is_cuda()) return "needs a CUDA device";
  if (backend != AttentionBackend::kEfficient && value.size(-1) != query.size(-1)) {
    return "needs values as wide as the queries";
  }
  if (cpu_kernel || backend == AttentionBackend::kEfficient) return {};
  if (!is_16_bit(query)) return "needs float16 or bfloat16, not " + torch_name(query.scalar_type());
  if (query.size(-1) % 8 != 0) return "needs heads of a multiple of 8";
  if (backend == AttentionBackend::kFlash && bias.defined()) return "takes no bias";
  return {};
}

at::Tensor dense_last(const at::Tensor& x) { return x.stride(-1) == 1 ? x : x.contiguous(); }

/// The kernel reads the bias in aligned runs: rows get a length that is a multiple of 16 elements
/// in memory, of which the last ones are not looked at.
std::optional<at::Tensor> aligned_bias(const at::Tensor& bias, const at::Tensor& query,
                                       std::int64_t keys) {
  if (!bias.defined()) return std::nullopt;
  const std::int64_t padded = (keys + 15) / 16 * 16;
  const at::Tensor rows = padded == keys
                              ? bias.contiguous()
                              : at::constant_pad_nd(bias, {0, padded - keys}).narrow(-1, 0, keys);
  return rows.expand({query.size(0), query.size(1), query.size(2), keys});
}

}  // namespace

std::string_view attention_backend_name(AttentionBackend backend) {
  switch (backend) {
    case AttentionBackend::kMath:
      return "math";
    case AttentionBackend::kFlash:
      return "flash";
    case AttentionBackend::kEfficient:
      return "efficient";
    case AttentionBackend::kCudnn:
      return "cudnn";
  }
  return "";
}

AttentionBackend best_attention_backend(const at::Tensor& query, bool with_bias) {
  if (query.is_cpu()) return AttentionBackend::kFlash;
  if (!query.is_cuda()) return AttentionBackend::kMath;
  const bool cudnn = is_16_bit(query) && !with_bias && query.size(-1) % 8 == 0;
  return cudnn ? AttentionBackend::kCudnn : AttentionBackend::kEfficient;
}

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const AttentionOptions& options) {
  if (options.widened && is_16_bit(query)) {
    AttentionOptions wide = options;
    if (wide.bias.defined()) wide.bias = wide.bias.to(at::kFloat);
    return attention(query.to(at::kFloat), key.to(at::kFloat), value.to(at::kFloat), wide)
        .to(query.scalar_type());
  }
  const bool same_width = value.size(-1) == query.size(-1);
  const AttentionBackend best =
      same_width ? best_attention_backend(query, options.bias.defined()) : AttentionBackend::kMath;
  const AttentionBackend backend = options.backend.value_or(best);
  if (const std::string why = obstacle(backend, query, value, options.bias); !why.empty()) {
    throw Error(ErrorKind::kInput,
                "attention: " + std::string(attention_backend_name(backend)) + " " + why);
  }
  std::optional<at::Tensor> bias;
  if (options.bias.defined()) bias = options.bias;
  const at::Tensor q = dense_last(query);
  const at::Tensor k = dense_last(key);
  const at::Tensor v = dense_last(value);
  switch (backend) {
    case AttentionBackend::kMath:
      break;
    case AttentionBackend::kFlash:
      if (q.is_cpu()) {
        return std::get<0>(at::_scaled_dot_product_flash_attention_for_cpu(
            q, k, v, 0, options.causal, bias, options.scale));
      }
      return std::get<0>(at::_scaled_dot_product_flash_attention(q, k, v, 0, options.causal, false,
                                                                 options.scale));
    case AttentionBackend::kEfficient:
      return std::get<0>(at::_scaled_dot_product_efficient_attention(
          q, k, v, aligned_bias(options.bias, q, k.size(2)), false, 0, options.causal,
          options.scale));
    case AttentionBackend::kCudnn:
      return std::get<0>(at::_scaled_dot_product_cudnn_attention(
          q, k, v, bias, false, 0, options.causal, false, options.scale));
  }
  return std::get<0>(at::_scaled_dot_product_attention_math(q, k, v, bias, 0, options.causal,
                                                            std::nullopt, options.scale, false));
}

at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.unflatten(-1, {heads, -1}).transpose(1, 2);
}

at::Tensor join_heads(const at::Tensor& x) { return x.transpose(1, 2).flatten(2); }

}  // namespace ditto::nn
