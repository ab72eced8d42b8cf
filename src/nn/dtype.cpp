#include "ditto/nn/dtype.h"

#include <array>

#include "ditto/core/files.h"

namespace ditto::nn {
namespace {

struct Spelling {
  at::ScalarType dtype;
  std::string_view header;
  std::string_view torch;
};

constexpr std::array kSpellings = {
    Spelling{at::kDouble, "F64", "float64"},
    Spelling{at::kFloat, "F32", "float32"},
    Spelling{at::kHalf, "F16", "float16"},
    Spelling{at::kBFloat16, "BF16", "bfloat16"},
    Spelling{at::kFloat8_e4m3fn, "F8_E4M3", "float8_e4m3fn"},
    Spelling{at::kFloat8_e5m2, "F8_E5M2", "float8_e5m2"},
    Spelling{at::kLong, "I64", "int64"},
    Spelling{at::kInt, "I32", "int32"},
    Spelling{at::kShort, "I16", "int16"},
    Spelling{at::kChar, "I8", "int8"},
    Spelling{at::kByte, "U8", "uint8"},
    Spelling{at::kBool, "BOOL", "bool"},
};

struct ShortName {
  std::string_view name;
  at::ScalarType dtype;
};

constexpr ShortName kShortNames[] = {
    {"f64", at::kDouble},
    {"f32", at::kFloat},
    {"fp32", at::kFloat},
    {"f16", at::kHalf},
    {"fp16", at::kHalf},
    {"bf16", at::kBFloat16},
    {"fp8_e4m3", at::kFloat8_e4m3fn},
    {"fp8_e5m2", at::kFloat8_e5m2},
};

constexpr std::size_t kLongestShown = 200;

}  // namespace

std::optional<at::ScalarType> dtype_from_header(std::string_view name) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.header == name) return spelling.dtype;
  }
  return std::nullopt;
}

std::optional<at::ScalarType> dtype_from_torch(std::string_view name) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.torch == name) return spelling.dtype;
  }
  for (const ShortName& one : kShortNames) {
    if (one.name == name) return one.dtype;
  }
  return std::nullopt;
}

std::string header_name(at::ScalarType dtype) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.dtype == dtype) return std::string(spelling.header);
  }
  return {};
}

std::string torch_name(at::ScalarType dtype) {
  for (const Spelling& spelling : kSpellings) {
    if (spelling.dtype == dtype) return std::string(spelling.torch);
  }
  return c10::toString(dtype);
}

std::string shape_text(c10::IntArrayRef shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

std::string shown(std::string_view name) {
  const bool cut = name.size() > kLongestShown;
  const std::string text = printable(std::filesystem::path(name.substr(0, kLongestShown)));
  return cut ? text + "..." : text;
}

}  // namespace ditto::nn
