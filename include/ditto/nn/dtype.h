#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <string_view>

/// Element types and their two spellings: a safetensors header's ("BF16") and PyTorch's
/// ("bfloat16"), which configs and the command line use.
namespace ditto::nn {

/// Empty for a name that is none. PyTorch's may be short: "bf16", "f32", "fp8_e4m3".
std::optional<at::ScalarType> dtype_from_header(std::string_view name);
std::optional<at::ScalarType> dtype_from_torch(std::string_view name);
/// Empty for a type that safetensors files can't hold (complex and quantised ones).
std::string header_name(at::ScalarType dtype);
std::string torch_name(at::ScalarType dtype);

/// "[3, 16, 2, 2]", for messages.
std::string shape_text(c10::IntArrayRef shape);
/// A tensor's name, or any text of a file, for messages: control characters and bytes that are no
/// UTF-8 escaped, cut at 200 bytes.
std::string shown(std::string_view name);

}  // namespace ditto::nn
