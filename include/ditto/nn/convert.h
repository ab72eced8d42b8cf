#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ditto/nn/weights.h"

/// Checkpoints from checkpoints: renamed, patched, cast. A piece of one tensor is in memory at a
/// time (of a patched tensor, all of it), whatever the size of the whole.
namespace ditto::nn {

struct ConvertOptions {
  /// What a weight is written as, given how the checkpoint has it. float8_e4m3fn, for weights of at
  /// least two dimensions only, means: each row divided by a scale of its own, so that its largest
  /// value becomes 448, the largest of that type; the scales, float32 [rows, 1], are written as
  /// NAME_scale, where load_weights looks for them.
  std::function<at::ScalarType(const Weight& weight, at::ScalarType stored)> dtype;
  /// Applied in float32 before the cast. May be null.
  const WeightPatch* patch = nullptr;
  /// The files are STEM.safetensors, or, beyond `shard_bytes` of tensors,
  /// STEM-00001-of-0000N.safetensors with STEM.safetensors.index.json. A tensor is never split.
  std::string stem = "model";
  std::uint64_t shard_bytes = 10'000'000'000;
  std::map<std::string, std::string> metadata;  ///< of every file
  /// Values that are in memory at a time, unless a row has more: 64 MiB in float32.
  std::int64_t piece = std::int64_t{1} << 24;
  /// Called with the bytes written and the bytes in all.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;
};

struct Converted {
  std::vector<std::string> files;  ///< names, the index included
  std::uint64_t bytes = 0;         ///< of tensors
};

/// Writes the weights under the network's names into an existing directory. Throws Error(kInput)
/// when the checkpoint doesn't hold the network (Match::text) and for values that are not finite,
/// or no longer are once they are cast; Error(kFatal) when the disk is too small (before anything
/// is written) or fails; Error(kInterrupted). Files written before a failure are left.
Converted write_converted(const Weights& weights, const Checkpoint& checkpoint,
                          const std::filesystem::path& directory, const ConvertOptions& options);

}  // namespace ditto::nn
