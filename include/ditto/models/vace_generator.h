#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ditto/models/lora.h"
#include "ditto/models/pictures.h"

/// Videos by Wan's VACE for those who have pictures and no tensors: without LibTorch's headers.
namespace ditto::models {

struct VaceOptions {
  std::filesystem::path weights;  ///< a WanVACEPipeline's directory
  std::vector<LoraFile> lora;     ///< for the transformer, of two experts for both
  /// Beside them, for one of two experts alone: that for high noise, that for low noise.
  std::vector<LoraFile> lora_high, lora_low;
  std::string recipe;          ///< diffusion/recipes.h; empty: the pipeline's own scheduler
  int steps = 0;               ///< 0: the recipe's, or 50. Not beside a recipe
  double guidance = 0;         ///< 0: 1 with a recipe, else 5. Nothing but 1 beside a recipe
  double control_scale = 1;    ///< of the control branch, in all of its layers
  std::string device = "cpu";  ///< "cuda", "cuda:N", or "auto": CUDA where there is a device
  std::string dtype = "bfloat16";
  /// Whether networks stay in memory from one video to the next, or each is read when its turn
  /// comes and freed after it.
  bool keep_loaded = true;
};

struct VaceRequest {
  Pictures control;  ///< what gives the structure; all of it is generated anew
  std::vector<Pictures>
      references;  ///< what gives the appearance: one picture of control's size each
  std::string prompt, negative_prompt;
  std::uint64_t seed = 0;
};

/// The WanVACEPipeline of a directory. May be used by several threads, which wait for each other.
class VaceGenerator {
 public:
  /// Reads configs; weights come with the first video. Throws Error(kInput) for a directory of
  /// another kind or a LoRA that isn't there, Error(kUsage) for options that make no sense (an
  /// expert's LoRA without experts is one) or a device that isn't there.
  explicit VaceGenerator(VaceOptions options);
  ~VaceGenerator();

  /// Of weights and LoRA files (checkpoints.h); reads from them.
  std::string digest() const;
  /// What generate() takes of this machine's memory, networks that it holds included: an estimate
  /// from above. A device's memory is not planned.
  std::size_t memory_bytes(std::int64_t frames, std::int64_t height, std::int64_t width) const;

  /// As many pictures as control has, of its size. Inside, the size is a multiple of 16 pixels and
  /// the number of frames 4 n + 1: others are scaled, and filled up with the last frame. Throws
  /// Error(kTransient) when memory is short, Error(kInput) for weights that are broken.
  Pictures generate(const VaceRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ditto::models
