#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ditto/nn/checkpoint.h"
#include "ditto/nn/module.h"

namespace ditto::nn {

/// How a network's parameters and a checkpoint's tensors fit.
struct Match {
  struct Misfit {
    std::string name;
    std::string expected;  ///< "[8, 4] floating"
    std::string found;     ///< "[8, 5] F32"
  };
  std::vector<std::string> missing;     ///< parameters that the checkpoint lacks
  std::vector<std::string> unexpected;  ///< tensors of the checkpoint that are no parameters
  std::vector<Misfit> misshaped;        ///< shapes, or kinds of dtype, that differ

  bool whole() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }
  /// All of it in one message of at most `most` names a kind.
  std::string text(std::size_t most = 8) const;
};

/// Looks at names, shapes and dtypes only. A parameter of floating type may be stored in any
/// floating type. A float8 or int8 weight may have (and int8 must have) its scale beside it as
/// NAME_scale: what the stored values are to be multiplied with, one number or one for each row
/// (index of the first dimension).
Match match(const Weights& weights, const Checkpoint& checkpoint);

/// Throws Error(kInput) with the file's name and Match::text when anything doesn't fit.
void require_match(const Weights& weights, const Checkpoint& checkpoint);

/// Appended to a weight's name: the name of its scale.
inline constexpr std::string_view kScaleSuffix = "_scale";

/// The checkpoint's name of a parameter: its own, or one that is tied to it. Empty when missing.
std::string stored_name(const Weights& weights, const std::string& name,
                        const Checkpoint& checkpoint);
/// A tensor of the checkpoint, or `count` of its rows (on the CPU): as it is stored, or, where it
/// has a scale, multiplied with that in float32, on the device.
at::Tensor stored_value(const Checkpoint& checkpoint, const std::string& name,
                        at::Device device = at::kCPU);
at::Tensor stored_rows(const Checkpoint& checkpoint, const std::string& name, std::int64_t first,
                       std::int64_t count);

/// Brings what other programs store beside quantised weights to this form: ComfyUI's
/// MODULE.scale_weight becomes MODULE.weight_scale; the scales of activations and the markers,
/// which computing with dequantised weights doesn't need, are left out.
void use_our_scale_names(Checkpoint& checkpoint);

/// Changes a parameter in float32 before it is cast: LoRA merging. Given the name and a CPU tensor
/// of the parameter's shape; returns the new value, or the tensor as it is. `changes` tells which
/// parameters it concerns, so that the others are not converted for nothing.
struct WeightPatch {
  std::function<bool(const std::string& name)> changes;
  std::function<at::Tensor(const std::string& name, const at::Tensor& value)> apply;
};

struct LoadOptions {
  const WeightPatch* patch = nullptr;
  /// Called after each tensor with the bytes read and the bytes in all.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

/// Copies every tensor into its parameter, cast to the parameter's dtype, on its device, one by
/// one: besides the network only one tensor is in memory. Throws Error(kInput) with Match::text
/// when anything is missing, unexpected or misshaped, before copying anything.
void load_weights(const Weights& weights, const Checkpoint& checkpoint,
                  const LoadOptions& options = {});

/// The number of values that are not finite (NaN or infinite) in a tensor of a file; 0 for
/// integers. Holes of a sparse file are not read.
std::uint64_t count_not_finite(const SafetensorsFile& file, const std::string& name);

}  // namespace ditto::nn
