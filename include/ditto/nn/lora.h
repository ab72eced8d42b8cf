#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ditto/nn/safetensors.h"
#include "ditto/nn/weights.h"

namespace ditto::nn {

/// What LoRA files say about a network's parameters, to be merged into them in float32 while they
/// are loaded: weight + scale * (alpha / rank) * up * down, or weight + scale * difference. Read
/// are
///   - the pairs lora_A, lora_B (peft, diffusers), lora_down, lora_up (kohya, lightx2v) and
///     lora.down, lora.up (old diffusers), with peft's adapter name in between or not, and the bias
///     of lora_B;
///   - alpha from a tensor NAME.alpha, from the metadata that diffusers writes, or from peft's
///     adapter_config.json beside adapter_model.safetensors (with rsLoRA and the patterns by
///     module); where there is none, alpha is the rank;
///   - differences .diff (weights), .diff_b (biases), .diff_m (modulation tables);
///   - module names as the network has them or as one of its other layouts has, after prefixes such
///   as
///     "diffusion_model." and "transformer.", with dots or with underscores
///     ("lora_unet_blocks_0_…").
class Lora {
 public:
  /// The name of a parameter in another layout.
  using Alias = std::function<std::string(const std::string& parameter)>;

  /// Only names and shapes of `weights` are looked at, so it may be on the device meta.
  Lora(const Weights& weights, const std::vector<Alias>& aliases);

  /// Adds a file, or the one in a directory that peft or diffusers wrote. Throws Error(kInput) that
  /// lists the keys which match no parameter, are of a kind that is not supported (DoRA, LoHa,
  /// LoKr) or have no counterpart, and for shapes that don't fit. A difference of a patch embedding
  /// of another shape (made for another model of the family) is left out, with a warning.
  void add(const std::filesystem::path& path, double scale);

  /// The file that add() would read: `path`, or the one in that directory.
  static std::filesystem::path file_in(const std::filesystem::path& path);

  /// For load_weights. Refers to this object.
  WeightPatch patch() const;
  /// The parameters that are changed.
  std::vector<std::string> changed() const;
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  struct Change {
    SafetensorsFile file;
    std::string down, up;  ///< tensors of a product, or
    std::string difference;
    double factor = 1;
  };
  struct Pending;

  /// The network's name of the parameter that a file calls `module`, "." and one of `leaves`. Empty
  /// when there is none.
  std::string resolve(const std::string& module, const std::vector<std::string>& leaves) const;
  at::Tensor apply(const std::string& name, const at::Tensor& value) const;

  const Weights& weights_;
  std::map<std::string, std::string> names_;       ///< any name of a parameter -> the network's
  std::map<std::string, std::string> flat_names_;  ///< the same, '_' for '.'
  std::map<std::string, std::vector<Change>> changes_;
  std::vector<std::string> warnings_;
};

}  // namespace ditto::nn
